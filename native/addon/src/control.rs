//! Progress and cancellation of one operation, and its worker threads.

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crate::error::{Failure, Outcome};

/// More would only take memory: each has a buffer of its own.
const MAX_THREADS: usize = 256;

#[derive(Default)]
pub struct Control {
    done: AtomicU64,
    cancelled: AtomicBool,
}

impl Control {
    pub fn advance(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub fn check(&self, path: &Path) -> Outcome<()> {
        if self.cancelled.load(Ordering::Relaxed) { Err(Failure::cancelled(path)) } else { Ok(()) }
    }
}

/// The cores that this process may use, by affinity and cgroup quota, unless told otherwise.
pub fn thread_count(asked: Option<u32>) -> usize {
    match asked {
        Some(count) if count > 0 => (count as usize).min(MAX_THREADS),
        _ => thread::available_parallelism().map_or(1, NonZero::get),
    }
}

/// A panic is a bug, but it must reach JavaScript as an error, not end the process.
pub fn guarded<T>(body: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        Err(Failure::new("PANIC", format!("the native addon panicked: {text}")))
    })
}

/// Runs `work` on `threads` threads, the calling one included; the first failure by time is lost to
/// none, but only one is returned.
pub fn on_threads(threads: usize, work: impl Fn() -> Outcome<()> + Sync) -> Outcome<()> {
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            .map(|_| thread::Builder::new().spawn_scoped(scope, || guarded(&work)))
            .collect();
        let own = guarded(&work);
        // Fewer threads than asked for only make the work slower.
        let rest = others.into_iter().flatten().map(|other| other.join());
        rest.fold(own, |outcome, joined| {
            let joined =
                joined.unwrap_or_else(|_| Err(Failure::new("PANIC", "a native thread panicked")));
            outcome.and(joined)
        })
    })
}

/// Calls `step` once for each index below `count`, in ascending order of start, on several threads;
/// each thread has a state of its own. No further index is started after a failure.
pub fn for_each_index<S>(
    threads: usize,
    count: u64,
    new_state: impl Fn() -> S + Sync,
    step: impl Fn(&mut S, u64) -> Outcome<()> + Sync,
) -> Outcome<()> {
    let next = AtomicU64::new(0);
    let useful = threads.min(usize::try_from(count).unwrap_or(threads)).max(1);
    on_threads(useful, || {
        let mut state = new_state();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return Ok(());
            }
            if let Err(failure) = guarded(|| step(&mut state, index)) {
                next.store(count, Ordering::Relaxed);
                return Err(failure);
            }
        }
    })
}
