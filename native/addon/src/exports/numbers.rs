//! JavaScript numbers as lengths and offsets.

use crate::error::{Failure, Outcome};

const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

pub fn unsigned(value: f64, what: &str) -> Outcome<u64> {
    if value.fract() == 0.0 && (0.0..=MAX_SAFE_INTEGER).contains(&value) {
        return Ok(value as u64);
    }
    Err(Failure::invalid(format!("{what} is {value}, expected a whole number of bytes")))
}
