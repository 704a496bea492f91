//! A plaintext file into a FLOE file, hashing both in the same pass.

use std::path::Path;

use ring::digest::{Context, SHA256};

use crate::control::Control;
use crate::digest::hex;
use crate::error::Outcome;
use crate::floe::{KeyCache, PREFIX_BYTES, Session};
use crate::layout::{Layout, Params};
use crate::output::Output;
use crate::pipeline::{self, Blocks};
use crate::secret::KeyBytes;
use crate::source::Source;

pub struct SealRequest<'a> {
    pub input: &'a Path,
    pub output: &'a Path,
    pub key: KeyBytes,
    pub aad: Vec<u8>,
    pub params: Params,
    pub threads: usize,
}

pub struct Sealed {
    pub plaintext_bytes: u64,
    pub plaintext_sha256: String,
    pub ciphertext_bytes: u64,
    pub ciphertext_sha256: String,
}

struct SealBlocks<'a> {
    source: &'a Source,
    output: &'a Output,
    session: &'a Session,
    layout: Layout,
    control: &'a Control,
}

pub fn seal_file(request: &SealRequest, control: &Control) -> Outcome<Sealed> {
    let source = Source::open(request.input)?;
    let layout = Layout::new(request.params, source.bytes)?;
    let output = Output::create(request.output, [&source])?;
    output.allocate(layout.ciphertext_bytes())?;
    let (session, header) = Session::create(request.params, &request.key, &request.aad)?;
    output.write_all_at(&header, 0)?;
    let mut ciphertext = Context::new(&SHA256);
    ciphertext.update(&header);
    let blocks =
        SealBlocks { source: &source, output: &output, session: &session, layout, control };
    let (plaintext, ciphertext) =
        pipeline::run(&blocks, request.threads, Context::new(&SHA256), ciphertext)?;
    source.check_unchanged()?;
    output.sync()?;
    output.keep();
    Ok(Sealed {
        plaintext_bytes: layout.plaintext_bytes,
        plaintext_sha256: hex(plaintext),
        ciphertext_bytes: layout.ciphertext_bytes(),
        ciphertext_sha256: hex(ciphertext),
    })
}

impl Blocks for SealBlocks<'_> {
    type Worker = KeyCache;

    fn count(&self) -> u64 {
        self.layout.segments
    }

    fn buffer_bytes(&self) -> usize {
        self.layout.params.segment_bytes()
    }

    fn worker(&self) -> KeyCache {
        KeyCache::default()
    }

    fn load(&self, index: u64, buffer: &mut [u8]) -> Outcome<()> {
        self.control.check(&self.source.path)?;
        let segment = self.layout.segment(index);
        let plaintext = &mut buffer[PREFIX_BYTES..][..segment.plaintext_length];
        self.source.read_exact_at(plaintext, segment.plaintext_offset)
    }

    fn before<'a>(&self, index: u64, buffer: &'a [u8]) -> &'a [u8] {
        &buffer[PREFIX_BYTES..][..self.layout.segment(index).plaintext_length]
    }

    fn transform(&self, cache: &mut KeyCache, index: u64, buffer: &mut [u8]) -> Outcome<()> {
        let segment = self.layout.segment(index);
        let whole = &mut buffer[..segment.length];
        self.session.seal(cache, &segment, whole)?;
        self.output.write_all_at(whole, segment.file_offset)?;
        self.output.start_writeback(segment.file_offset, segment.length as u64);
        self.control.advance(segment.plaintext_length as u64);
        Ok(())
    }

    fn after<'a>(&self, index: u64, buffer: &'a [u8]) -> &'a [u8] {
        &buffer[..self.layout.segment(index).length]
    }
}
