//! Which pages of a file are in memory, and how to keep, fetch or drop them.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

use crate::error::{Failure, IoContext, Outcome};
use crate::huge_output::MADV_COLLAPSE;
use crate::mapping::{SharedMapping, page_bytes};

/// Bytes of one mincore call: bounds its vector of one byte a page.
const WINDOW_BYTES: usize = 1 << 30;

fn open_sized(path: &Path) -> Outcome<(File, u64)> {
    let file = File::open(path).at("open", path)?;
    let metadata = file.metadata().at("stat", path)?;
    if !metadata.is_file() {
        return Err(Failure::invalid(format!("{}: not a regular file", path.display())));
    }
    Ok((file, metadata.len()))
}

pub fn resident_bytes(path: &Path) -> Outcome<u64> {
    let (file, bytes) = open_sized(path)?;
    if bytes == 0 {
        return Ok(0);
    }
    let mapping = SharedMapping::readable(&file, bytes, path)?;
    let page = page_bytes();
    let mut resident = 0u64;
    for start in (0..mapping.len()).step_by(WINDOW_BYTES) {
        let length = WINDOW_BYTES.min(mapping.len() - start);
        let mut pages = vec![0u8; length.div_ceil(page)];
        // SAFETY: the range lies in the mapping, and the vector has one byte for each of its pages.
        let failed =
            unsafe { libc::mincore(mapping.start().byte_add(start), length, pages.as_mut_ptr()) }
                != 0;
        if failed {
            return Err(Failure::io("look at the pages of", path, &io::Error::last_os_error()));
        }
        let present = |(index, flags): (usize, &u8)| match flags & 1 {
            0 => 0,
            _ => page.min(length - index * page) as u64,
        };
        resident += pages.iter().enumerate().map(present).sum::<u64>();
    }
    Ok(resident)
}

/// False where this kernel or file system does not offer the advice.
pub fn advise(path: &Path, advice: &str) -> Outcome<bool> {
    let (file, bytes) = open_sized(path)?;
    match advice {
        "willneed" => fadvise(&file, libc::POSIX_FADV_WILLNEED, path),
        "dontneed" => fadvise(&file, libc::POSIX_FADV_DONTNEED, path),
        "hugepage" if bytes == 0 => Ok(false),
        "hugepage" => {
            let mapping = SharedMapping::readable(&file, bytes, path)?;
            Ok(mapping.advise(0, mapping.len(), MADV_COLLAPSE).is_ok())
        }
        _ => Err(Failure::invalid(format!("unknown advice {advice}"))),
    }
}

fn fadvise(file: &File, advice: i32, path: &Path) -> Outcome<bool> {
    // SAFETY: advice on a descriptor that `file` keeps open.
    match unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, advice) } {
        0 => Ok(true),
        libc::EINVAL | libc::ESPIPE => Ok(false),
        errno => Err(Failure::io("advise on", path, &io::Error::from_raw_os_error(errno))),
    }
}

/// Maps a file and reads a byte of each page, as a consumer of warmed weights does. The file must
/// not shrink meanwhile. The result depends on the bytes read, so that none is left out.
pub fn touch_pages(path: &Path) -> Outcome<u64> {
    let (file, bytes) = open_sized(path)?;
    if bytes == 0 {
        return Ok(0);
    }
    let mapping = SharedMapping::readable(&file, bytes, path)?;
    mapping.prefer_huge_and_undumped();
    // SAFETY: the caller keeps the file as it is.
    let pages = unsafe { mapping.bytes() };
    Ok(pages.iter().step_by(page_bytes()).map(|byte| u64::from(*byte)).sum())
}

/// A file whose pages stay in RAM while this lives.
pub struct Locked {
    mapping: Option<SharedMapping>,
    pub bytes: u64,
}

pub fn lock_file(path: &Path) -> Outcome<Locked> {
    let (file, bytes) = open_sized(path)?;
    if bytes == 0 {
        return Ok(Locked { mapping: None, bytes });
    }
    let mapping = SharedMapping::readable(&file, bytes, path)?;
    mapping.prefer_huge_and_undumped();
    // SAFETY: the range is the mapping; it is unlocked when that is unmapped.
    if unsafe { libc::mlock(mapping.start(), mapping.len()) } != 0 {
        let failure =
            Failure::io(&format!("lock {bytes} bytes of"), path, &io::Error::last_os_error());
        let hint = "the limit on locked memory (ulimit -l) may be too low";
        return Err(Failure { message: format!("{}: {hint}", failure.message), ..failure });
    }
    Ok(Locked { mapping: Some(mapping), bytes })
}

impl Locked {
    pub fn unlock(&mut self) {
        self.mapping = None;
    }
}
