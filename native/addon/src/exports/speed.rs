use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;

use crate::control::thread_count;
use crate::error::Failure;
use crate::job;
use crate::layout::Params;
use crate::speed;

#[napi(object, object_to_js = false)]
pub struct CipherSpeedRequest {
    pub seconds: f64,
    pub segment_length: Option<u32>,
    pub threads: Option<u32>,
}

#[napi(object, object_from_js = false)]
pub struct CipherSpeed {
    pub seal: f64,
    pub open: f64,
}

#[napi(catch_unwind)]
pub fn cipher_speed(
    env: &Env,
    request: CipherSpeedRequest,
) -> Result<Object<'_>, napi::Error<String>> {
    let params = Params::new(request.segment_length, None)?;
    let threads = thread_count(request.threads);
    let duration = Duration::try_from_secs_f64(request.seconds)
        .map_err(|error| Failure::invalid(format!("seconds {}: {error}", request.seconds)))?;
    let body = move |_: &_| speed::cipher_speed(params, threads, duration);
    job::start(env, body, |speed| CipherSpeed { seal: speed.seal, open: speed.open })
}
