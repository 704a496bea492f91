//! Where the segments of a FLOE message lie, on both sides.

use crate::error::{Failure, Outcome};
use crate::floe::{HEADER_BYTES, PREFIX_BYTES, TAG_BYTES};

/// Length field, IV and tag.
pub const OVERHEAD_BYTES: usize = PREFIX_BYTES + TAG_BYTES;
pub const DEFAULT_SEGMENT_BYTES: u32 = 1 << 20;

const MAX_SEGMENT_BYTES: u32 = 1 << 26;
const MAX_SEGMENTS: u64 = 1 << 40;
const DEFAULT_ROTATION_BITS: u32 = 20;

#[derive(Clone, Copy)]
pub struct Params {
    segment_bytes: u32,
    rotation_bits: u32,
}

impl Params {
    /// `segment_bytes` is the encrypted length; `rotation_bits` is 20 outside the known answers.
    pub fn new(segment_bytes: Option<u32>, rotation_bits: Option<u32>) -> Outcome<Self> {
        let segment_bytes = segment_bytes.unwrap_or(DEFAULT_SEGMENT_BYTES);
        let rotation_bits = rotation_bits.unwrap_or(DEFAULT_ROTATION_BITS);
        if segment_bytes <= OVERHEAD_BYTES as u32 || segment_bytes > MAX_SEGMENT_BYTES {
            return Err(Failure::invalid(format!(
                "segment length {segment_bytes} is outside {}..={MAX_SEGMENT_BYTES}",
                OVERHEAD_BYTES + 1,
            )));
        }
        if rotation_bits > 40 {
            return Err(Failure::invalid(format!(
                "rotation mask of {rotation_bits} bits exceeds 40"
            )));
        }
        Ok(Self { segment_bytes, rotation_bits })
    }

    pub fn segment_bytes(self) -> usize {
        self.segment_bytes as usize
    }

    /// Plaintext of a full segment.
    pub fn chunk_bytes(self) -> usize {
        self.segment_bytes() - OVERHEAD_BYTES
    }

    pub fn masked_position(self, position: u64) -> u64 {
        position >> self.rotation_bits << self.rotation_bits
    }

    pub fn encode(self) -> [u8; 10] {
        let mut encoded = [0u8; 10];
        encoded[2..6].copy_from_slice(&self.segment_bytes.to_be_bytes());
        encoded[6..].copy_from_slice(&32u32.to_be_bytes());
        encoded
    }
}

#[derive(Clone, Copy)]
pub struct Segment {
    pub position: u64,
    pub is_final: bool,
    pub plaintext_offset: u64,
    pub plaintext_length: usize,
    pub file_offset: u64,
    /// Encrypted length, overhead included.
    pub length: usize,
}

/// The layout that `sealFile` writes: the final segment is empty only where the plaintext is.
#[derive(Clone, Copy)]
pub struct Layout {
    pub params: Params,
    pub plaintext_bytes: u64,
    pub segments: u64,
}

impl Layout {
    pub fn new(params: Params, plaintext_bytes: u64) -> Outcome<Self> {
        let segments = plaintext_bytes.div_ceil(params.chunk_bytes() as u64).max(1);
        if segments > MAX_SEGMENTS {
            return Err(Failure::invalid(format!(
                "{plaintext_bytes} bytes need more than 2^40 segments"
            )));
        }
        Ok(Self { params, plaintext_bytes, segments })
    }

    pub fn ciphertext_bytes(&self) -> u64 {
        HEADER_BYTES as u64 + self.plaintext_bytes + self.segments * OVERHEAD_BYTES as u64
    }

    pub fn segment(&self, position: u64) -> Segment {
        let is_final = position + 1 == self.segments;
        let plaintext_offset = position * self.params.chunk_bytes() as u64;
        let plaintext_length = if is_final {
            (self.plaintext_bytes - plaintext_offset) as usize
        } else {
            self.params.chunk_bytes()
        };
        Segment {
            position,
            is_final,
            plaintext_offset,
            plaintext_length,
            file_offset: HEADER_BYTES as u64 + position * self.params.segment_bytes() as u64,
            length: plaintext_length + OVERHEAD_BYTES,
        }
    }
}
