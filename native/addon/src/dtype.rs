//! NaN and infinity in runs of safetensors elements, little endian.

use crate::error::Outcome;

/// A float format in which `value & mask == pattern` means NaN or infinity.
#[derive(Clone, Copy)]
pub struct FloatFormat {
    pub element_bytes: usize,
    /// How many floats make one element of the tensor: 2 for complex numbers.
    pub floats_per_element: u64,
    first: fn(&[u8], u64, u64) -> Option<usize>,
    mask: u64,
    pattern: u64,
}

impl FloatFormat {
    /// None for dtypes that hold neither. OCP 8-bit formats: E4M3 has NaN only, the FNUZ variants
    /// have one NaN at what would be minus zero, E8M0 has one at 255.
    pub fn of(dtype: &str) -> Option<Self> {
        let exponent = |first, element_bytes, mask| Self::new(first, element_bytes, mask, mask);
        Some(match dtype {
            "F64" => exponent(first_u64, 8, 0x7ff0_0000_0000_0000),
            "F32" => exponent(first_u32, 4, 0x7f80_0000),
            "C64" => Self { floats_per_element: 2, ..exponent(first_u32, 4, 0x7f80_0000) },
            "BF16" => exponent(first_u16, 2, 0x7f80),
            "F16" => exponent(first_u16, 2, 0x7c00),
            "F8_E5M2" => exponent(first_u8, 1, 0x7c),
            "F8_E4M3" | "F8_E4M3FN" => exponent(first_u8, 1, 0x7f),
            "F8_E4M3FNUZ" | "F8_E5M2FNUZ" => Self::new(first_u8, 1, 0xff, 0x80),
            "F8_E8M0" => exponent(first_u8, 1, 0xff),
            _ => return None,
        })
    }

    fn new(
        first: fn(&[u8], u64, u64) -> Option<usize>,
        element_bytes: usize,
        mask: u64,
        pattern: u64,
    ) -> Self {
        Self { element_bytes, floats_per_element: 1, first, mask, pattern }
    }

    /// Index of the first float in `bytes` that is NaN or infinite.
    pub fn first_non_finite(&self, bytes: &[u8]) -> Option<usize> {
        (self.first)(bytes, self.mask, self.pattern)
    }

    pub fn check_length(&self, range: usize, length: u64) -> Outcome<()> {
        let element = self.element_bytes as u64 * self.floats_per_element;
        if length.is_multiple_of(element) {
            return Ok(());
        }
        let message =
            format!("range {range} has {length} bytes, not a multiple of its element's {element}");
        Err(crate::error::Failure::invalid(message))
    }
}

/// Whole blocks are tested without a branch per element, which the compiler turns into vector
/// instructions; only a block that holds something is searched.
macro_rules! first_of {
    ($name:ident, $type:ty) => {
        fn $name(bytes: &[u8], mask: u64, pattern: u64) -> Option<usize> {
            const WIDTH: usize = size_of::<$type>();
            const BLOCK: usize = 4096;
            let (mask, pattern) = (mask as $type, pattern as $type);
            let hit = |raw: &[u8]| {
                let mut value = [0u8; WIDTH];
                value.copy_from_slice(raw);
                <$type>::from_le_bytes(value) & mask == pattern
            };
            bytes.chunks(BLOCK).enumerate().find_map(|(index, block)| {
                let any = block.chunks_exact(WIDTH).fold(false, |any, raw| any | hit(raw));
                let within = if any { block.chunks_exact(WIDTH).position(hit) } else { None };
                within.map(|position| index * (BLOCK / WIDTH) + position)
            })
        }
    };
}

first_of!(first_u64, u64);
first_of!(first_u32, u32);
first_of!(first_u16, u16);
first_of!(first_u8, u8);
