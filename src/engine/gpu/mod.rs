//! The GPU engine: the sums of [`super::Cpu`] in f32, and its pairs, by compute kernels on wgpu.
//!
//! [`Gpu::open`] opens the device, the only place that does. To lay peaks down, a call files the terms by row ([`layout`] is what host
//! and shader share), cuts each row into tiles of [`layout::LANES`] points, and gives every tile a workgroup, which
//! visits the terms that can reach it. Work that exceeds a buffer is done in parts. [`error_bound`] says how far the
//! result may be from the definition; [`super::check::Check`] holds it to that, and [`super::fastest::Fastest`] goes on
//! without a GPU. Pairs of atoms are counted by [`bins`] and gathered at nodes by [`moments`], from tiles of atoms.
//!
//! Nothing fails in silence: error scopes stand around every use of the device, sums hold NaN before the kernel
//! runs, pairs are counted there and back, and a device that is lost is an error from then on.

pub mod bins;
mod bound;
mod buffers;
mod device;
mod fault;
pub mod layout;
pub mod moments;
mod stage;
mod tiles;
mod timer;
mod wait;
mod work;

pub use bound::error_bound;
pub(super) use bound::{LEAST_PART, error_bound_at};
pub use device::{AdapterInfo, Choice, GpuError, Kind, adapters, pick};
pub use fault::Fault;

use std::collections::BTreeMap;
use std::time::Duration;

use nalgebra::Matrix3;

use super::{Engine, EngineError, Peaks, Rows};
use crate::crystal::Crystal;
use crate::distances::{Distances, Kinds, Nodes};
use buffers::Buffers;
use device::{Opened, Trouble};
use layout::LANES;
use stage::Stage;
use timer::Timer;
use work::Work;

/// The smallest buffer that is any good, bytes: a tile's sums and a few hundred terms.
const SMALLEST_BUFFER: u64 = 4096;

/// Most visits of a term by a tile in one dispatch: well under a second even on slow hardware, so that no driver
/// takes the kernel for hung.
const MOST_VISITS: usize = 1 << 22;

/// Sums on a GPU in f32.
#[derive(Debug)]
pub struct Gpu {
    info: AdapterInfo,
    device: wgpu::Device,
    queue: wgpu::Queue,
    pipeline: wgpu::ComputePipeline,
    bindings: wgpu::BindGroupLayout,
    buffers: Buffers,
    /// The other kernels that were asked for, by their names.
    stages: BTreeMap<&'static str, Stage>,
    trouble: Trouble,
    /// Only where it was asked for.
    timer: Option<Timer>,
    /// Most bytes in one buffer.
    most_bytes: u64,
    /// What a user should know: work that was left to the CPU, each told once.
    notes: Vec<String>,
    /// What tests let go wrong, and how many dispatches go well before.
    fault: Option<(Fault, usize)>,
}

