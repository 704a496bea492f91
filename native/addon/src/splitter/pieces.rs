//! From a text to its chunks, window by window: text-splitter looks at everything that follows for
//! each chunk that it makes, and a tokenizer takes a hundred times the memory of its text.

use std::ops::Range;

use text_splitter::{ChunkConfig, TextSplitter, TryChunkSizer};

use super::Limits;
use super::sizer::{BYTES_PER_TOKEN, ExactSizer, PlacedSizer};
use super::tokens::Tokens;
use crate::error::{Failure, Outcome};

/// Chunks of the largest size that a window has room for.
const CHUNKS_PER_WINDOW: usize = 4;
const LIKELY_BYTES_PER_TOKEN: usize = 4;
const LEAST_WINDOW: usize = 32 * 1024;

/// A chunk: where it lies in its text in bytes, and its tokens with the special ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub place: Range<usize>,
    pub tokens: usize,
}

pub fn split(tokens: &Tokens, limits: Limits, text: &str) -> Outcome<Vec<Piece>> {
    if let Some(piece) = whole(tokens, limits, text)? {
        return Ok(vec![piece]);
    }
    let least = LEAST_WINDOW.max(CHUNKS_PER_WINDOW * BYTES_PER_TOKEN * limits.capacity);
    let mut pieces = Vec::new();
    let (mut from, mut length) = (0, least);
    while from < text.len() {
        let to = character_border(text, from.saturating_add(length));
        let places = places_in(tokens, limits, text, from..to)?;
        match places.as_slice() {
            _ if to == text.len() => {
                add(tokens, limits, text, &places, &mut pieces)?;
                break;
            }
            [] => (from, length) = (to, least),
            // The end of the window may have cut it: what looks like all of it, longer.
            [_] => length *= 2,
            // The next window begins with the last chunk, which the end of this one may have cut.
            [whole @ .., last] => {
                add(tokens, limits, text, whole, &mut pieces)?;
                (from, length) = (last.start, least);
            }
        }
    }
    Ok(pieces)
}

/// Most records are one chunk: those that are likely to fit are tokenized once only.
fn whole(tokens: &Tokens, limits: Limits, text: &str) -> Outcome<Option<Piece>> {
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed.len() > LIKELY_BYTES_PER_TOKEN * limits.capacity {
        return Ok(None);
    }
    let count = tokens.count(trimmed)?;
    let start = text.len() - text.trim_start().len();
    let place = start..start + trimmed.len();
    let piece = Piece { place, tokens: count + tokens.special() };
    Ok((count <= limits.capacity).then_some(piece))
}

fn places_in(
    tokens: &Tokens,
    limits: Limits,
    text: &str,
    window: Range<usize>,
) -> Outcome<Vec<Range<usize>>> {
    let from = window.start;
    let part = &text[window];
    places(limits, PlacedSizer::new(tokens, part)?, part, from)
}

/// Places in the text of the chunks of a part of it that begins at `from`.
fn places<S: TryChunkSizer<Error = Failure>>(
    limits: Limits,
    sizer: S,
    part: &str,
    from: usize,
) -> Outcome<Vec<Range<usize>>> {
    let config = ChunkConfig::new(limits.capacity)
        .with_sizer(sizer)
        .with_overlap(limits.overlap)
        .map_err(|error| Failure::invalid(error.to_string()))?;
    TextSplitter::new(config)
        .try_chunk_indices(part)
        .map(|chunk| {
            let (start, chunk) = chunk?;
            Ok(from + start..from + start + chunk.len())
        })
        .collect()
}

/// Adds the chunks with their exact numbers of tokens; one that is too large after all is split
/// again. Only a single character of more tokens than a chunk may have is left as it is.
fn add(
    tokens: &Tokens,
    limits: Limits,
    text: &str,
    places: &[Range<usize>],
    pieces: &mut Vec<Piece>,
) -> Outcome<()> {
    let special = tokens.special();
    for place in places {
        let count = tokens.count(&text[place.clone()])?;
        if count <= limits.capacity {
            pieces.push(Piece { place: place.clone(), tokens: count + special });
            continue;
        }
        let part = &text[place.clone()];
        for smaller in self::places(limits, ExactSizer(tokens), part, place.start)? {
            let count = tokens.count(&text[smaller.clone()])?;
            pieces.push(Piece { place: smaller, tokens: count + special });
        }
    }
    Ok(())
}

/// The last border of a character that is not behind `index`.
fn character_border(text: &str, index: usize) -> usize {
    let end = index.min(text.len());
    (0..4).map(|back| end.saturating_sub(back)).find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
