//! A file from literal bytes and ranges of other files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::control::Control;
use crate::error::{Failure, Outcome};
use crate::output::Output;
use crate::source::Source;

const BLOCK_BYTES: u64 = 1 << 20;

pub enum Part {
    Bytes(Vec<u8>),
    Range { path: PathBuf, offset: u64, length: u64 },
}

impl Part {
    fn length(&self) -> u64 {
        match self {
            Part::Bytes(bytes) => bytes.len() as u64,
            Part::Range { length, .. } => *length,
        }
    }
}

pub fn assemble_file(path: &Path, parts: &[Part], control: &Control) -> Outcome<u64> {
    let sources = open_sources(parts)?;
    let too_long = || Failure::invalid("the parts' lengths overflow").in_file(path);
    let total = parts
        .iter()
        .try_fold(0u64, |sum, part| sum.checked_add(part.length()))
        .ok_or_else(too_long)?;
    let output = Output::create(path, sources.values())?;
    output.allocate(total)?;
    let mut buffer = vec![0u8; BLOCK_BYTES as usize];
    let mut position = 0u64;
    for part in parts {
        match part {
            Part::Bytes(bytes) => {
                control.check(path)?;
                output.write_all_at(bytes, position)?;
                control.advance(part.length());
            }
            Part::Range { path: from, offset, length } => {
                let copy = Copy { source: &sources[from], output: &output, control };
                copy.run(*offset, *length, position, &mut buffer)?;
            }
        }
        position += part.length();
    }
    for source in sources.values() {
        source.check_unchanged()?;
    }
    output.sync()?;
    output.keep();
    Ok(total)
}

fn open_sources(parts: &[Part]) -> Outcome<HashMap<PathBuf, Source>> {
    let mut sources: HashMap<PathBuf, Source> = HashMap::new();
    for part in parts {
        let Part::Range { path, offset, length } = part else { continue };
        if !sources.contains_key(path) {
            sources.insert(path.clone(), Source::open(path)?);
        }
        let end = offset.checked_add(*length);
        if end.is_none_or(|end| end > sources[path].bytes) {
            let found = sources[path].bytes;
            let detail = format!("it has {found} bytes, {length} are wanted from byte {offset} on");
            return Err(Failure::source_changed(path, &detail));
        }
    }
    Ok(sources)
}

struct Copy<'a> {
    source: &'a Source,
    output: &'a Output,
    control: &'a Control,
}

impl Copy<'_> {
    fn run(&self, from: u64, length: u64, to: u64, buffer: &mut [u8]) -> Outcome<()> {
        let mut done = 0;
        while done < length {
            self.control.check(&self.output.path)?;
            let block = &mut buffer[..BLOCK_BYTES.min(length - done) as usize];
            self.source.read_exact_at(block, from + done)?;
            self.output.write_all_at(block, to + done)?;
            done += block.len() as u64;
            self.control.advance(block.len() as u64);
        }
        Ok(())
    }
}
