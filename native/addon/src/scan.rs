//! SHA-256 of a file and its first non-finite floats, in one read.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use ring::digest::{Context, SHA256};

use crate::control::Control;
use crate::digest::hex;
use crate::dtype::FloatFormat;
use crate::error::{Failure, Outcome};
use crate::pipeline::{self, Blocks};
use crate::source::Source;

const BLOCK_BYTES: u64 = 1 << 20;
/// A float that starts in a block may end in the next one; the widest has 8 bytes.
const OVERLAP_BYTES: u64 = 7;
const MAX_FINDINGS: usize = 1000;
const NONE: u64 = u64::MAX;

pub struct Range {
    pub offset: u64,
    pub length: u64,
    pub dtype: String,
}

pub struct Finding {
    pub range: u32,
    pub element: u64,
}

pub struct Scanned {
    pub sha256: String,
    pub bytes: u64,
    pub non_finite: Vec<Finding>,
}

struct FloatRange {
    index: usize,
    offset: u64,
    end: u64,
    format: FloatFormat,
    /// Index of a float, lowest wins.
    first: AtomicU64,
}

struct ScanBlocks<'a> {
    source: &'a Source,
    /// By offset, without overlaps.
    ranges: Vec<FloatRange>,
    control: &'a Control,
}

pub fn scan_file(
    path: &Path,
    ranges: &[Range],
    threads: usize,
    control: &Control,
) -> Outcome<Scanned> {
    let source = Source::open(path)?;
    let ranges = float_ranges(ranges, source.bytes).map_err(|failure| failure.in_file(path))?;
    let blocks = ScanBlocks { source: &source, ranges, control };
    let (digest, _) =
        pipeline::run(&blocks, threads, Context::new(&SHA256), Context::new(&SHA256))?;
    source.check_unchanged()?;
    Ok(Scanned { sha256: hex(digest), bytes: source.bytes, non_finite: blocks.findings() })
}

fn float_ranges(ranges: &[Range], file_bytes: u64) -> Outcome<Vec<FloatRange>> {
    let mut floats = Vec::new();
    for (index, range) in ranges.iter().enumerate() {
        let end = range.offset.checked_add(range.length).filter(|end| *end <= file_bytes);
        let Some(end) = end else {
            let message = format!("range {index} ends beyond the file's {file_bytes} bytes");
            return Err(Failure::invalid(message));
        };
        if let Some(format) = FloatFormat::of(&range.dtype).filter(|_| range.length > 0) {
            format.check_length(index, range.length)?;
            let first = AtomicU64::new(NONE);
            floats.push(FloatRange { index, offset: range.offset, end, format, first });
        }
    }
    floats.sort_by_key(|range| range.offset);
    match floats.windows(2).find(|pair| pair[0].end > pair[1].offset) {
        Some(pair) => {
            Err(Failure::invalid(format!("ranges {} and {} overlap", pair[0].index, pair[1].index)))
        }
        None => Ok(floats),
    }
}

impl FloatRange {
    /// Looks at the floats that start in `[from, to)` of the file; `bytes` begin at `from`.
    fn scan(&self, from: u64, to: u64, bytes: &[u8]) {
        let width = self.format.element_bytes as u64;
        let first = from.max(self.offset).next_multiple_of_from(self.offset, width);
        let last = to.min(self.end).next_multiple_of_from(self.offset, width);
        if first >= last || self.first.load(Ordering::Relaxed) < (first - self.offset) / width {
            return;
        }
        let run = &bytes[(first - from) as usize..(last - from) as usize];
        if let Some(found) = self.format.first_non_finite(run) {
            let float = (first - self.offset) / width + found as u64;
            self.first.fetch_min(float, Ordering::Relaxed);
        }
    }
}

trait Aligned {
    fn next_multiple_of_from(self, base: u64, step: u64) -> u64;
}

impl Aligned for u64 {
    fn next_multiple_of_from(self, base: u64, step: u64) -> u64 {
        base + (self - base).next_multiple_of(step)
    }
}

impl ScanBlocks<'_> {
    fn block(&self, index: u64) -> (u64, u64) {
        let from = index * BLOCK_BYTES;
        (from, (from + BLOCK_BYTES).min(self.source.bytes))
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self
            .ranges
            .iter()
            .filter(|range| range.first.load(Ordering::Relaxed) != NONE)
            .map(|range| Finding {
                range: range.index as u32,
                element: range.first.load(Ordering::Relaxed) / range.format.floats_per_element,
            })
            .collect();
        findings.sort_by_key(|finding| finding.range);
        findings.truncate(MAX_FINDINGS);
        findings
    }
}

impl Blocks for ScanBlocks<'_> {
    type Worker = ();

    fn count(&self) -> u64 {
        self.source.bytes.div_ceil(BLOCK_BYTES)
    }

    fn buffer_bytes(&self) -> usize {
        (BLOCK_BYTES + OVERLAP_BYTES) as usize
    }

    fn worker(&self) {}

    fn load(&self, index: u64, buffer: &mut [u8]) -> Outcome<()> {
        self.control.check(&self.source.path)?;
        let (from, to) = self.block(index);
        let end = (to + OVERLAP_BYTES).min(self.source.bytes);
        self.source.read_exact_at(&mut buffer[..(end - from) as usize], from)
    }

    fn before<'a>(&self, index: u64, buffer: &'a [u8]) -> &'a [u8] {
        let (from, to) = self.block(index);
        &buffer[..(to - from) as usize]
    }

    fn transform(&self, _: &mut (), index: u64, buffer: &mut [u8]) -> Outcome<()> {
        let (from, to) = self.block(index);
        let start = self.ranges.partition_point(|range| range.end <= from);
        for range in self.ranges[start..].iter().take_while(|range| range.offset < to) {
            range.scan(from, to, buffer);
        }
        self.control.advance(to - from);
        Ok(())
    }

    fn after<'a>(&self, _: u64, _: &'a [u8]) -> &'a [u8] {
        &[]
    }
}
