//! A FLOE file on disk whose plaintext length is known from a signed manifest.

use std::path::Path;

use crate::error::{Failure, Outcome};
use crate::floe::{HEADER_BYTES, KeyCache, Session};
use crate::layout::{Layout, Params};
use crate::secret::KeyBytes;
use crate::source::Source;

pub struct SealedFile {
    pub source: Source,
    pub layout: Layout,
    pub session: Session,
    pub header: [u8; HEADER_BYTES],
}

/// What opens a FLOE file.
pub struct Opener {
    pub key: KeyBytes,
    pub aad: Vec<u8>,
    pub params: Params,
    pub plaintext_bytes: u64,
}

impl SealedFile {
    /// Checks length, header and final segment, so truncation shows before anything is written.
    pub fn open(path: &Path, opener: &Opener) -> Outcome<Self> {
        let source = Source::open(path)?;
        let layout = Layout::new(opener.params, opener.plaintext_bytes)?;
        check_length(&source, layout.ciphertext_bytes())?;
        let mut header = [0u8; HEADER_BYTES];
        source.read_exact_at(&mut header, 0)?;
        let session = Session::resume(opener.params, &opener.key, &opener.aad, &header)
            .map_err(|failure| failure.in_file(path))?;
        let sealed = Self { source, layout, session, header };
        let last = layout.segment(layout.segments - 1);
        sealed.read_segment(
            &mut KeyCache::default(),
            last.position,
            &mut vec![0u8; last.length],
        )?;
        Ok(sealed)
    }

    /// Reads and decrypts a segment in place; its plaintext lies after the prefix.
    pub fn read_segment(
        &self,
        cache: &mut KeyCache,
        position: u64,
        buffer: &mut [u8],
    ) -> Outcome<()> {
        let segment = self.layout.segment(position);
        let whole = &mut buffer[..segment.length];
        self.source.read_exact_at(whole, segment.file_offset)?;
        self.open_segment(cache, position, whole)
    }

    pub fn open_segment(
        &self,
        cache: &mut KeyCache,
        position: u64,
        buffer: &mut [u8],
    ) -> Outcome<()> {
        let segment = self.layout.segment(position);
        self.session
            .open(cache, &segment, &mut buffer[..segment.length])
            .map_err(|failure| failure.in_file(&self.source.path))
    }
}

fn check_length(source: &Source, expected: u64) -> Outcome<()> {
    let code = match source.bytes.cmp(&expected) {
        std::cmp::Ordering::Less => "TRUNCATED",
        std::cmp::Ordering::Greater => "TRAILING",
        std::cmp::Ordering::Equal => return Ok(()),
    };
    let message = format!("has {} bytes, expected {expected}", source.bytes);
    Err(Failure::new(code, message).in_file(&source.path))
}
