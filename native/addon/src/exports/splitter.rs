use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use napi::Env;
use napi::bindgen_prelude::{Object, Uint32Array};
use napi_derive::napi;

use crate::control::{for_each_index, thread_count};
use crate::error::Outcome;
use crate::job;
use crate::splitter::{self, Splitter, utf16_offsets};

type Thrown = napi::Error<String>;

#[napi(object, object_to_js = false)]
pub struct LoadSplitterRequest {
    pub tokenizer: Option<String>,
    pub max_tokens: u32,
    pub overlap_tokens: u32,
}

#[napi]
pub struct SplitterHandle {
    splitter: Arc<Splitter>,
}

#[napi(object, object_from_js = false)]
pub struct SplitTexts {
    pub counts: Uint32Array,
    pub chunks: Uint32Array,
}

#[napi]
impl SplitterHandle {
    #[napi(catch_unwind)]
    pub fn split<'env>(&self, env: &'env Env, texts: Vec<String>) -> Result<Object<'env>, Thrown> {
        let splitter = Arc::clone(&self.splitter);
        let body = move |control: &_| split_all(&splitter, &texts, control);
        job::start(env, body, |(counts, chunks)| SplitTexts {
            counts: Uint32Array::new(counts),
            chunks: Uint32Array::new(chunks),
        })
    }
}

#[napi(catch_unwind)]
pub fn load_splitter(env: &Env, request: LoadSplitterRequest) -> Result<Object<'_>, Thrown> {
    let body = move |_: &_| {
        let tokenizer = request.tokenizer.map(PathBuf::from);
        let (most, overlap) = (request.max_tokens as usize, request.overlap_tokens as usize);
        Splitter::new(tokenizer.as_deref(), most, overlap)
    };
    job::start(env, body, |splitter| SplitterHandle { splitter: Arc::new(splitter) })
}

#[napi]
pub fn splitter_version() -> String {
    splitter::version()
}

/// Chunks of each text, and start, end and tokens of all chunks.
fn split_all(
    splitter: &Splitter,
    texts: &[String],
    control: &crate::control::Control,
) -> Outcome<(Vec<u32>, Vec<u32>)> {
    let found = Mutex::new(vec![Vec::new(); texts.len()]);
    let step = |(): &mut (), index: u64| {
        control.check(Path::new("texts"))?;
        let index = index as usize;
        let text = &texts[index];
        let chunks = utf16_offsets(text, &splitter.split(text)?);
        control.advance(text.len() as u64);
        found.lock().unwrap_or_else(PoisonError::into_inner)[index] = chunks;
        Ok(())
    };
    for_each_index(thread_count(None), texts.len() as u64, || (), step)?;
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    let counts = found.iter().map(|chunks| (chunks.len() / 3) as u32).collect();
    Ok((counts, found.concat()))
}
