use std::collections::BTreeSet;
use std::path::PathBuf;

use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;

use super::numbers::unsigned;
use crate::error::Outcome;
use crate::job;
use crate::mapped_inodes::{self, Inode};
use crate::residency::{self, Locked};

type Thrown = napi::Error<String>;

#[napi(object, object_to_js = false)]
pub struct InodeId {
    pub dev: f64,
    pub ino: f64,
}

#[napi(object, object_from_js = false)]
pub struct MappedInode {
    pub dev: f64,
    pub ino: f64,
    pub pids: Vec<u32>,
}

#[napi(object, object_from_js = false)]
pub struct MappedInodes {
    pub mapped: Vec<MappedInode>,
    pub unreadable_pids: Vec<u32>,
}

#[napi]
pub struct LockedFile {
    locked: Locked,
}

#[napi]
impl LockedFile {
    #[napi(getter)]
    pub fn bytes(&self) -> f64 {
        self.locked.bytes as f64
    }

    #[napi]
    pub fn unlock(&mut self) {
        self.locked.unlock();
    }
}

#[napi(catch_unwind)]
pub fn resident_bytes(env: &Env, path: String) -> Result<Object<'_>, Thrown> {
    let path = PathBuf::from(path);
    job::start(env, move |_| residency::resident_bytes(&path), |bytes| bytes as f64)
}

#[napi(catch_unwind)]
pub fn touch_pages(env: &Env, path: String) -> Result<Object<'_>, Thrown> {
    let path = PathBuf::from(path);
    job::start(env, move |_| residency::touch_pages(&path), |sum| sum as f64)
}

#[napi(catch_unwind)]
pub fn advise(env: &Env, path: String, advice: String) -> Result<Object<'_>, Thrown> {
    let path = PathBuf::from(path);
    job::start(env, move |_| residency::advise(&path, &advice), |offered| offered)
}

#[napi(catch_unwind)]
pub fn lock_file(env: &Env, path: String) -> Result<Object<'_>, Thrown> {
    let path = PathBuf::from(path);
    job::start(env, move |_| residency::lock_file(&path), |locked| LockedFile { locked })
}

#[napi(catch_unwind)]
pub fn mapped_inodes(env: &Env, inodes: Vec<InodeId>) -> Result<Object<'_>, Thrown> {
    let wanted: BTreeSet<Inode> = inodes
        .iter()
        .map(|id| Ok(Inode { dev: unsigned(id.dev, "dev")?, ino: unsigned(id.ino, "ino")? }))
        .collect::<Outcome<_>>()?;
    job::start(
        env,
        move |_| mapped_inodes::mapped_inodes(&wanted),
        |mapped| MappedInodes {
            mapped: mapped
                .holders
                .into_iter()
                .map(|(inode, pids)| MappedInode {
                    dev: inode.dev as f64,
                    ino: inode.ino as f64,
                    pids: pids.into_iter().collect(),
                })
                .collect(),
            unreadable_pids: mapped.unreadable,
        },
    )
}
