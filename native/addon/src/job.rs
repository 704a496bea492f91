//! A long operation as JavaScript sees it: a promise, and a handle with progress and cancel.

use std::sync::Arc;
use std::thread;

use napi::Env;
use napi::bindgen_prelude::{JavaScriptClassExt, JsObjectValue, Object, ToNapiValue};
use napi_derive::napi;

use crate::control::{Control, guarded};
use crate::error::Outcome;

#[napi]
pub struct JobHandle {
    control: Arc<Control>,
}

#[napi]
impl JobHandle {
    #[napi]
    pub fn progress(&self) -> f64 {
        self.control.done() as f64
    }

    #[napi]
    pub fn cancel(&self) {
        self.control.cancel();
    }
}

/// Runs `body` on a thread of its own and gives `{ promise, handle }`. `convert` runs on the
/// JavaScript thread.
pub fn start<'env, T, R>(
    env: &'env Env,
    body: impl FnOnce(&Control) -> Outcome<T> + Send + 'static,
    convert: impl FnOnce(T) -> R + Send + 'static,
) -> napi::Result<Object<'env>, String>
where
    T: Send + 'static,
    R: ToNapiValue + 'static,
{
    let control = Arc::new(Control::default());
    let (deferred, promise) = env.create_deferred().map_err(refused)?;
    let shared = Arc::clone(&control);
    thread::Builder::new()
        .name("berth-job".to_owned())
        .spawn(move || {
            let outcome = guarded(|| body(&shared));
            deferred.resolve(move |env| match outcome {
                Ok(value) => Ok(convert(value)),
                Err(failure) => Err(failure.into_rejection(env)),
            });
        })
        .map_err(|error| {
            napi::Error::new("EAGAIN".to_owned(), format!("cannot start a thread: {error}"))
        })?;
    describe(env, promise, JobHandle { control }).map_err(refused)
}

fn describe<'env>(
    env: &'env Env,
    promise: Object<'env>,
    handle: JobHandle,
) -> napi::Result<Object<'env>> {
    let mut job = Object::new(env)?;
    job.set_named_property("promise", promise)?;
    job.set_named_property("handle", handle.into_instance(env)?)?;
    Ok(job)
}

fn refused(error: napi::Error) -> napi::Error<String> {
    napi::Error::new("INVALID".to_owned(), format!("Node refused to start a job: {error}"))
}
