//! What kind of file system holds a file, and whether it gives huge pages.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::error::{IoContext, Outcome};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Filesystem {
    /// `huge` is whether a mapping that asks for huge pages gets them.
    Tmpfs {
        huge: bool,
    },
    Hugetlbfs {
        page_bytes: u64,
    },
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
    let kind = stats.f_type;
    if kind == libc::TMPFS_MAGIC {
        let device = file.metadata().at("stat", path)?.dev();
        Ok(Filesystem::Tmpfs { huge: mounted_with_huge_pages(device) })
    } else if kind == libc::HUGETLBFS_MAGIC {
        Ok(Filesystem::Hugetlbfs { page_bytes: stats.f_bsize as u64 })
    } else {
        Ok(Filesystem::Other)
    }
}

/// `shmem_enabled` does not govern mounted tmpfs except by `deny` and `force`; the `huge=` mount
/// option does (Documentation/admin-guide/mm/transhuge.rst).
fn mounted_with_huge_pages(device: u64) -> bool {
    let setting = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/shmem_enabled");
    match setting.as_deref().ok().and_then(chosen) {
        Some("deny") | None => return false,
        Some("force") => return true,
        _ => {}
    }
    let wanted = format!("{}:{}", libc::major(device), libc::minor(device));
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    mounts
        .lines()
        .filter(|line| line.split(' ').nth(2) == Some(wanted.as_str()))
        .filter_map(|line| line.rsplit(' ').next())
        .flat_map(|options| options.split(','))
        .any(|option| matches!(option, "huge=always" | "huge=within_size" | "huge=advise"))
}

fn chosen(setting: &str) -> Option<&str> {
    setting.split_whitespace().find_map(|word| word.strip_prefix('[')?.strip_suffix(']'))
}
