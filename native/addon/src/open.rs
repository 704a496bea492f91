//! A FLOE file into a plaintext file, segments in parallel.

use std::path::Path;

use crate::control::{Control, for_each_index};
use crate::error::{Failure, Outcome};
use crate::filesystem::{Filesystem, filesystem_of};
use crate::floe::{KeyCache, PREFIX_BYTES};
use crate::huge_output::HugeOutput;
use crate::output::Output;
use crate::sealed::{Opener, SealedFile};

pub struct OpenRequest<'a> {
    pub input: &'a Path,
    pub output: &'a Path,
    pub opener: Opener,
    pub threads: usize,
    pub huge_pages: bool,
    pub sync: bool,
}

/// Returns how many bytes of the output lie in huge pages.
pub fn open_file(request: &OpenRequest, control: &Control) -> Outcome<u64> {
    let sealed = SealedFile::open(request.input, &request.opener)?;
    let output = Output::create(request.output, [&sealed.source])?;
    let bytes = sealed.layout.plaintext_bytes;
    let huge = match filesystem_of(output.file(), &output.path)? {
        Filesystem::Tmpfs if request.huge_pages => HugeOutput::new(&output, bytes)?,
        Filesystem::Hugetlbfs => return Err(no_hugetlbfs(&output.path)),
        _ => None,
    };
    let huge_bytes = match &huge {
        Some(huge) => {
            output.check_room(bytes)?;
            let write = |plaintext: &[u8], offset| huge.write_all_at(plaintext, offset);
            open_segments(&sealed, request.threads, control, write)?;
            huge.huge_bytes()
        }
        None => {
            output.allocate(bytes)?;
            let write = |plaintext: &[u8], offset| {
                output.write_all_at(plaintext, offset)?;
                if request.sync {
                    output.start_writeback(offset, plaintext.len() as u64);
                }
                Ok(())
            };
            open_segments(&sealed, request.threads, control, write)?;
            0
        }
    };
    sealed.source.check_unchanged()?;
    if request.sync {
        output.sync()?;
    }
    drop(huge);
    output.keep();
    Ok(huge_bytes)
}

/// Only verified plaintext reaches `write`.
fn open_segments(
    sealed: &SealedFile,
    threads: usize,
    control: &Control,
    write: impl Fn(&[u8], u64) -> Outcome<()> + Sync,
) -> Outcome<()> {
    let layout = sealed.layout;
    let new_state = || (KeyCache::default(), vec![0u8; layout.params.segment_bytes()]);
    for_each_index(threads, layout.segments, new_state, |(cache, buffer), position| {
        control.check(&sealed.source.path)?;
        let segment = layout.segment(position);
        sealed.read_segment(cache, position, buffer)?;
        let plaintext = &buffer[PREFIX_BYTES..][..segment.plaintext_length];
        write(plaintext, segment.plaintext_offset)?;
        control.advance(plaintext.len() as u64);
        Ok(())
    })
}

fn no_hugetlbfs(path: &Path) -> Failure {
    let message = "hugetlbfs holds only whole huge pages, not a file of any length: use a tmpfs";
    Failure::invalid(message).in_file(path)
}