impl Gpu {
    /// Opens an adapter and compiles the kernel.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), corefine::engine::gpu::GpuError> {
    /// use corefine::engine::gpu::{Choice, Gpu};
    ///
    /// let gpu = Gpu::open(&Choice::Hardware).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn open(choice: &Choice) -> Result<Self, GpuError> {
        Self::open_with(choice, wgpu::Features::empty(), None).await
    }

    /// As [`Gpu::open`], and lets the adapter time its own work if it can: [`Gpu::device_time`].
    pub async fn open_timed(choice: &Choice) -> Result<Self, GpuError> {
        Self::open_with(choice, wgpu::Features::TIMESTAMP_QUERY, None).await
    }

    /// As [`Gpu::open`], with something that goes wrong on the way, for tests.
    pub async fn open_with_fault(choice: &Choice, fault: Fault) -> Result<Self, GpuError> {
        Self::open_with(choice, wgpu::Features::empty(), Some(fault)).await
    }

    async fn open_with(choice: &Choice, wanted: wgpu::Features, fault: Option<Fault>) -> Result<Self, GpuError> {
        let Opened { info, device, queue, trouble } = device::open(choice, wanted).await?;
        let make = || {
            fault.inspect(|fault| fault.strike(&device));
            (compile(&device, &layout::BROADEN), Timer::new(&device, &queue))
        };
        let made = wait::guarded(&device, make).await.and_then(|made| {
            // No error scope hears of a device that is lost.
            wait::finish(&device).err().or_else(|| trouble.get()).map_or(Ok(made), Err)
        });
        let (pipeline, timer) = made.map_err(|reason| GpuError::Open { adapter: info.name.clone(), reason })?;
        let limits = device.limits();
        let most_bytes = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        let bindings = pipeline.get_bind_group_layout(0);
        let buffers = Buffers::default();
        let (stages, notes, fault) = (BTreeMap::new(), Vec::new(), None);
        Ok(Self { info, device, queue, pipeline, bindings, buffers, stages, trouble, timer, most_bytes, notes, fault })
    }

    /// For how long the kernel has run since the device was opened, by the device's own clock: no transfers, no waiting.
    /// None where that was not [asked for](Gpu::open_timed), or the adapter has no clock.
    pub fn device_time(&self) -> Option<Duration> {
        self.timer.as_ref().map(Timer::total)
    }

    /// The adapter in use.
    pub fn info(&self) -> &AdapterInfo {
        &self.info
    }

    /// Uses no buffer larger than this many bytes, although the adapter may offer more.
    #[must_use]
    pub fn with_most_bytes(mut self, bytes: u64) -> Self {
        self.most_bytes = self.most_bytes.min(bytes.max(SMALLEST_BUFFER));
        self
    }

    /// Lets a dispatch fail after so many that do not, for tests.
    pub fn inject_fault(&mut self, fault: Fault, after: usize) {
        self.fault = Some((fault, after));
    }

    /// The fault that is to strike in this dispatch.
    fn due(&mut self) -> Option<Fault> {
        let (fault, left) = self.fault.take()?;
        self.fault = left.checked_sub(1).map(|left| (fault, left));
        self.fault.is_none().then_some(fault)
    }

    /// The rows of `peaks`, for a caller who may not wait (a browser's event loop); [`Engine::broaden`] waits.
    pub async fn broaden_async(&mut self, peaks: &Peaks) -> Result<Rows, EngineError> {
        self.sound()?;
        let summed = self.sum(peaks).await;
        summed.map_err(|reason| self.failed(reason))
    }

    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Does work for a caller who may wait.
    fn wait<T>(&mut self, work: impl AsyncFnOnce(&mut Self) -> Result<T, EngineError>) -> Result<T, EngineError> {
        let device = self.device.clone();
        let done = wait::block(&device, work(self)).unwrap_or_else(|reason| Err(self.failed(reason)));
        done.map_err(|error| self.blamed(error))
    }

    /// Is the device still there? Once it has failed nothing is asked of it.
    fn sound(&self) -> Result<(), EngineError> {
        self.trouble.get().map_or(Ok(()), |trouble| Err(self.failed(trouble)))
    }

    fn failed(&self, reason: String) -> EngineError {
        EngineError { engine: self.name(), reason }
    }

    /// What has really gone wrong: a lost device is the cause of whatever else did, and says so only when it is waited for.
    fn blamed(&self, error: EngineError) -> EngineError {
        let cause = wait::finish(&self.device).err().or_else(|| self.trouble.get());
        cause.map_or(error, |cause| self.failed(cause))
    }

    /// The sums, part by part and dispatch by dispatch.
    async fn sum(&mut self, peaks: &Peaks) -> Result<Rows, String> {
        let end = peaks.grid.first + peaks.grid.n;
        if end + LANES > i32::MAX as usize {
            return Err(format!("grid index {end} is beyond the kernel's integers; use --engine cpu"));
        }
        let mut rows = Rows::zeros(peaks.rows, peaks.grid.n);
        for part in work::parts(peaks, self.room::<layout::Peak>(), self.room::<layout::Term>())? {
            let work = Work::new(peaks, part)?;
            self.upload(&work).await?;
            for chunk in work.chunks(self.most_tiles(), MOST_VISITS) {
                let sums = self.dispatch(&work.tiles[chunk.clone()]).await?;
                work.add(chunk, &sums, &peaks.grid, &mut rows)?;
            }
        }
        Ok(rows)
    }

    /// How many `T` a buffer holds.
    fn room<T>(&self) -> usize {
        self.most_bytes as usize / size_of::<T>()
    }

    /// Workgroups in one dispatch.
    fn most_groups(&self) -> usize {
        self.device.limits().max_compute_workgroups_per_dimension as usize
    }

    /// Tiles in one dispatch: a workgroup and [`LANES`] sums each.
    fn most_tiles(&self) -> usize {
        self.most_groups().min(self.room::<[f32; LANES]>()).min(self.room::<layout::Tile>())
    }

    async fn upload(&mut self, work: &Work) -> Result<(), String> {
        let Self { device, queue, buffers, most_bytes, .. } = self;
        wait::guarded(device, || buffers.upload(device, queue, *most_bytes, work)).await
    }

    /// Sums the tiles: [`LANES`] values each.
    async fn dispatch(&mut self, tiles: &[layout::Tile]) -> Result<Vec<f32>, String> {
        let fault = self.due();
        let groups = if fault == Some(Fault::Silent) { 0 } else { tiles.len() as u32 };
        let Self { device, queue, buffers, most_bytes, pipeline, bindings, timer, .. } = self;
        let run = || {
            fault.inspect(|fault| fault.strike(device));
            buffers.prepare(device, queue, *most_bytes, tiles);
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let bindings = buffers.bind(device, bindings);
            encode(&mut encoder, &pass(timer.as_ref()), pipeline, &bindings, groups);
            buffers.read_back(&mut encoder, tiles.len());
            if let Some(timer) = timer {
                timer.read_back(&mut encoder);
            }
            queue.submit([encoder.finish()]);
        };
        wait::guarded(device, run).await?;
        if let Some(trouble) = self.trouble.get() {
            return Err(trouble);
        }
        let sums = self.buffers.read(tiles.len()).await?;
        if let Some(timer) = &mut self.timer {
            timer.add().await?;
        }
        Ok(sums)
    }
}

