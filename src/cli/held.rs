//! What several threads of the command change.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The only hold on it; a thread that panicked has left nothing here half done.
pub fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
