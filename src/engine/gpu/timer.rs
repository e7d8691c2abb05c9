//! The device's own clock around a dispatch, where the adapter has one.

use std::time::Duration;

use super::buffers::read;

/// Bytes of two timestamps.
const BYTES: u64 = 2 * wgpu::QUERY_SIZE as u64;

/// Two timestamps, before and after the kernel, and how they come to the host.
#[derive(Debug)]
pub(super) struct Timer {
    stamps: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    read: wgpu::Buffer,
    /// Nanoseconds of one tick.
    period: f64,
    /// All that was timed so far.
    total: Duration,
}

impl Timer {
    /// None where the device was opened without timestamps.
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue) -> Option<Self> {
        use wgpu::BufferUsages as Usage;
        if !device.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return None;
        }
        let stamps = wgpu::QuerySetDescriptor { label: Some("timestamps"), ty: wgpu::QueryType::Timestamp, count: 2 };
        let buffer = |label, usage| {
            let size = BYTES;
            device.create_buffer(&wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false })
        };
        Some(Self {
            stamps: device.create_query_set(&stamps),
            resolved: buffer("timestamps", Usage::QUERY_RESOLVE | Usage::COPY_SRC),
            read: buffer("timestamps read back", Usage::MAP_READ | Usage::COPY_DST),
            period: f64::from(queue.get_timestamp_period()),
            total: Duration::ZERO,
        })
    }

    /// For the pass that is to be timed.
    pub fn around(&self) -> wgpu::ComputePassTimestampWrites<'_> {
        wgpu::ComputePassTimestampWrites {
            query_set: &self.stamps,
            beginning_of_pass_write_index: Some(0),
            end_of_pass_write_index: Some(1),
        }
    }

    /// Records the way of the timestamps to where the host can read them.
    pub fn read_back(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.resolve_query_set(&self.stamps, 0..2, &self.resolved, 0);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, &self.read, 0, BYTES);
    }

    /// Adds what lay between the timestamps of the last submission.
    pub async fn add(&mut self) -> Result<(), String> {
        let ticks: Vec<u64> = read(Some(&self.read), 2).await?;
        let nanoseconds = ticks[1].saturating_sub(ticks[0]) as f64 * self.period;
        self.total += Duration::from_nanos(nanoseconds as u64);
        Ok(())
    }

    /// All that was timed so far.
    pub fn total(&self) -> Duration {
        self.total
    }
}
