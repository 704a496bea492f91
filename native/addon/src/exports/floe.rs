use std::path::PathBuf;

use napi::Env;
use napi::bindgen_prelude::{Object, Uint8Array};
use napi_derive::napi;

use super::numbers::unsigned;
use crate::buffer;
use crate::control::thread_count;
use crate::error::Outcome;
use crate::job;
use crate::layout::Params;
use crate::open;
use crate::seal;
use crate::sealed::Opener;
use crate::secret::key_bytes;
use crate::verify;

type Thrown = napi::Error<String>;

#[napi(object, object_to_js = false)]
pub struct SealFileRequest {
    pub input: String,
    pub output: String,
    pub key: Uint8Array,
    pub aad: Uint8Array,
    pub segment_length: Option<u32>,
    pub threads: Option<u32>,
}

#[napi(object, object_from_js = false)]
pub struct SealedFile {
    pub plaintext_bytes: f64,
    pub plaintext_sha256: String,
    pub ciphertext_bytes: f64,
    pub ciphertext_sha256: String,
}

#[napi(object, object_to_js = false)]
pub struct OpenFileRequest {
    pub input: String,
    pub output: Option<String>,
    pub key: Uint8Array,
    pub aad: Uint8Array,
    pub plaintext_bytes: f64,
    pub segment_length: Option<u32>,
    pub threads: Option<u32>,
    pub huge_pages: Option<bool>,
    pub sync: Option<bool>,
}

#[napi(object, object_from_js = false)]
pub struct OpenedFile {
    pub plaintext_bytes: f64,
    pub huge_page_bytes: f64,
}

#[napi(object, object_from_js = false)]
pub struct VerifiedFile {
    pub plaintext_sha256: String,
    pub ciphertext_sha256: String,
}

#[napi(object, object_to_js = false)]
pub struct FloeBufferRequest {
    pub key: Uint8Array,
    pub aad: Uint8Array,
    pub data: Uint8Array,
    pub segment_length: u32,
    pub rotation_mask_bits: Option<u32>,
}

#[napi(catch_unwind)]
pub fn seal_file(env: &Env, request: SealFileRequest) -> Result<Object<'_>, Thrown> {
    let key = key_bytes(&request.key)?;
    let aad = request.aad.to_vec();
    let params = Params::new(request.segment_length, None)?;
    let (input, output) = (PathBuf::from(request.input), PathBuf::from(request.output));
    let threads = thread_count(request.threads);
    let body = move |control: &_| {
        let request =
            seal::SealRequest { input: &input, output: &output, key, aad, params, threads };
        seal::seal_file(&request, control)
    };
    job::start(env, body, |sealed| SealedFile {
        plaintext_bytes: sealed.plaintext_bytes as f64,
        plaintext_sha256: sealed.plaintext_sha256,
        ciphertext_bytes: sealed.ciphertext_bytes as f64,
        ciphertext_sha256: sealed.ciphertext_sha256,
    })
}

#[napi(catch_unwind)]
pub fn open_file(env: &Env, request: OpenFileRequest) -> Result<Object<'_>, Thrown> {
    let opener = opener(&request)?;
    let plaintext_bytes = request.plaintext_bytes;
    let (input, output) =
        (PathBuf::from(request.input), PathBuf::from(request.output.unwrap_or_default()));
    let (huge_pages, sync) = (request.huge_pages.unwrap_or(true), request.sync.unwrap_or(false));
    let threads = thread_count(request.threads);
    let body = move |control: &_| {
        let request =
            open::OpenRequest { input: &input, output: &output, opener, threads, huge_pages, sync };
        open::open_file(&request, control)
    };
    job::start(env, body, move |huge_page_bytes| OpenedFile {
        plaintext_bytes,
        huge_page_bytes: huge_page_bytes as f64,
    })
}

#[napi(catch_unwind)]
pub fn verify_file(env: &Env, request: OpenFileRequest) -> Result<Object<'_>, Thrown> {
    let opener = opener(&request)?;
    let input = PathBuf::from(request.input);
    let threads = thread_count(request.threads);
    let body = move |control: &_| verify::verify_file(&input, &opener, threads, control);
    job::start(env, body, |verified| VerifiedFile {
        plaintext_sha256: verified.plaintext_sha256,
        ciphertext_sha256: verified.ciphertext_sha256,
    })
}

#[napi(catch_unwind)]
pub fn seal_buffer(request: FloeBufferRequest) -> Result<Uint8Array, Thrown> {
    let key = key_bytes(&request.key)?;
    let params = Params::new(Some(request.segment_length), request.rotation_mask_bits)?;
    Ok(buffer::seal_buffer(params, &key, &request.aad, &request.data)?.into())
}

#[napi(catch_unwind)]
pub fn open_buffer(request: FloeBufferRequest) -> Result<Uint8Array, Thrown> {
    let key = key_bytes(&request.key)?;
    let params = Params::new(Some(request.segment_length), request.rotation_mask_bits)?;
    Ok(buffer::open_buffer(params, &key, &request.aad, &request.data)?.into())
}

fn opener(request: &OpenFileRequest) -> Outcome<Opener> {
    Ok(Opener {
        key: key_bytes(&request.key)?,
        aad: request.aad.to_vec(),
        params: Params::new(request.segment_length, None)?,
        plaintext_bytes: unsigned(request.plaintext_bytes, "plaintextBytes")?,
    })
}
