//! Whole small messages in memory.

use zeroize::Zeroizing;

use crate::error::{Failure, Outcome};
use crate::floe::{HEADER_BYTES, KeyCache, PREFIX_BYTES, Session, TAG_BYTES};
use crate::layout::{Layout, OVERHEAD_BYTES, Params, Segment};

pub fn seal_buffer(params: Params, key: &[u8; 32], aad: &[u8], data: &[u8]) -> Outcome<Vec<u8>> {
    let layout = Layout::new(params, data.len() as u64)?;
    let (session, header) = Session::create(params, key, aad)?;
    let mut cache = KeyCache::default();
    let mut out = vec![0u8; layout.ciphertext_bytes() as usize];
    out[..HEADER_BYTES].copy_from_slice(&header);
    for position in 0..layout.segments {
        let segment = layout.segment(position);
        let from = segment.plaintext_offset as usize;
        let buffer = &mut out[segment.file_offset as usize..][..segment.length];
        buffer[PREFIX_BYTES..][..segment.plaintext_length]
            .copy_from_slice(&data[from..from + segment.plaintext_length]);
        session.seal(&mut cache, &segment, buffer)?;
    }
    Ok(out)
}

/// Reads segment after segment, so it also takes messages whose final segment is empty.
pub fn open_buffer(params: Params, key: &[u8; 32], aad: &[u8], data: &[u8]) -> Outcome<Vec<u8>> {
    let header = data.get(..HEADER_BYTES).ok_or_else(truncated)?;
    let session = Session::resume(params, key, aad, header)?;
    let mut cache = KeyCache::default();
    let mut out = Zeroizing::new(Vec::with_capacity(data.len()));
    let mut rest = &data[HEADER_BYTES..];
    for position in 0u64.. {
        let segment = next_segment(params, position, rest, out.len() as u64)?;
        let mut buffer = Zeroizing::new(rest[..segment.length].to_vec());
        session.open(&mut cache, &segment, &mut buffer)?;
        out.extend_from_slice(&buffer[PREFIX_BYTES..buffer.len() - TAG_BYTES]);
        rest = &rest[segment.length..];
        if segment.is_final {
            break;
        }
    }
    if !rest.is_empty() {
        return Err(Failure::new(
            "TRAILING",
            format!("{} bytes after the final segment", rest.len()),
        ));
    }
    Ok(std::mem::take(&mut *out))
}

fn next_segment(
    params: Params,
    position: u64,
    rest: &[u8],
    plaintext_offset: u64,
) -> Outcome<Segment> {
    let field: [u8; 4] =
        rest.get(..4).and_then(|field| field.try_into().ok()).ok_or_else(truncated)?;
    let stated = u32::from_be_bytes(field);
    let is_final = stated != u32::MAX;
    let length = if is_final { stated as usize } else { params.segment_bytes() };
    if !(OVERHEAD_BYTES..=params.segment_bytes()).contains(&length) {
        return Err(Failure::new("AUTH", format!("segment {position} states {length} bytes")));
    }
    if rest.len() < length {
        return Err(truncated());
    }
    Ok(Segment {
        position,
        is_final,
        plaintext_offset,
        plaintext_length: length - OVERHEAD_BYTES,
        file_offset: HEADER_BYTES as u64 + position * params.segment_bytes() as u64,
        length,
    })
}

fn truncated() -> Failure {
    Failure::new("TRUNCATED", "message ends before its final segment")
}
