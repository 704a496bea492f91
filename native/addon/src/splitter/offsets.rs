//! JavaScript counts its strings in UTF-16 units.

use super::Piece;

/// Start, end and tokens of each piece, one after another. Pieces are in order of both borders.
pub fn utf16_offsets(text: &str, pieces: &[Piece]) -> Vec<u32> {
    let mut starts = Cursor { text, bytes: 0, units: 0 };
    let mut ends = Cursor { text, bytes: 0, units: 0 };
    pieces
        .iter()
        .flat_map(|piece| {
            let start = starts.move_to(piece.place.start);
            let end = ends.move_to(piece.place.end);
            [start, end, u32::try_from(piece.tokens).unwrap_or(u32::MAX)]
        })
        .collect()
}

struct Cursor<'text> {
    text: &'text str,
    bytes: usize,
    units: u32,
}

impl Cursor<'_> {
    fn move_to(&mut self, bytes: usize) -> u32 {
        let passed = self.text.get(self.bytes..bytes).unwrap_or_default();
        let units: usize = passed.chars().map(char::len_utf16).sum();
        self.units += u32::try_from(units).unwrap_or(u32::MAX);
        self.bytes = bytes;
        self.units
    }
}
