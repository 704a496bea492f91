use std::path::PathBuf;

use napi::Env;
use napi::bindgen_prelude::{Object, Uint8Array};
use napi_derive::napi;

use super::numbers::unsigned;
use crate::assemble::{self, Part};
use crate::control::thread_count;
use crate::error::{Failure, Outcome};
use crate::job;
use crate::scan::{self, Range};

type Thrown = napi::Error<String>;

#[napi(object, object_to_js = false)]
pub struct ScanRange {
    pub offset: f64,
    pub length: f64,
    pub dtype: String,
}

#[napi(object, object_to_js = false)]
pub struct ScanFileRequest {
    pub path: String,
    pub ranges: Vec<ScanRange>,
    pub threads: Option<u32>,
}

#[napi(object, object_from_js = false)]
pub struct NonFinite {
    pub range: u32,
    pub element: f64,
}

#[napi(object, object_from_js = false)]
pub struct ScannedFile {
    pub sha256: String,
    pub bytes: f64,
    pub non_finite: Vec<NonFinite>,
}

#[napi(object, object_to_js = false)]
pub struct HashFileRequest {
    pub path: String,
}

#[napi(object, object_from_js = false)]
pub struct HashedFile {
    pub sha256: String,
    pub bytes: f64,
}

#[napi(object, object_to_js = false)]
pub struct FilePart {
    pub bytes: Option<Uint8Array>,
    pub path: Option<String>,
    pub offset: Option<f64>,
    pub length: Option<f64>,
}

#[napi(object, object_to_js = false)]
pub struct AssembleFileRequest {
    pub output: String,
    pub parts: Vec<FilePart>,
}

#[napi(object, object_from_js = false)]
pub struct AssembledFile {
    pub bytes: f64,
}

#[napi(catch_unwind)]
pub fn scan_file(env: &Env, request: ScanFileRequest) -> Result<Object<'_>, Thrown> {
    let ranges: Vec<Range> = request
        .ranges
        .into_iter()
        .map(|range| {
            let (offset, length) =
                (unsigned(range.offset, "offset")?, unsigned(range.length, "length")?);
            Ok(Range { offset, length, dtype: range.dtype })
        })
        .collect::<Outcome<_>>()?;
    let path = PathBuf::from(request.path);
    let threads = thread_count(request.threads);
    let body = move |control: &_| scan::scan_file(&path, &ranges, threads, control);
    job::start(env, body, |scanned| ScannedFile {
        sha256: scanned.sha256,
        bytes: scanned.bytes as f64,
        non_finite: scanned
            .non_finite
            .into_iter()
            .map(|found| NonFinite { range: found.range, element: found.element as f64 })
            .collect(),
    })
}

/// Two threads: one hashes while the other reads.
#[napi(catch_unwind)]
pub fn hash_file(env: &Env, request: HashFileRequest) -> Result<Object<'_>, Thrown> {
    let path = PathBuf::from(request.path);
    let body = move |control: &_| scan::scan_file(&path, &[], 2, control);
    job::start(env, body, |scanned| HashedFile {
        sha256: scanned.sha256,
        bytes: scanned.bytes as f64,
    })
}

#[napi(catch_unwind)]
pub fn assemble_file(env: &Env, request: AssembleFileRequest) -> Result<Object<'_>, Thrown> {
    let parts: Vec<Part> = request.parts.into_iter().map(part).collect::<Outcome<_>>()?;
    let output = PathBuf::from(request.output);
    let body = move |control: &_| assemble::assemble_file(&output, &parts, control);
    job::start(env, body, |bytes| AssembledFile { bytes: bytes as f64 })
}

fn part(part: FilePart) -> Outcome<Part> {
    match part {
        FilePart { bytes: Some(bytes), .. } => Ok(Part::Bytes(bytes.to_vec())),
        FilePart { path: Some(path), offset: Some(offset), length: Some(length), .. } => {
            Ok(Part::Range {
                path: PathBuf::from(path),
                offset: unsigned(offset, "offset")?,
                length: unsigned(length, "length")?,
            })
        }
        _ => Err(Failure::invalid("a part is neither bytes nor a path with offset and length")),
    }
}
