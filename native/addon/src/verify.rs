//! Decrypts a FLOE file without output, hashing both sides.

use std::path::Path;

use ring::digest::{Context, SHA256};

use crate::control::Control;
use crate::digest::hex;
use crate::error::Outcome;
use crate::floe::{KeyCache, PREFIX_BYTES};
use crate::pipeline::{self, Blocks};
use crate::sealed::{Opener, SealedFile};

pub struct Verified {
    pub plaintext_sha256: String,
    pub ciphertext_sha256: String,
}

struct VerifyBlocks<'a> {
    sealed: &'a SealedFile,
    control: &'a Control,
}

pub fn verify_file(
    input: &Path,
    opener: &Opener,
    threads: usize,
    control: &Control,
) -> Outcome<Verified> {
    let sealed = SealedFile::open(input, opener)?;
    let mut ciphertext = Context::new(&SHA256);
    ciphertext.update(&sealed.header);
    let blocks = VerifyBlocks { sealed: &sealed, control };
    let (ciphertext, plaintext) =
        pipeline::run(&blocks, threads, ciphertext, Context::new(&SHA256))?;
    sealed.source.check_unchanged()?;
    Ok(Verified { plaintext_sha256: hex(plaintext), ciphertext_sha256: hex(ciphertext) })
}

impl Blocks for VerifyBlocks<'_> {
    type Worker = KeyCache;

    fn count(&self) -> u64 {
        self.sealed.layout.segments
    }

    fn buffer_bytes(&self) -> usize {
        self.sealed.layout.params.segment_bytes()
    }

    fn worker(&self) -> KeyCache {
        KeyCache::default()
    }

    fn load(&self, index: u64, buffer: &mut [u8]) -> Outcome<()> {
        self.control.check(&self.sealed.source.path)?;
        let segment = self.sealed.layout.segment(index);
        self.sealed.source.read_exact_at(&mut buffer[..segment.length], segment.file_offset)
    }

    fn before<'a>(&self, index: u64, buffer: &'a [u8]) -> &'a [u8] {
        &buffer[..self.sealed.layout.segment(index).length]
    }

    fn transform(&self, cache: &mut KeyCache, index: u64, buffer: &mut [u8]) -> Outcome<()> {
        self.sealed.open_segment(cache, index, buffer)?;
        self.control.advance(self.sealed.layout.segment(index).plaintext_length as u64);
        Ok(())
    }

    fn after<'a>(&self, index: u64, buffer: &'a [u8]) -> &'a [u8] {
        &buffer[PREFIX_BYTES..][..self.sealed.layout.segment(index).plaintext_length]
    }
}
