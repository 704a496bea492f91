//! Writes a tmpfs file into huge pages, also where the tmpfs is mounted without them: small pages cost
//! several times as much, nearly all of it in allocating and mapping them.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::error::Outcome;
use crate::filesystem::huge_page_bytes;
use crate::mapping::SharedMapping;
use crate::output::Output;

/// Linux 6.1: makes a huge page of a range now, whatever `huge=` the tmpfs was mounted with. Pages
/// that are not there yet become zeroes, but one must be (madvise(2)).
pub const MADV_COLLAPSE: i32 = 25;
/// What a huge page may cost on average before small ones are the better bargain: they take about
/// 0.8 ms for 2 MiB. It costs more where memory must be compacted first, and in virtual machines
/// whose host has taken free memory back (free page reporting).
const FAIR_PRICE: Duration = Duration::from_micros(800);
/// Prices vary, so the first few are not decisive.
const CREDIT: Duration = Duration::from_millis(8);
/// A refusal says that there may be none at all.
const REFUSAL_PRICE: Duration = Duration::from_millis(2);

pub struct HugeOutput<'a> {
    output: &'a Output,
    mapping: SharedMapping,
    extent_bytes: usize,
    /// Whether an extent is a huge page; decided by whoever writes into it first.
    extents: Vec<OnceLock<bool>>,
    account: Mutex<Account>,
}

/// What asking for huge pages has cost so far, in CPU time: waiting for a core is not their fault.
#[derive(Default)]
struct Account {
    asked: u32,
    made: u64,
    spent: Duration,
}

impl Account {
    fn is_worth_asking(&self) -> bool {
        self.spent <= CREDIT + FAIR_PRICE * self.asked
    }
}

impl<'a> HugeOutput<'a> {
    /// None where there is nothing to gain: no huge pages, or a file smaller than one.
    pub fn new(output: &'a Output, bytes: u64) -> Outcome<Option<Self>> {
        let Some(extent_bytes) = huge_page_bytes().filter(|extent| *extent as u64 <= bytes) else {
            return Ok(None);
        };
        output.set_length(bytes)?;
        let mapping = SharedMapping::writable(output.file(), bytes, &output.path)?;
        mapping.prefer_huge_and_undumped();
        // The last extent is written as small pages unless it is whole: it would waste memory.
        let extents = (0..mapping.len() / extent_bytes).map(|_| OnceLock::new()).collect();
        let account = Mutex::default();
        Ok(Some(Self { output, mapping, extent_bytes, extents, account }))
    }

    /// A full tmpfs is ENOSPC here, never SIGBUS: the mapping is written only where a huge page is.
    pub fn write_all_at(&self, bytes: &[u8], offset: u64) -> Outcome<()> {
        let mut rest = bytes;
        let mut at = offset as usize;
        while !rest.is_empty() {
            let extent = at / self.extent_bytes;
            let room = (extent + 1) * self.extent_bytes - at;
            let (part, after) = rest.split_at(room.min(rest.len()));
            if self.is_huge(extent) {
                // SAFETY: the extent is a huge page of a file that only this process writes, and
                // callers write disjoint ranges.
                unsafe { self.mapping.write(part, at) };
            } else {
                self.output.write_all_at(part, at as u64)?;
            }
            at += part.len();
            rest = after;
        }
        Ok(())
    }

    pub fn huge_bytes(&self) -> u64 {
        self.account().made * self.extent_bytes as u64
    }

    fn is_huge(&self, extent: usize) -> bool {
        self.extents.get(extent).is_some_and(|state| *state.get_or_init(|| self.make_huge(extent)))
    }

    fn make_huge(&self, extent: usize) -> bool {
        if !self.account().is_worth_asking() {
            return false;
        }
        let start = extent * self.extent_bytes;
        let before = thread_cpu_time();
        let made = self.output.write_all_at(&[0], start as u64).is_ok()
            && self.mapping.advise(start, self.extent_bytes, MADV_COLLAPSE).is_ok();
        let price = thread_cpu_time().saturating_sub(before);
        let mut account = self.account();
        account.asked += 1;
        account.made += u64::from(made);
        account.spent += if made { price } else { price.max(REFUSAL_PRICE) };
        made
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn thread_cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is ours; on failure it stays zero, and the price with it.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
