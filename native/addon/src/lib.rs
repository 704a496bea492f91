//! Berth's native data path: FLOE files, scans, assembly, residency and process settings.
//! `native/addon/index.ts` is its typed face.

#![deny(clippy::unwrap_used, clippy::expect_used)]

mod assemble;
mod buffer;
mod control;
mod digest;
mod dtype;
mod error;
mod exports;
mod filesystem;
mod floe;
mod huge_output;
mod job;
mod layout;
mod mapped_inodes;
mod mapping;
mod open;
mod output;
mod pipeline;
mod process;
mod residency;
mod scan;
mod seal;
mod sealed;
mod secret;
mod source;
mod speed;
mod splitter;
mod verify;
