//! An input file, read by pread: a file that shrinks meanwhile is an error, where a mapping would
//! end the process with SIGBUS.

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::error::{Failure, IoContext, Outcome};

pub struct Source {
    file: File,
    pub path: PathBuf,
    pub bytes: u64,
    modified: (i64, i64),
    identity: (u64, u64),
}

impl Source {
    pub fn open(path: &Path) -> Outcome<Self> {
        let file = File::open(path).at("open", path)?;
        let metadata = file.metadata().at("stat", path)?;
        if !metadata.is_file() {
            return Err(Failure::invalid(format!("{}: not a regular file", path.display())));
        }
        // SAFETY: advice on a descriptor that `file` keeps open; a refusal only costs read-ahead.
        unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_SEQUENTIAL) };
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        let identity = (metadata.dev(), metadata.ino());
        Ok(Self { file, path: path.to_owned(), bytes: metadata.len(), modified, identity })
    }

    pub fn is_file_of(&self, metadata: &Metadata) -> bool {
        self.identity == (metadata.dev(), metadata.ino())
    }

    pub fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Outcome<()> {
        self.file.read_exact_at(buffer, offset).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                let end = offset + buffer.len() as u64;
                let detail = format!("it had {} bytes, now it ends before byte {end}", self.bytes);
                Failure::source_changed(&self.path, &detail)
            }
            _ => Failure::io("read", &self.path, &error),
        })
    }

    /// To be called after the last read.
    pub fn check_unchanged(&self) -> Outcome<()> {
        let now = self.file.metadata().at("stat", &self.path)?;
        if now.len() != self.bytes {
            let detail = format!("it had {} bytes, now {}", self.bytes, now.len());
            return Err(Failure::source_changed(&self.path, &detail));
        }
        if (now.mtime(), now.mtime_nsec()) != self.modified {
            return Err(Failure::source_changed(&self.path, "its modification time moved"));
        }
        Ok(())
    }
}
