//! What this process tells the kernel about itself, and what its CPU can do.

use std::io;
use std::path::Path;

use crate::error::{Failure, Outcome};

fn prctl(option: i32, argument: libc::c_ulong, what: &str) -> Outcome<i32> {
    // SAFETY: the options used here take one integer and touch no memory of ours.
    match unsafe { libc::prctl(option, argument, 0, 0, 0) } {
        -1 => Err(Failure::io(what, Path::new("this process"), &io::Error::last_os_error())),
        value => Ok(value),
    }
}

pub fn set_parent_death_signal(signal: i32) -> Outcome<()> {
    let signal = libc::c_ulong::try_from(signal).map_err(|_| Failure::invalid("signal below 0"))?;
    prctl(libc::PR_SET_PDEATHSIG, signal, "set the parent-death signal of").map(|_| ())
}

pub fn set_not_dumpable() -> Outcome<()> {
    prctl(libc::PR_SET_DUMPABLE, 0, "forbid core dumps of").map(|_| ())
}

pub fn is_dumpable() -> Outcome<bool> {
    Ok(prctl(libc::PR_GET_DUMPABLE, 0, "look at")? != 0)
}

#[derive(Default)]
pub struct Features {
    pub aes_ni: bool,
    pub vaes: bool,
    pub avx2: bool,
    pub avx512: bool,
    pub sha_ni: bool,
}

#[cfg(target_arch = "x86_64")]
pub fn features() -> Features {
    Features {
        aes_ni: is_x86_feature_detected!("aes"),
        vaes: is_x86_feature_detected!("vaes") && is_x86_feature_detected!("vpclmulqdq"),
        avx2: is_x86_feature_detected!("avx2"),
        avx512: is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw"),
        sha_ni: is_x86_feature_detected!("sha"),
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub fn features() -> Features {
    Features::default()
}
