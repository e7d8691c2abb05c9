//! The command `corefine`.

mod cli;

/// Every step of a fit takes the same large pieces of memory again. This allocator keeps them; the system's gives them
/// back, and has them cleared anew each time, which doubles the time of a step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::main()
}
