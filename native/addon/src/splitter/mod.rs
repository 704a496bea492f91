//! Splits texts on paragraph, sentence and word borders into chunks of at most so many tokens.

mod offsets;
mod pieces;
mod sizer;
mod tokens;

pub use offsets::utf16_offsets;
pub use tokens::Tokens;

use std::path::Path;

use crate::error::{Failure, Outcome};
pub use pieces::Piece;

/// A change of how texts are split in this folder.
const OWN_VERSION: &str = "1";
/// A chunk has to have room for something beside its special tokens and its overlap.
const LEAST_CAPACITY: usize = 16;

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Tokens of a chunk, special tokens not included.
    pub capacity: usize,
    /// Tokens that a chunk repeats of the one before.
    pub overlap: usize,
}

pub struct Splitter {
    tokens: Tokens,
    limits: Limits,
}

impl Splitter {
    /// `tokenizer` is a `tokenizer.json`; without one, four characters count as a token.
    pub fn new(tokenizer: Option<&Path>, max_tokens: usize, overlap: usize) -> Outcome<Self> {
        let tokens = match tokenizer {
            Some(path) => Tokens::load(path)?,
            None => Tokens::Characters,
        };
        let special = tokens.special();
        let capacity = max_tokens.saturating_sub(special);
        if capacity < LEAST_CAPACITY {
            return Err(Failure::invalid(format!(
                "a chunk of {max_tokens} tokens has {special} special ones: give it at least {}",
                special + LEAST_CAPACITY
            )));
        }
        if overlap > capacity / 2 {
            return Err(Failure::invalid(format!(
                "an overlap of {overlap} tokens is more than half of the {capacity} that a chunk \
                 holds: make it smaller"
            )));
        }
        Ok(Self { tokens, limits: Limits { capacity, overlap } })
    }

    /// Chunks in the order of the text; none for a text of white space only.
    pub fn split(&self, text: &str) -> Outcome<Vec<Piece>> {
        pieces::split(&self.tokens, self.limits, text)
    }
}

/// Equal versions and limits split the same text in the same way.
pub fn version() -> String {
    format!("berth-{OWN_VERSION}+{}", env!("SPLITTER_VERSION"))
}
