//! FLOE (eprint 2025/2275): header, key schedule and segments, with AES-256-GCM and HKDF-SHA-384.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, Tag, UnboundKey};
use ring::hkdf::{HKDF_SHA384, KeyType, Prk};
use ring::rand::{SecureRandom, SystemRandom};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::{Failure, Outcome};
use crate::layout::{Params, Segment};
use crate::secret::Wiped;

pub const HEADER_BYTES: usize = 74;
/// Length field and IV, before the ciphertext of a segment.
pub const PREFIX_BYTES: usize = 16;
pub const TAG_BYTES: usize = 16;

const PARAMS_BYTES: usize = 10;
const IV_BYTES: usize = 32;
const INNER_MARK: [u8; 4] = [0xff; 4];

/// One message: its parameters, IV, associated data and message key.
pub struct Session {
    params: Params,
    iv: [u8; IV_BYTES],
    aad: Vec<u8>,
    message_key: Wiped<Prk>,
    random: SystemRandom,
}

/// The key of the segments under way; one per worker, replaced every 2^rotation positions.
#[derive(Default)]
pub struct KeyCache(Option<(u64, Wiped<LessSafeKey>)>);

#[derive(Clone, Copy)]
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Session {
    /// A new message: fresh IV, and the header to write before its segments.
    pub fn create(
        params: Params,
        key: &[u8; 32],
        aad: &[u8],
    ) -> Outcome<(Self, [u8; HEADER_BYTES])> {
        let random = SystemRandom::new();
        let mut iv = [0u8; IV_BYTES];
        random.fill(&mut iv).map_err(no_random)?;
        let root = Wiped::new(Prk::new_less_safe(HKDF_SHA384, key));
        let mut header = [0u8; HEADER_BYTES];
        header[..PARAMS_BYTES].copy_from_slice(&params.encode());
        header[PARAMS_BYTES..PARAMS_BYTES + IV_BYTES].copy_from_slice(&iv);
        let tag = &mut header[PARAMS_BYTES + IV_BYTES..];
        derive(&root, params, &iv, &[b"HEADER_TAG:"], aad, tag)?;
        Ok((Self::with_root(params, iv, aad, &root, random)?, header))
    }

    /// An existing message; fails where its parameters, the key or the associated data differ.
    pub fn resume(params: Params, key: &[u8; 32], aad: &[u8], header: &[u8]) -> Outcome<Self> {
        if header.len() != HEADER_BYTES {
            return Err(Failure::new("TRUNCATED", "shorter than a FLOE header"));
        }
        let (found_params, rest) = header.split_at(PARAMS_BYTES);
        if found_params != params.encode() {
            return Err(wrong_header());
        }
        let mut iv = [0u8; IV_BYTES];
        iv.copy_from_slice(&rest[..IV_BYTES]);
        let root = Wiped::new(Prk::new_less_safe(HKDF_SHA384, key));
        let mut expected = [0u8; 32];
        derive(&root, params, &iv, &[b"HEADER_TAG:"], aad, &mut expected)?;
        if !bool::from(expected.ct_eq(&rest[IV_BYTES..])) {
            return Err(wrong_header());
        }
        Self::with_root(params, iv, aad, &root, SystemRandom::new())
    }

    fn with_root(
        params: Params,
        iv: [u8; 32],
        aad: &[u8],
        root: &Prk,
        random: SystemRandom,
    ) -> Outcome<Self> {
        let mut message = Zeroizing::new([0u8; 48]);
        derive(root, params, &iv, &[b"MESSAGE_KEY:"], aad, message.as_mut())?;
        let message_key = Wiped::new(Prk::new_less_safe(HKDF_SHA384, message.as_ref()));
        Ok(Self { params, iv, aad: aad.to_vec(), message_key, random })
    }

    /// Encrypts a whole segment in place; `buffer` holds its plaintext after the prefix.
    pub fn seal(&self, cache: &mut KeyCache, segment: &Segment, buffer: &mut [u8]) -> Outcome<()> {
        let (prefix, rest) = buffer.split_at_mut(PREFIX_BYTES);
        let (body, tag) = rest.split_at_mut(segment.plaintext_length);
        let mut nonce = [0u8; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(no_random)?;
        prefix[..4].copy_from_slice(&length_field(segment));
        prefix[4..].copy_from_slice(&nonce);
        let sealed = self
            .segment_key(cache, segment.position)?
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                additional_data(segment),
                body,
            )
            .map_err(|_| Failure::invalid("segment too long to encrypt"))?;
        tag.copy_from_slice(sealed.as_ref());
        Ok(())
    }

    /// Decrypts a whole segment in place; its plaintext then lies after the prefix.
    pub fn open(&self, cache: &mut KeyCache, segment: &Segment, buffer: &mut [u8]) -> Outcome<()> {
        let (prefix, rest) = buffer.split_at_mut(PREFIX_BYTES);
        let (body, tag) = rest.split_at_mut(segment.plaintext_length);
        let corrupt =
            || Failure::new("AUTH", format!("segment {} does not verify", segment.position));
        let nonce = Nonce::try_assume_unique_for_key(&prefix[4..]).map_err(|_| corrupt())?;
        let tag = Tag::try_from(&*tag).map_err(|_| corrupt())?;
        if prefix[..4] != length_field(segment) {
            return Err(corrupt());
        }
        self.segment_key(cache, segment.position)?
            .open_in_place_separate_tag(nonce, additional_data(segment), tag, body, 0..)
            .map(|_| ())
            .map_err(|_| corrupt())
    }

    fn segment_key<'a>(&self, cache: &'a mut KeyCache, position: u64) -> Outcome<&'a LessSafeKey> {
        let masked = self.params.masked_position(position);
        let stale = !matches!(&cache.0, Some((cached, _)) if *cached == masked);
        if stale {
            let mut bytes = Zeroizing::new([0u8; 32]);
            let purpose: [&[u8]; 2] = [b"DEK:", &masked.to_be_bytes()];
            derive(&self.message_key, self.params, &self.iv, &purpose, &self.aad, bytes.as_mut())?;
            let key = UnboundKey::new(&AES_256_GCM, bytes.as_ref()).map_err(|_| key_failure())?;
            cache.0 = Some((masked, Wiped::new(LessSafeKey::new(key))));
        }
        cache.0.as_ref().map(|(_, key)| &**key).ok_or_else(key_failure)
    }
}

