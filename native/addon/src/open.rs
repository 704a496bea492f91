//! A FLOE file into a plaintext file, segments in parallel.

use std::path::Path;

use crate::control::{Control, for_each_index};
use crate::error::Outcome;
use crate::filesystem::{Filesystem, filesystem_of};
use crate::floe::{KeyCache, PREFIX_BYTES};
use crate::mapped_open::open_mapped;
use crate::output::Output;
use crate::sealed::{Opener, SealedFile};

pub struct OpenRequest<'a> {
    pub input: &'a Path,
    pub output: &'a Path,
    pub opener: Opener,
    pub threads: usize,
    pub huge_pages: Option<bool>,
    pub sync: bool,
}

/// How the plaintext got into the output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wrote {
    Huge,
    Mapped,
    Written,
}

pub fn open_file(request: &OpenRequest, control: &Control) -> Outcome<Wrote> {
    let sealed = SealedFile::open(request.input, &request.opener)?;
    let output = Output::create(request.output)?;
    let filesystem = filesystem_of(output.file(), request.output)?;
    let wrote = method(request.huge_pages, &filesystem);
    if sealed.layout.plaintext_bytes == 0 {
        control.check(request.input)?;
    } else if wrote == Wrote::Written {
        open_written(&sealed, &output, request.threads, control)?;
    } else {
        open_mapped(&sealed, &output, &filesystem, wrote, request.threads, control)?;
    }
    sealed.source.check_unchanged()?;
    if request.sync {
        output.sync()?;
    }
    output.keep();
    Ok(wrote)
}

/// pwrite beats a mapping by far with 4 KiB pages: no fault per page, and no page zeroed first.
/// hugetlbfs cannot be written at all.
fn method(asked: Option<bool>, filesystem: &Filesystem) -> Wrote {
    match (asked, filesystem) {
        (_, Filesystem::Hugetlbfs { .. }) => Wrote::Huge,
        (None | Some(true), Filesystem::Tmpfs { huge: true }) => Wrote::Huge,
        (Some(true), _) => Wrote::Mapped,
        _ => Wrote::Written,
    }
}

fn open_written(
    sealed: &SealedFile,
    output: &Output,
    threads: usize,
    control: &Control,
) -> Outcome<()> {
    let layout = sealed.layout;
    output.allocate(layout.plaintext_bytes)?;
    let new_state = || (KeyCache::default(), vec![0u8; layout.params.segment_bytes()]);
    for_each_index(threads, layout.segments, new_state, |(cache, buffer), position| {
        control.check(&sealed.source.path)?;
        let segment = layout.segment(position);
        sealed.read_segment(cache, position, buffer)?;
        let plaintext = &buffer[PREFIX_BYTES..][..segment.plaintext_length];
        output.write_all_at(plaintext, segment.plaintext_offset)?;
        control.advance(plaintext.len() as u64);
        Ok(())
    })
}
