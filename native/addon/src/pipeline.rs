//! Blocks of a file flow through load → hash → transform → hash on several threads. SHA-256 is a
//! chain, so each hash runs in block order and at most once at a time; everything else overlaps.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use ring::digest::Context;

use crate::control::{guarded, on_threads};
use crate::error::{Failure, Outcome};

/// What is done with block `index`; `buffer` is the block's own.
pub trait Blocks: Sync {
    type Worker;

    fn count(&self) -> u64;
    fn buffer_bytes(&self) -> usize;
    fn worker(&self) -> Self::Worker;
    fn load(&self, index: u64, buffer: &mut [u8]) -> Outcome<()>;
    fn before<'a>(&self, index: u64, buffer: &'a [u8]) -> &'a [u8];
    fn transform(&self, worker: &mut Self::Worker, index: u64, buffer: &mut [u8]) -> Outcome<()>;
    /// Empty where there is nothing to hash after the transformation.
    fn after<'a>(&self, index: u64, buffer: &'a [u8]) -> &'a [u8];
}

struct Hashing {
    /// None while a worker feeds it.
    context: Option<Context>,
    next: u64,
    waiting: BTreeMap<u64, Vec<u8>>,
}

struct State {
    next_load: u64,
    finished: u64,
    free: Vec<Vec<u8>>,
    before: Hashing,
    transformable: Vec<(u64, Vec<u8>)>,
    after: Hashing,
    failure: Option<Failure>,
}

enum Task {
    After(u64, Vec<u8>, Context),
    Before(u64, Vec<u8>, Context),
    Transform(u64, Vec<u8>),
    Load(u64, Vec<u8>),
}

struct Pipeline<'a, B: Blocks> {
    blocks: &'a B,
    state: Mutex<State>,
    changed: Condvar,
}

/// Runs all blocks; returns the two hashes, fed from `before` and `after` on.
pub fn run<B: Blocks>(
    blocks: &B,
    threads: usize,
    before: Context,
    after: Context,
) -> Outcome<(Context, Context)> {
    // Two more than are worked on keep both hash chains fed while loads wait for the disk.
    let buffers =
        usize::try_from(blocks.count()).map_or(2 * threads + 2, |count| count.min(2 * threads + 2));
    let pipeline = Pipeline {
        blocks,
        state: Mutex::new(State {
            next_load: 0,
            finished: 0,
            free: (0..buffers).map(|_| vec![0u8; blocks.buffer_bytes()]).collect(),
            before: Hashing::new(before),
            transformable: Vec::new(),
            after: Hashing::new(after),
            failure: None,
        }),
        changed: Condvar::new(),
    };
    on_threads(threads.min(buffers).max(1), || pipeline.work())?;
    let state = pipeline.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    match (state.failure, state.before.context, state.after.context) {
        (Some(failure), _, _) => Err(failure),
        (None, Some(before), Some(after)) => Ok((before, after)),
        _ => Err(Failure::new("PANIC", "a hash was lost in the pipeline")),
    }
}

impl Hashing {
    fn new(context: Context) -> Self {
        Self { context: Some(context), next: 0, waiting: BTreeMap::new() }
    }

    fn take(&mut self) -> Option<(u64, Vec<u8>, Context)> {
        if self.context.is_none() || !self.waiting.contains_key(&self.next) {
            return None;
        }
        let (index, buffer) = self.waiting.pop_first()?;
        Some((index, buffer, self.context.take()?))
    }

    fn give_back(&mut self, context: Context) {
        self.context = Some(context);
        self.next += 1;
    }
}

impl State {
    /// Later stages first, and chains before what can run in parallel: they are the bottleneck.
    fn next_task(&mut self, count: u64) -> Option<Task> {
        if let Some((index, buffer, context)) = self.after.take() {
            return Some(Task::After(index, buffer, context));
        }
        if let Some((index, buffer, context)) = self.before.take() {
            return Some(Task::Before(index, buffer, context));
        }
        if let Some((index, buffer)) = self.transformable.pop() {
            return Some(Task::Transform(index, buffer));
        }
        if self.next_load == count {
            return None;
        }
        let buffer = self.free.pop()?;
        self.next_load += 1;
        Some(Task::Load(self.next_load - 1, buffer))
    }
}

impl<B: Blocks> Pipeline<'_, B> {
    fn work(&self) -> Outcome<()> {
        let mut worker = self.blocks.worker();
        let mut state = self.lock();
        loop {
            if state.failure.is_some() || state.finished == self.blocks.count() {
                return Ok(());
            }
            let Some(task) = state.next_task(self.blocks.count()) else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(state);
            let outcome = guarded(|| self.perform(task, &mut worker));
            state = self.lock();
            if let Err(failure) = outcome {
                state.failure.get_or_insert(failure);
            }
            self.changed.notify_all();
        }
    }

    fn perform(&self, task: Task, worker: &mut B::Worker) -> Outcome<()> {
        match task {
            Task::Load(index, mut buffer) => {
                self.blocks.load(index, &mut buffer)?;
                self.lock().before.waiting.insert(index, buffer);
            }
            Task::Before(index, buffer, mut context) => {
                context.update(self.blocks.before(index, &buffer));
                let mut state = self.lock();
                state.before.give_back(context);
                state.transformable.push((index, buffer));
            }
            Task::Transform(index, mut buffer) => {
                self.blocks.transform(worker, index, &mut buffer)?;
                self.lock().after.waiting.insert(index, buffer);
            }
            Task::After(index, buffer, mut context) => {
                context.update(self.blocks.after(index, &buffer));
                let mut state = self.lock();
                state.after.give_back(context);
                state.free.push(buffer);
                state.finished += 1;
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
