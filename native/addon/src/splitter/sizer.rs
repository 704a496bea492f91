//! How large a part of a text is, for text-splitter, without tokenizing each part that it tries.

use std::ops::Range;

use text_splitter::TryChunkSizer;

use super::tokens::Tokens;
use crate::error::{Failure, Outcome};

/// A part has at least a token for so many bytes: an endless word, or a run of spaces, is one
/// token or none to some tokenizers, and would make a chunk as long as the text.
pub const BYTES_PER_TOKEN: usize = 64;

/// Counts by the places of the tokens of the whole text, which it finds once. A part on its own can
/// have another token or two than that, so what is chosen has to be counted again.
pub struct PlacedSizer<'text> {
    text: &'text str,
    tokens: &'text Tokens,
    places: Option<Places>,
}

struct Places {
    starts: Vec<usize>,
    ends: Vec<usize>,
}

impl<'text> PlacedSizer<'text> {
    pub fn new(tokens: &'text Tokens, text: &'text str) -> Outcome<Self> {
        let places = tokens.ranges(text)?.map(Places::new);
        Ok(Self { text, tokens, places })
    }

    /// Where the part lies in the text: the splitter hands out slices of what it was given.
    fn place(&self, part: &str) -> Option<Range<usize>> {
        let start = (part.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize)?;
        let end = start + part.len();
        (end <= self.text.len()).then_some(start..end)
    }
}

impl TryChunkSizer for PlacedSizer<'_> {
    type Error = Failure;

    fn try_size(&self, part: &str) -> Outcome<usize> {
        let count = match (&self.places, self.place(part)) {
            (Some(places), Some(place)) => places.count(place),
            _ => self.tokens.count(part)?,
        };
        Ok(count.max(part.len().div_ceil(BYTES_PER_TOKEN)))
    }
}

impl Places {
    fn new(ranges: Vec<Range<usize>>) -> Self {
        let (mut starts, mut ends): (Vec<_>, Vec<_>) =
            ranges.into_iter().map(|range| (range.start, range.end)).unzip();
        // In order already, but for normalizers that move characters.
        starts.sort_unstable();
        ends.sort_unstable();
        Self { starts, ends }
    }

    /// Tokens that lie in the range, wholly or in part.
    fn count(&self, range: Range<usize>) -> usize {
        let begun = self.starts.partition_point(|&start| start < range.end);
        let ended = self.ends.partition_point(|&end| end <= range.start);
        begun.saturating_sub(ended)
    }
}

/// Tokenizes each part that is tried: for the few that the places have misjudged.
pub struct ExactSizer<'text>(pub &'text Tokens);

impl TryChunkSizer for ExactSizer<'_> {
    type Error = Failure;

    fn try_size(&self, part: &str) -> Outcome<usize> {
        self.0.count(part)
    }
}
