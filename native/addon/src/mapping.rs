//! A shared mapping of a whole file, aligned so that huge pages can back it.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::ptr;

use crate::error::{IoContext, Outcome};

/// Huge pages of x86-64 and of 4 KiB aarch64; a larger one only goes unused.
const ALIGNMENT: usize = 2 << 20;

pub struct SharedMapping {
    start: *mut u8,
    length: usize,
    reserved: (*mut libc::c_void, usize),
}

// SAFETY: the mapping is plain memory; who uses which part of it is up to the callers of `part`.
unsafe impl Send for SharedMapping {}
// SAFETY: as above.
unsafe impl Sync for SharedMapping {}

impl SharedMapping {
    /// `bytes` must not be 0.
    pub fn writable(file: &File, bytes: u64, path: &Path) -> Outcome<Self> {
        Self::map(file, bytes, libc::PROT_READ | libc::PROT_WRITE).at("map", path)
    }

    pub fn readable(file: &File, bytes: u64, path: &Path) -> Outcome<Self> {
        Self::map(file, bytes, libc::PROT_READ).at("map", path)
    }

    /// The kernel aligns mappings of tmpfs only where that is mounted with huge pages, so a larger
    /// reservation is made first and the file is mapped at an aligned address in it.
    fn map(file: &File, bytes: u64, protection: i32) -> io::Result<Self> {
        let length = usize::try_from(bytes).map_err(io::Error::other)?;
        let reserved_length = length.checked_add(ALIGNMENT).ok_or(io::ErrorKind::FileTooLarge)?;
        let private = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new mapping wherever the kernel likes.
        let base = unsafe {
            libc::mmap(ptr::null_mut(), reserved_length, libc::PROT_NONE, private, -1, 0)
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let mapping = Self {
            // SAFETY: the reservation has that much room before `length` bytes.
            start: unsafe { base.byte_add(base.align_offset(ALIGNMENT)) }.cast(),
            length,
            reserved: (base, reserved_length),
        };
        let fixed = libc::MAP_SHARED | libc::MAP_FIXED;
        // SAFETY: replaces a part of the reservation, which nobody else knows.
        let mapped = unsafe {
            libc::mmap(mapping.start.cast(), length, protection, fixed, file.as_raw_fd(), 0)
        };
        if mapped == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(mapping)
    }

    /// Huge pages where the kernel offers them; kept out of core dumps.
    pub fn prefer_huge_and_undumped(&self) {
        // What a kernel refuses of these, it does without.
        let _ = self.advise(0, self.length, libc::MADV_HUGEPAGE);
        let _ = self.advise(0, self.length, libc::MADV_DONTDUMP);
    }

    pub fn advise(&self, offset: usize, length: usize, advice: i32) -> io::Result<()> {
        if offset.checked_add(length).is_none_or(|end| end > self.length) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // SAFETY: the range lies in the mapping; no advice used here changes its contents.
        let failed = unsafe { libc::madvise(self.start.add(offset).cast(), length, advice) } != 0;
        if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// # Safety
    /// The range's pages are allocated and stay so (else SIGBUS), the mapping is writable, and
    /// nobody else uses the range meanwhile.
    pub unsafe fn write(&self, bytes: &[u8], offset: usize) {
        debug_assert!(offset + bytes.len() <= self.length);
        // SAFETY: as above.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.start.add(offset), bytes.len()) };
    }

    /// # Safety
    /// The file must not shrink while the slice is used (else SIGBUS), nor be written.
    pub unsafe fn bytes(&self) -> &[u8] {
        // SAFETY: as above; the mapping outlives the borrow.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }
    }

    pub fn start(&self) -> *mut libc::c_void {
        self.start.cast()
    }

    pub fn len(&self) -> usize {
        self.length
    }
}

impl Drop for SharedMapping {
    fn drop(&mut self) {
        // SAFETY: the reservation and the mapping in it are ours, and no borrow outlives `self`.
        unsafe { libc::munmap(self.reserved.0, self.reserved.1) };
    }
}

pub fn page_bytes() -> usize {
    // SAFETY: a query without arguments in memory.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}
