//! A shared mapping of a whole file, as raw memory that several threads fill.

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::{MmapOptions, MmapRaw};

use crate::error::{Failure, IoContext, Outcome};

pub struct SharedMapping {
    map: MmapRaw,
    page_bytes: usize,
}

impl SharedMapping {
    pub fn writable(file: &File, bytes: u64, path: &Path) -> Outcome<Self> {
        let length =
            usize::try_from(bytes).map_err(|_| Failure::invalid("file too large to map"))?;
        let map = MmapOptions::new().len(length).map_raw(file).at("map", path)?;
        Ok(Self { map, page_bytes: page_bytes() })
    }

    pub fn readable(file: &File, bytes: u64, path: &Path) -> Outcome<Self> {
        let length =
            usize::try_from(bytes).map_err(|_| Failure::invalid("file too large to map"))?;
        let map = MmapOptions::new().len(length).map_raw_read_only(file).at("map", path)?;
        Ok(Self { map, page_bytes: page_bytes() })
    }

    /// Huge pages where the kernel offers them; kept out of core dumps.
    pub fn advise_private_plaintext(&self) {
        let _ = self.advise(0, self.map.len(), libc::MADV_HUGEPAGE);
        let _ = self.advise(0, self.map.len(), libc::MADV_DONTDUMP);
    }

    pub fn advise_all(&self, advice: i32) -> io::Result<()> {
        self.advise(0, self.map.len(), advice)
    }

    /// Allocates the pages of a range. A full tmpfs is an error here, where a plain write to the
    /// mapping would raise SIGBUS.
    pub fn populate(&self, offset: u64, length: usize, path: &Path) -> Outcome<()> {
        let start = offset as usize / self.page_bytes * self.page_bytes;
        let end = (offset as usize + length).min(self.map.len());
        loop {
            let Err(error) = self.advise(start, end - start, libc::MADV_POPULATE_WRITE) else {
                return Ok(());
            };
            return match error.raw_os_error() {
                Some(libc::EINTR | libc::EAGAIN) => continue,
                // The manual page: EFAULT is a SIGBUS avoided, which on these file systems is a lack of room.
                Some(libc::EFAULT | libc::ENOMEM) => {
                    let full = io::Error::from_raw_os_error(libc::ENOSPC);
                    Err(Failure::io("allocate memory for", path, &full))
                }
                _ => Err(Failure::io("allocate memory for", path, &error)),
            };
        }
    }

    /// # Safety
    /// The range lies in the file and in allocated pages, and nobody else uses it meanwhile.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn slice(&self, offset: u64, length: usize) -> &mut [u8] {
        // SAFETY: as above; the mapping outlives the borrow.
        unsafe {
            std::slice::from_raw_parts_mut(self.map.as_mut_ptr().add(offset as usize), length)
        }
    }

    pub fn start(&self) -> *mut libc::c_void {
        self.map.as_mut_ptr().cast()
    }

    pub fn len(&self) -> usize {
        self.map.len()
    }

    fn advise(&self, offset: usize, length: usize, advice: i32) -> io::Result<()> {
        // SAFETY: the range lies in the mapping; no advice used here changes its contents.
        let failed = unsafe { libc::madvise(self.start().byte_add(offset), length, advice) } != 0;
        if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

pub fn page_bytes() -> usize {
    // SAFETY: a query without arguments in memory.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}
