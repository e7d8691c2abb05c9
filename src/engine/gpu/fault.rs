//! What goes wrong with a GPU, for tests: wgpu is made to refuse, or to lose the device, where it otherwise would not.

/// A fault, which strikes once: at [opening](super::Gpu::open_with_fault), or in a [dispatch](super::Gpu::inject_fault).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The device is lost.
    Lost,
    /// A buffer is asked for that is larger than the device allows.
    Memory,
    /// The driver is given a command that it must refuse.
    Invalid,
    /// A shader does not compile.
    Shader,
    /// The kernel does not run, and nobody says so. While a device is opened no kernel runs.
    Silent,
}

impl Fault {
    /// Lets it happen.
    pub(super) fn strike(self, device: &wgpu::Device) {
        match self {
            Self::Lost => device.destroy(),
            Self::Memory => too_large(device),
            Self::Invalid => dispatch_of_nothing(device),
            Self::Shader => no_shader(device),
            Self::Silent => {}
        }
    }
}

fn too_large(device: &wgpu::Device) {
    let size = device.limits().max_buffer_size & !3;
    let usage = wgpu::BufferUsages::STORAGE;
    let label = Some("more than there is");
    drop(device.create_buffer(&wgpu::BufferDescriptor { label, size: size + 4, usage, mapped_at_creation: false }));
}

fn dispatch_of_nothing(device: &wgpu::Device) {
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()).dispatch_workgroups(1, 1, 1);
    encoder.finish();
}

fn no_shader(device: &wgpu::Device) {
    let source = wgpu::ShaderSource::Wgsl("no shader".into());
    drop(device.create_shader_module(wgpu::ShaderModuleDescriptor { label: Some("broaden"), source }));
}