fn length_field(segment: &Segment) -> [u8; 4] {
    if segment.is_final { (segment.length as u32).to_be_bytes() } else { INNER_MARK }
}

fn additional_data(segment: &Segment) -> Aad<[u8; 9]> {
    let mut data = [0u8; 9];
    data[..8].copy_from_slice(&segment.position.to_be_bytes());
    data[8] = u8::from(segment.is_final);
    Aad::from(data)
}

fn derive(
    key: &Prk,
    params: Params,
    iv: &[u8; IV_BYTES],
    purpose: &[&[u8]],
    aad: &[u8],
    out: &mut [u8],
) -> Outcome<()> {
    let encoded = params.encode();
    let mut info: Vec<&[u8]> = vec![&encoded, iv];
    info.extend_from_slice(purpose);
    info.push(aad);
    let okm = key.expand(&info, Length(out.len())).map_err(|_| key_failure())?;
    okm.fill(out).map_err(|_| key_failure())
}

fn key_failure() -> Failure {
    Failure::invalid("key derivation failed")
}

fn wrong_header() -> Failure {
    Failure::new("HEADER", "FLOE header does not verify: wrong key, associated data or parameters")
}

fn no_random(_: ring::error::Unspecified) -> Failure {
    Failure::new("EIO", "the operating system gave no random bytes")
}
