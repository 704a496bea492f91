//! Failures that cross into JavaScript: a stable code and one line that names the file.

use std::io;
use std::path::Path;

use napi::{Env, JsError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub code: String,
    pub message: String,
}

pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new("INVALID", message)
    }

    pub fn cancelled(path: &Path) -> Self {
        Self::new("CANCELLED", format!("{}: cancelled", path.display()))
    }

    pub fn source_changed(path: &Path, detail: &str) -> Self {
        Self::new(
            "SOURCE_CHANGED",
            format!("{}: changed while it was read: {detail}", path.display()),
        )
    }

    pub fn in_file(self, path: &Path) -> Self {
        Self { message: format!("{}: {}", path.display(), self.message), ..self }
    }

    /// `action` is what was tried, as in "read" or "allocate 42 bytes for".
    pub fn io(action: &str, path: &Path, error: &io::Error) -> Self {
        let code = errno_name(error.raw_os_error());
        let advice = match code {
            "ENOSPC" | "EDQUOT" => ": no room left, free some or choose another folder",
            _ => "",
        };
        Self::new(code, format!("cannot {action} {}: {error}{advice}", path.display()))
    }
}

/// Attaches what was tried and on which file to an I/O error.
pub trait IoContext<T> {
    fn at(self, action: &str, path: &Path) -> Outcome<T>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn at(self, action: &str, path: &Path) -> Outcome<T> {
        self.map_err(|error| Failure::io(action, path, &error))
    }
}

impl From<Failure> for napi::Error<String> {
    fn from(failure: Failure) -> Self {
        napi::Error::new(failure.code, failure.message)
    }
}

impl Failure {
    /// A rejection that keeps our code: napi's own rejections know only its fixed statuses.
    pub fn into_rejection(self, env: Env) -> napi::Error {
        napi::Error::from(JsError::from(napi::Error::<String>::from(self)).into_unknown(env))
    }
}

fn errno_name(errno: Option<i32>) -> &'static str {
    match errno {
        Some(libc::ENOENT) => "ENOENT",
        Some(libc::EACCES) => "EACCES",
        Some(libc::EPERM) => "EPERM",
        Some(libc::ENOSPC) => "ENOSPC",
        Some(libc::EDQUOT) => "EDQUOT",
        Some(libc::EFBIG) => "EFBIG",
        Some(libc::EEXIST) => "EEXIST",
        Some(libc::EISDIR) => "EISDIR",
        Some(libc::ENOTDIR) => "ENOTDIR",
        Some(libc::EMFILE) => "EMFILE",
        Some(libc::ENFILE) => "ENFILE",
        Some(libc::ENOMEM) => "ENOMEM",
        Some(libc::EROFS) => "EROFS",
        Some(libc::EINVAL) => "EINVAL",
        Some(libc::ELOOP) => "ELOOP",
        Some(libc::ENAMETOOLONG) => "ENAMETOOLONG",
        Some(libc::EAGAIN) => "EAGAIN",
        Some(libc::ETXTBSY) => "ETXTBSY",
        _ => "EIO",
    }
}
