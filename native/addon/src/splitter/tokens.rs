//! Counts tokens as the model's own tokenizer does.

use std::ops::Range;
use std::path::Path;

use tokenizers::{PostProcessor, Tokenizer};

use crate::error::{Failure, Outcome};

/// Rough size of an English token, where there is no tokenizer to ask.
const CHARACTERS_PER_TOKEN: usize = 4;

pub enum Tokens {
    /// Four characters count as a token.
    Characters,
    Tokenizer(Box<Tokenizer>),
}

impl Tokens {
    pub fn load(path: &Path) -> Outcome<Self> {
        let refused = |error| {
            Failure::invalid(format!("{}: not a readable tokenizer: {error}", path.display()))
        };
        let mut tokenizer = Tokenizer::from_file(path).map_err(refused)?;
        // A tokenizer.json may cut and pad to a length of its own, which would hide the real count.
        tokenizer.with_truncation(None).map_err(refused)?;
        tokenizer.with_padding(None);
        Ok(Self::Tokenizer(Box::new(tokenizer)))
    }

    /// Special tokens that the model's input has around every text.
    pub fn special(&self) -> usize {
        match self {
            Self::Characters => 0,
            Self::Tokenizer(tokenizer) => {
                tokenizer.get_post_processor().map_or(0, |processor| processor.added_tokens(false))
            }
        }
    }

    /// Tokens of a text that stands alone, special ones not included.
    pub fn count(&self, text: &str) -> Outcome<usize> {
        match self {
            Self::Characters => Ok(text.chars().count().div_ceil(CHARACTERS_PER_TOKEN)),
            Self::Tokenizer(tokenizer) => {
                Ok(tokenizer.encode_fast(text, false).map_err(failed)?.len())
            }
        }
    }

    /// Byte ranges of the tokens of a text, in order; undefined without a tokenizer.
    pub fn ranges(&self, text: &str) -> Outcome<Option<Vec<Range<usize>>>> {
        let Self::Tokenizer(tokenizer) = self else { return Ok(None) };
        let encoding = tokenizer.encode(text, false).map_err(failed)?;
        Ok(Some(encoding.get_offsets().iter().map(|&(start, end)| start..end).collect()))
    }
}

fn failed(error: tokenizers::Error) -> Failure {
    Failure::invalid(format!("the tokenizer refuses a text: {error}"))
}
