use std::fs::File;
use std::path::Path;

use napi_derive::napi;

use crate::control::thread_count;
use crate::error::IoContext;
use crate::filesystem::{self, Filesystem};
use crate::process;

type Thrown = napi::Error<String>;

#[napi(object, object_from_js = false)]
pub struct CpuFeatures {
    pub aes_ni: bool,
    pub vaes: bool,
    pub avx2: bool,
    pub avx512: bool,
    pub sha_ni: bool,
    pub cores: u32,
}

#[napi]
pub fn set_parent_death_signal(signal: i32) -> Result<(), Thrown> {
    Ok(process::set_parent_death_signal(signal)?)
}

#[napi]
pub fn set_not_dumpable() -> Result<(), Thrown> {
    Ok(process::set_not_dumpable()?)
}

#[napi]
pub fn is_dumpable() -> Result<bool, Thrown> {
    Ok(process::is_dumpable()?)
}

#[napi]
pub fn filesystem_type(path: String) -> Result<&'static str, Thrown> {
    let path = Path::new(&path);
    let file = File::open(path).at("open", path)?;
    Ok(match filesystem::filesystem_of(&file, path)? {
        Filesystem::Tmpfs => "tmpfs",
        Filesystem::Hugetlbfs => "hugetlbfs",
        Filesystem::Other => "other",
    })
}

#[napi]
pub fn cpu_features() -> CpuFeatures {
    let features = process::features();
    CpuFeatures {
        aes_ni: features.aes_ni,
        vaes: features.vaes,
        avx2: features.avx2,
        avx512: features.avx512,
        sha_ni: features.sha_ni,
        cores: thread_count(None) as u32,
    }
}
