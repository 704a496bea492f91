//! Decrypts straight into a mapping of the output: with huge pages that saves a copy.

use std::io::{self, IoSliceMut};

use crate::control::{Control, for_each_index};
use crate::error::{Failure, Outcome};
use crate::filesystem::Filesystem;
use crate::floe::{KeyCache, PREFIX_BYTES, TAG_BYTES};
use crate::mapping::SharedMapping;
use crate::open::Wrote;
use crate::output::Output;
use crate::sealed::SealedFile;
use crate::source::Source;

pub fn open_mapped(
    sealed: &SealedFile,
    output: &Output,
    filesystem: &Filesystem,
    wrote: Wrote,
    threads: usize,
    control: &Control,
) -> Outcome<()> {
    let layout = sealed.layout;
    let mapping = reserve(output, layout.plaintext_bytes, filesystem, wrote)?;
    for_each_index(threads, layout.segments, KeyCache::default, |cache, position| {
        control.check(&sealed.source.path)?;
        let segment = layout.segment(position);
        if wrote == Wrote::Huge {
            mapping.populate(segment.plaintext_offset, segment.plaintext_length, &output.path)?;
        }
        // SAFETY: segments do not overlap, each is handled once, and its pages were allocated.
        let body = unsafe { mapping.slice(segment.plaintext_offset, segment.plaintext_length) };
        let mut prefix = [0u8; PREFIX_BYTES];
        let mut tag = [0u8; TAG_BYTES];
        read_scattered(&sealed.source, &mut prefix, body, &mut tag, segment.file_offset)?;
        sealed
            .session
            .open_parts(cache, &segment, &prefix, body, &tag)
            .map_err(|failure| failure.in_file(&sealed.source.path))?;
        control.advance(segment.plaintext_length as u64);
        Ok(())
    })
}

/// fallocate fills a tmpfs with small pages unless it is mounted `huge=always`, so for huge pages
/// the room is reserved by populating the mapping, which reports a full tmpfs as an error too.
fn reserve(
    output: &Output,
    bytes: u64,
    filesystem: &Filesystem,
    wrote: Wrote,
) -> Outcome<SharedMapping> {
    match filesystem {
        Filesystem::Hugetlbfs { page_bytes } if !bytes.is_multiple_of(*page_bytes) => {
            return Err(Failure::invalid(format!(
                "{}: hugetlbfs holds only multiples of its page of {page_bytes} bytes, not {bytes}: use a tmpfs mounted with huge=advise",
                output.path.display(),
            )));
        }
        _ if wrote == Wrote::Huge => output.set_length(bytes)?,
        _ => output.allocate(bytes)?,
    }
    let mapping = SharedMapping::writable(output.file(), bytes, &output.path)?;
    mapping.advise_private_plaintext();
    Ok(mapping)
}

fn read_scattered(
    source: &Source,
    prefix: &mut [u8],
    body: &mut [u8],
    tag: &mut [u8],
    offset: u64,
) -> Outcome<()> {
    let expected = prefix.len() + body.len() + tag.len();
    let mut parts = [IoSliceMut::new(prefix), IoSliceMut::new(body), IoSliceMut::new(tag)];
    let mut slices = &mut parts[..];
    let mut done = 0;
    while done < expected {
        // SAFETY: IoSliceMut has the layout of iovec, and the slices outlive the call.
        let read = unsafe {
            libc::preadv(
                source.descriptor(),
                slices.as_ptr().cast::<libc::iovec>(),
                slices.len() as libc::c_int,
                (offset + done as u64) as libc::off_t,
            )
        };
        if read > 0 {
            done += read as usize;
            IoSliceMut::advance_slices(&mut slices, read as usize);
            continue;
        }
        let error = if read == 0 {
            io::ErrorKind::UnexpectedEof.into()
        } else {
            io::Error::last_os_error()
        };
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(source.read_failure(&error, offset + done as u64));
        }
    }
    Ok(())
}
