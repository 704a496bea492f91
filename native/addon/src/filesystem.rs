//! What kind of file system holds a file, and the size of its huge pages.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::path::Path;

use crate::error::{IoContext, Outcome};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Filesystem {
    Tmpfs,
    Hugetlbfs,
    Other,
}

pub fn filesystem_of(file: &File, path: &Path) -> Outcome<Filesystem> {
    let mut stats = MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the structure is large enough, and read only after the call filled it.
    let stats = unsafe {
        if libc::fstatfs(file.as_raw_fd(), stats.as_mut_ptr()) != 0 {
            return Err(io::Error::last_os_error()).at("stat the file system of", path);
        }
        stats.assume_init()
    };
    Ok(match stats.f_type {
        libc::TMPFS_MAGIC => Filesystem::Tmpfs,
        libc::HUGETLBFS_MAGIC => Filesystem::Hugetlbfs,
        _ => Filesystem::Other,
    })
}

/// None where the kernel has no transparent huge pages.
pub fn huge_page_bytes() -> Option<usize> {
    let text = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size");
    text.ok()?.trim().parse().ok().filter(|bytes: &usize| bytes.is_power_of_two())
}
