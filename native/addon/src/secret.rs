//! Key material that is wiped when it goes.

use std::mem::ManuallyDrop;
use std::ops::Deref;

use zeroize::{Zeroize, Zeroizing};

use crate::error::{Failure, Outcome};

pub type KeyBytes = Zeroizing<[u8; 32]>;

pub fn key_bytes(key: &[u8]) -> Outcome<KeyBytes> {
    let mut bytes = Zeroizing::new([0u8; 32]);
    if key.len() != bytes.len() {
        return Err(Failure::invalid(format!("key has {} bytes, expected 32", key.len())));
    }
    bytes.copy_from_slice(key);
    Ok(bytes)
}

/// Wipes a key schedule on drop. ring's key types hold their state inline and do not wipe it; boxed,
/// because a move would leave a copy behind.
pub struct Wiped<T>(Box<ManuallyDrop<T>>);

impl<T> Wiped<T> {
    pub fn new(value: T) -> Self {
        Self(Box::new(ManuallyDrop::new(value)))
    }
}

impl<T> Deref for Wiped<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Drop for Wiped<T> {
    fn drop(&mut self) {
        let value: *mut T = &raw mut **self.0;
        // SAFETY: the value is dropped exactly once, here; afterwards its memory, which the box
        // still owns, is only overwritten. ManuallyDrop runs no second drop.
        unsafe {
            std::ptr::drop_in_place(value);
            std::slice::from_raw_parts_mut(value.cast::<u8>(), size_of::<T>()).zeroize();
        }
    }
}
