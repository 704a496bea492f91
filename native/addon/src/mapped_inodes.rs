//! Which processes map given inodes: an unlinked file's bytes live as long as any does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use crate::error::{IoContext, Outcome};

/// `dev` as in `st_dev`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Inode {
    pub dev: u64,
    pub ino: u64,
}

#[derive(Default)]
pub struct Mapped {
    pub holders: BTreeMap<Inode, BTreeSet<u32>>,
    pub unreadable: Vec<u32>,
}

pub fn mapped_inodes(wanted: &BTreeSet<Inode>) -> Outcome<Mapped> {
    let processes = Path::new("/proc");
    let mut mapped = Mapped::default();
    for entry in fs::read_dir(processes).at("list", processes)? {
        let entry = entry.at("list", processes)?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        match fs::read(entry.path().join("maps")) {
            Ok(maps) => {
                for inode in maps
                    .split(|byte| *byte == b'\n')
                    .filter_map(inode_of)
                    .filter(|inode| wanted.contains(inode))
                {
                    mapped.holders.entry(inode).or_default().insert(pid);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                mapped.unreadable.push(pid)
            }
            // It ended meanwhile, so it maps nothing.
            Err(_) => {}
        }
    }
    Ok(mapped)
}

/// `start-end perms offset major:minor inode path` (proc_pid_maps(5)); numbers are hex but the inode.
fn inode_of(line: &[u8]) -> Option<Inode> {
    let mut fields = line.split(|byte| *byte == b' ').filter(|field| !field.is_empty());
    let device = std::str::from_utf8(fields.nth(3)?).ok()?;
    let ino = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let (major, minor) = device.split_once(':')?;
    let dev =
        libc::makedev(u32::from_str_radix(major, 16).ok()?, u32::from_str_radix(minor, 16).ok()?);
    (ino != 0).then_some(Inode { dev, ino })
}
