//! An output file under the caller's temporary name: room is reserved before anything is written,
//! and it is removed unless finished.

use std::fs::{File, OpenOptions};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::{Failure, IoContext, Outcome};
use crate::source::Source;

pub struct Output {
    file: File,
    pub path: PathBuf,
    keep: bool,
}

impl Output {
    /// Owner-only: what is written may be plaintext, and who may read it is the caller's decision.
    /// Refuses to overwrite one of the inputs, under whatever name.
    pub fn create<'a>(path: &Path, inputs: impl IntoIterator<Item = &'a Source>) -> Outcome<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path)
            .at("create", path)?;
        let metadata = file.metadata().at("stat", path)?;
        if inputs.into_iter().any(|input| input.is_file_of(&metadata)) {
            return Err(Failure::invalid("is both input and output").in_file(path));
        }
        let output = Self { file, path: path.to_owned(), keep: false };
        output.set_length(0)?;
        Ok(output)
    }

    pub fn file(&self) -> &File {
        &self.file
    }

    /// Allocates all of it, so that a full file system is ENOSPC now and not a signal later.
    pub fn allocate(&self, bytes: u64) -> Outcome<()> {
        if bytes == 0 {
            return Ok(());
        }
        loop {
            // SAFETY: a plain system call on a descriptor that `self.file` keeps open.
            let failed =
                unsafe { libc::fallocate(self.file.as_raw_fd(), 0, 0, bytes as libc::off_t) } != 0;
            let error = io::Error::last_os_error();
            return match error.raw_os_error() {
                _ if !failed => Ok(()),
                Some(libc::EINTR) => continue,
                // Such a file system reports a lack of room in pwrite instead.
                Some(libc::EOPNOTSUPP) => self.set_length(bytes),
                _ => Err(Failure::io(&format!("allocate {bytes} bytes for"), &self.path, &error)),
            };
        }
    }

    /// Fails early where the file system clearly has too little room; a race ends in ENOSPC anyway.
    pub fn check_room(&self, bytes: u64) -> Outcome<()> {
        let mut stats = MaybeUninit::<libc::statvfs>::uninit();
        // SAFETY: the structure is large enough, and read only after the call filled it.
        let stats = unsafe {
            if libc::fstatvfs(self.file.as_raw_fd(), stats.as_mut_ptr()) != 0 {
                return Ok(());
            }
            stats.assume_init()
        };
        let room = stats.f_bavail.saturating_mul(stats.f_frsize);
        // A tmpfs without a limit reports no blocks at all.
        if stats.f_blocks == 0 || room >= bytes {
            return Ok(());
        }
        let full = io::Error::from_raw_os_error(libc::ENOSPC);
        Err(Failure::io(
            &format!("allocate {bytes} bytes, of which {room} are free, for"),
            &self.path,
            &full,
        ))
    }

    pub fn set_length(&self, bytes: u64) -> Outcome<()> {
        self.file.set_len(bytes).at(&format!("set the length {bytes} of"), &self.path)
    }

    pub fn write_all_at(&self, bytes: &[u8], offset: u64) -> Outcome<()> {
        self.file.write_all_at(bytes, offset).at("write", &self.path)
    }

    /// Has the disk begin with a range that is written, so that `sync` finds little left to wait for.
    /// Only advice: nothing is durable before `sync`, and only that tells of an error.
    pub fn start_writeback(&self, offset: u64, bytes: u64) {
        // SAFETY: a plain system call on a descriptor that `self.file` keeps open.
        unsafe {
            libc::sync_file_range(
                self.file.as_raw_fd(),
                offset as libc::off64_t,
                bytes as libc::off64_t,
                libc::SYNC_FILE_RANGE_WRITE,
            )
        };
    }

    pub fn sync(&self) -> Outcome<()> {
        self.file.sync_all().at("sync", &self.path)
    }

    pub fn keep(mut self) {
        self.keep = true;
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.keep {
            // Emptied first: whoever already opened it must not read unverified bytes.
            let _ = self.file.set_len(0);
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