/// A pass, timed where there is a timer.
fn pass(timer: Option<&Timer>) -> wgpu::ComputePassDescriptor<'_> {
    let timestamp_writes = timer.map(Timer::around);
    wgpu::ComputePassDescriptor { timestamp_writes, ..wgpu::ComputePassDescriptor::default() }
}

/// Records the kernel.
fn encode(
    encoder: &mut wgpu::CommandEncoder,
    pass: &wgpu::ComputePassDescriptor,
    pipeline: &wgpu::ComputePipeline,
    bindings: &wgpu::BindGroup,
    groups: u32,
) {
    let mut pass = encoder.begin_compute_pass(pass);
    pass.set_pipeline(pipeline);
    pass.set_bind_group(0, bindings, &[]);
    pass.dispatch_workgroups(groups, 1, 1);
}

fn compile(device: &wgpu::Device, shader: &layout::Shader) -> wgpu::ComputePipeline {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(shader.name),
        source: wgpu::ShaderSource::Wgsl(shader.source.into()),
    });
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(shader.name),
        layout: None,
        module: &module,
        entry_point: Some(shader.name),
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    })
}

impl Engine for Gpu {
    fn exact(&self) -> bool {
        false
    }

    fn warnings(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn name(&self) -> String {
        format!("gpu ({}, {})", self.info.name, self.info.backend)
    }

    fn broaden(&mut self, peaks: &Peaks) -> Result<Rows, EngineError> {
        self.wait(async |gpu| gpu.broaden_async(peaks).await)
    }

    fn gather(
        &mut self,
        crystal: &Crystal,
        kinds: Kinds,
        nodes: Nodes,
        strains: &[Matrix3<f64>],
    ) -> Result<Distances, EngineError> {
        self.wait(async |gpu| gpu.moments_async(crystal, kinds, nodes, strains).await)
    }
}
