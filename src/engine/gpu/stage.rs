//! A kernel with its buffers, each as large as was ever needed: written, run, read back.

use super::buffers::{bind, read, room};
use super::device::sufficient;
use super::layout::Shader;
use super::{Fault, Gpu, compile, encode, pass, wait};

/// A kernel that was compiled, and its buffers by binding.
#[derive(Debug)]
pub(super) struct Stage {
    pipeline: wgpu::ComputePipeline,
    bindings: wgpu::BindGroupLayout,
    bound: Vec<Option<wgpu::Buffer>>,
    /// Where the host reads them.
    back: Vec<Option<wgpu::Buffer>>,
}

/// What a binding gets before a kernel runs; one that gets nothing keeps what it has.
pub(super) struct Write<'a> {
    pub binding: usize,
    pub bytes: &'a [u8],
    pub role: Role,
}

/// What a binding is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Input,
    Settings,
    /// The kernel writes there, and so many words are read back.
    Output,
}

impl Write<'_> {
    /// Numbers for a binding.
    pub fn of<T: bytemuck::Pod>(binding: usize, numbers: &[T], role: Role) -> Write<'_> {
        Write { binding, bytes: bytemuck::cast_slice(numbers), role }
    }
}

impl Role {
    fn usage(self) -> wgpu::BufferUsages {
        use wgpu::BufferUsages as Usage;
        match self {
            Self::Input => Usage::STORAGE | Usage::COPY_DST,
            Self::Settings => Usage::UNIFORM | Usage::COPY_DST,
            Self::Output => Usage::STORAGE | Usage::COPY_DST | Usage::COPY_SRC,
        }
    }
}

impl Gpu {
    /// Writes what is to be written, runs so many workgroups, and gives the words of each output, in order.
    pub(super) async fn run<const OUTPUTS: usize>(
        &mut self,
        shader: &'static Shader,
        writes: &[Write<'_>],
        groups: u32,
    ) -> Result<[Vec<u32>; OUTPUTS], String> {
        self.compile(shader).await?;
        let fault = self.due();
        let groups = if fault == Some(Fault::Silent) { 0 } else { groups };
        let Self { device, queue, stages, most_bytes, timer, .. } = self;
        let Some(stage) = stages.get_mut(shader.name) else { return Err("its kernel was not compiled".to_owned()) };
        let outputs: Vec<&Write> = writes.iter().filter(|write| write.role == Role::Output).collect();
        let run = || {
            fault.inspect(|fault| fault.strike(device));
            stage.write(device, queue, *most_bytes, writes);
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let bound = bind(device, &stage.bindings, shader.name, &stage.bound.iter().collect::<Vec<_>>());
            encode(&mut encoder, &pass(timer.as_ref()), &stage.pipeline, &bound, groups);
            for write in &outputs {
                stage.read_back(&mut encoder, write);
            }
            if let Some(timer) = timer {
                timer.read_back(&mut encoder);
            }
            queue.submit([encoder.finish()]);
        };
        wait::guarded(device, run).await?;
        if let Some(trouble) = self.trouble.get() {
            return Err(trouble);
        }
        let mut words = Vec::with_capacity(outputs.len());
        for write in outputs {
            words.push(read(stage.back[write.binding].as_ref(), write.bytes.len() / size_of::<u32>()).await?);
        }
        if let Some(timer) = timer {
            timer.add().await?;
        }
        words.try_into().map_err(|_| "its kernel has other outputs".to_owned())
    }

    /// Compiles a kernel before it is used for the first time.
    async fn compile(&mut self, shader: &'static Shader) -> Result<(), String> {
        if self.stages.contains_key(shader.name) {
            return Ok(());
        }
        let device = &self.device;
        sufficient(&self.info.name, &device.limits(), shader).map_err(|error| error.to_string())?;
        let pipeline = wait::guarded(device, || compile(device, shader)).await?;
        self.stages.insert(shader.name, Stage::new(pipeline));
        Ok(())
    }
}

impl Stage {
    fn new(pipeline: wgpu::ComputePipeline) -> Self {
        let bindings = pipeline.get_bind_group_layout(0);
        Self { pipeline, bindings, bound: Vec::new(), back: Vec::new() }
    }

    fn write(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, most: u64, writes: &[Write]) {
        use wgpu::BufferUsages as Usage;
        for Write { binding, bytes, role } in writes {
            let size = self.bound.len().max(binding + 1);
            self.bound.resize(size, None);
            self.back.resize(size, None);
            let length = bytes.len() as u64;
            let buffer = room(&mut self.bound[*binding], device, length, most, role.usage(), "a kernel's");
            queue.write_buffer(buffer, 0, bytes);
            if *role == Role::Output {
                let usage = Usage::MAP_READ | Usage::COPY_DST;
                room(&mut self.back[*binding], device, length, most, usage, "read back");
            }
        }
    }

    fn read_back(&self, encoder: &mut wgpu::CommandEncoder, output: &Write) {
        if let (Some(from), Some(to)) = (&self.bound[output.binding], &self.back[output.binding]) {
            encoder.copy_buffer_to_buffer(from, 0, to, 0, output.bytes.len() as u64);
        }
    }
}
