//! Waiting for the device, without a runtime.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Does `work` under error scopes: whatever the device objects to is the error.
pub(super) async fn guarded<T>(device: &wgpu::Device, work: impl FnOnce() -> T) -> Result<T, String> {
    use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
    let scopes = [Internal, OutOfMemory, Validation].map(|filter| device.push_error_scope(filter));
    let done = work();
    // Scopes nest: the last one is the first to go.
    let [internal, memory, validation] = scopes;
    let caught = [
        Box::pin(validation.pop()) as Pin<Box<dyn Future<Output = _>>>,
        Box::pin(memory.pop()),
        Box::pin(internal.pop()),
    ];
    for error in caught {
        if let Some(error) = error.await {
            return Err(one_line(&error.to_string()));
        }
    }
    Ok(done)
}

/// wgpu reports over many lines; a message of this program is one.
fn one_line(report: &str) -> String {
    report.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Runs a future to its end, letting the device work whenever it waits. Not for browsers, whose device works only
/// when nobody waits.
pub(super) fn block<T>(device: &wgpu::Device, future: impl Future<Output = T>) -> Result<T, String> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return Ok(result);
        }
        finish(device)?;
    }
}

/// Waits until the device has done all that it was given.
pub(super) fn finish(device: &wgpu::Device) -> Result<(), String> {
    // wgpu panics here when the device is lost; for this engine that is an error like others.
    match catch_unwind(AssertUnwindSafe(|| device.poll(wgpu::PollType::wait_indefinitely()))) {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the device was lost at work".to_owned()),
    }
}

/// A buffer that is being mapped for reading.
pub(super) struct Mapping {
    shared: Arc<Mutex<Shared>>,
    asked: usize,
}

#[derive(Default)]
struct Shared {
    result: Option<Result<(), wgpu::BufferAsyncError>>,
    waker: Option<Waker>,
}

impl Mapping {
    /// Asks for the first `bytes` of `buffer`.
    pub fn of(buffer: &wgpu::Buffer, bytes: u64) -> Self {
        let shared = Arc::<Mutex<Shared>>::default();
        let answer = Arc::clone(&shared);
        buffer.map_async(wgpu::MapMode::Read, ..bytes, move |result| {
            let mut answer = lock(&answer);
            answer.result = Some(result);
            if let Some(waker) = answer.waker.take() {
                waker.wake();
            }
        });
        Self { shared, asked: 0 }
    }
}

impl Future for Mapping {
    type Output = Result<(), String>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // Between two questions all work was finished: a driver that has not answered by now never will.
        const PATIENCE: usize = 100;
        self.asked += 1;
        let mut shared = lock(&self.shared);
        match shared.result.take() {
            Some(result) => Poll::Ready(result.map_err(|error| format!("its results could not be read: {error}"))),
            None if self.asked > PATIENCE => Poll::Ready(Err("it does not answer".to_owned())),
            None => {
                shared.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
