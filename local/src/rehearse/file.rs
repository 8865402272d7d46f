//! Files that a rehearsal writes and reads: whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// It can't be read.
    #[error("{} can't be read: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It can't be written.
    #[error("{} can't be written: {source}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It holds no world.
    #[error("{}: {fault}", file.display())]
    World {
        /// The file.
        file: PathBuf,
        /// What of it is wrong.
        fault: emulator::SeedError,
    },
}

/// The world that a file holds.
pub fn read(file: &Path) -> Result<emulator::Seed, FileFault> {
    let text =
        fs::read_to_string(file).map_err(|source| FileFault::Read { file: file.to_owned(), source })?;
    emulator::Seed::from_json(&text).map_err(|fault| FileFault::World { file: file.to_owned(), fault })
}

/// Writes a file beside its place, and moves it there once it is whole: what was there stays until then. It takes the
/// place of a regular file and of nothing else; behind a link, of what it leads to.
pub fn write(file: &Path, text: &str) -> Result<(), FileFault> {
    let refused = |why: &str| {
        let source = io::Error::new(io::ErrorKind::InvalidInput, why);
        Err(FileFault::Write { file: file.to_owned(), source })
    };
    if file.as_os_str() == "-" {
        return refused("- is no file here; give its name");
    }
    let there = fs::canonicalize(file);
    let file = there.as_deref().unwrap_or(file);
    if fs::metadata(file).is_ok_and(|it| !it.is_file()) {
        return refused("what is there is no regular file");
    }
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let beside = file.with_file_name(name);
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, file));
    written.map_err(|source| {
        // Nothing is left behind; where even that fails, the first fault is the one to tell.
        drop(fs::remove_file(&beside));
        FileFault::Write { file: file.to_owned(), source }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_or_as_it_was() {
        let folder = std::env::temp_dir().join(format!("rehearse-file-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("world.json");
        write(&file, "one").unwrap();
        write(&file, "two").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "two");
        let fault = write(&folder.join("none").join("world.json"), "three").unwrap_err().to_string();
        assert!(fault.contains("can't be written"), "{fault}");
        let dash = write(Path::new("-"), "four").unwrap_err().to_string();
        assert!(dash.contains("give its name"), "{dash}");
        let device = write(Path::new("/dev/null"), "four").unwrap_err().to_string();
        assert!(device.contains("no regular file"), "{device}");
        // A folder stands where the file is to be.
        fs::create_dir(folder.join("taken")).unwrap();
        write(&folder.join("taken"), "four").unwrap_err();
        let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
        fs::remove_dir_all(&folder).unwrap();
    }
}
