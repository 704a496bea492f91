//! The cipher alone, in memory and in place: what the benchmark compares with `openssl speed`.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::control::on_threads;
use crate::error::{Failure, Outcome};
use crate::floe::{KeyCache, Session};
use crate::layout::{Layout, Params};

/// Bytes a second over all threads, each sealing and opening a segment of its own by turns.
pub struct CipherSpeed {
    pub seal: f64,
    pub open: f64,
}

pub fn cipher_speed(params: Params, threads: usize, duration: Duration) -> Outcome<CipherSpeed> {
    let layout = Layout::new(params, params.chunk_bytes() as u64)?;
    let (session, _) = Session::create(params, &[7u8; 32], b"speed")?;
    let segment = layout.segment(0);
    let speeds = Mutex::new(CipherSpeed { seal: 0.0, open: 0.0 });
    let deadline = Instant::now() + duration;
    on_threads(threads, || {
        let mut cache = KeyCache::default();
        let mut buffer = vec![0u8; segment.length];
        let (mut rounds, mut sealing, mut opening) = (0u32, Duration::ZERO, Duration::ZERO);
        while Instant::now() < deadline || rounds == 0 {
            let started = Instant::now();
            session.seal(&mut cache, &segment, &mut buffer)?;
            let sealed = Instant::now();
            session.open(&mut cache, &segment, &mut buffer)?;
            sealing += sealed - started;
            opening += sealed.elapsed();
            rounds += 1;
        }
        let bytes = f64::from(rounds) * segment.plaintext_length as f64;
        let poisoned = |_| Failure::new("PANIC", "a benchmark thread panicked");
        let mut speeds = speeds.lock().map_err(poisoned)?;
        speeds.seal += bytes / sealing.as_secs_f64();
        speeds.open += bytes / opening.as_secs_f64();
        Ok(())
    })?;
    speeds.into_inner().map_err(|_| Failure::new("PANIC", "a benchmark thread panicked"))
}
