//! The device's memory, kept from call to call: a fit asks hundreds of times for nearly the same sizes.

use super::SMALLEST_BUFFER;
use super::layout::{LANES, Tile};
use super::wait::Mapping;
use super::work::Work;

/// The buffers of the kernel, each as large as was ever needed.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    peaks: Option<wgpu::Buffer>,
    terms: Option<wgpu::Buffer>,
    tiles: Option<wgpu::Buffer>,
    sums: Option<wgpu::Buffer>,
    read: Option<wgpu::Buffer>,
    /// NaN, as many as there are sums.
    unset: Vec<f32>,
}

impl Buffers {
    /// Writes peaks and terms.
    pub fn upload(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, most: u64, work: &Work) {
        for (slot, bytes, label) in [
            (&mut self.peaks, bytemuck::cast_slice::<_, u8>(&work.peaks), "peaks"),
            (&mut self.terms, bytemuck::cast_slice(&work.terms), "terms"),
        ] {
            let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST;
            queue.write_buffer(room(slot, device, bytes.len() as u64, most, usage, label), 0, bytes);
        }
    }

    /// Writes the tiles, and NaN wherever a sum is to appear.
    pub fn prepare(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, most: u64, tiles: &[Tile]) {
        use wgpu::BufferUsages as Usage;
        if self.unset.len() < tiles.len() * LANES {
            self.unset.resize(tiles.len() * LANES, f32::NAN);
        }
        let unset: &[u8] = bytemuck::cast_slice(&self.unset[..tiles.len() * LANES]);
        for (slot, bytes, usage, label) in [
            (&mut self.tiles, bytemuck::cast_slice(tiles), Usage::STORAGE | Usage::COPY_DST, "tiles"),
            (&mut self.sums, unset, Usage::STORAGE | Usage::COPY_DST | Usage::COPY_SRC, "sums"),
            (&mut self.read, unset, Usage::MAP_READ | Usage::COPY_DST, "sums read back"),
        ] {
            queue.write_buffer(room(slot, device, bytes.len() as u64, most, usage, label), 0, bytes);
        }
    }

    /// Bindings 0 to 3 of the kernel.
    pub fn bind(&self, device: &wgpu::Device, layout: &wgpu::BindGroupLayout) -> wgpu::BindGroup {
        bind(device, layout, "broaden", &[&self.peaks, &self.terms, &self.tiles, &self.sums])
    }

    /// Records the way of the sums to where the host can read them.
    pub fn read_back(&self, encoder: &mut wgpu::CommandEncoder, tiles: usize) {
        if let (Some(sums), Some(read)) = (&self.sums, &self.read) {
            encoder.copy_buffer_to_buffer(sums, 0, read, 0, bytes_of_sums(tiles));
        }
    }

    /// The sums of the first tiles.
    pub async fn read(&self, tiles: usize) -> Result<Vec<f32>, String> {
        read(self.read.as_ref(), tiles * LANES).await
    }
}

/// Binds buffers in order.
pub(super) fn bind(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    label: &str,
    buffers: &[&Option<wgpu::Buffer>],
) -> wgpu::BindGroup {
    let bound = buffers.iter().copied().flatten().enumerate();
    let entries: Vec<_> = bound.map(|(i, buffer)| entry(i, buffer)).collect();
    device.create_bind_group(&wgpu::BindGroupDescriptor { label: Some(label), layout, entries: &entries })
}

/// The first `count` numbers of a buffer that was made to be read.
pub(super) async fn read<T: bytemuck::Pod>(buffer: Option<&wgpu::Buffer>, count: usize) -> Result<Vec<T>, String> {
    let Some(buffer) = buffer else { return Ok(Vec::new()) };
    let bytes = (count * size_of::<T>()) as u64;
    Mapping::of(buffer, bytes).await?;
    let numbers = match buffer.get_mapped_range(..bytes) {
        Ok(view) => Ok(bytemuck::pod_collect_to_vec(&view[..])),
        Err(error) => Err(error.to_string()),
    };
    buffer.unmap();
    numbers
}

fn entry(binding: usize, buffer: &wgpu::Buffer) -> wgpu::BindGroupEntry<'_> {
    wgpu::BindGroupEntry { binding: binding as u32, resource: buffer.as_entire_binding() }
}

fn bytes_of_sums(tiles: usize) -> u64 {
    (tiles * size_of::<[f32; LANES]>()) as u64
}

/// The buffer of a slot, made anew where it is too small, with room to grow.
pub(super) fn room<'a>(
    slot: &'a mut Option<wgpu::Buffer>,
    device: &wgpu::Device,
    bytes: u64,
    most: u64,
    usage: wgpu::BufferUsages,
    label: &str,
) -> &'a wgpu::Buffer {
    if slot.as_ref().is_some_and(|buffer| buffer.size() < bytes) {
        *slot = None;
    }
    slot.get_or_insert_with(|| {
        // WebGPU counts buffers in words.
        let size = bytes.next_power_of_two().clamp(SMALLEST_BUFFER, most.max(SMALLEST_BUFFER)) & !3;
        device.create_buffer(&wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false })
    })
}
