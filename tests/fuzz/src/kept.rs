//! What is kept in the repository: corpora and dictionaries.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Target;

/// The inputs that are kept for a target, each with its file.
#[must_use]
pub fn corpus(target: Target) -> Vec<(PathBuf, Vec<u8>)> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name))
}

/// The files of `events/` that go to a function; none for other targets. `tests/system/door.rs` sends each as it is.
#[must_use]
pub fn events(target: Target) -> Vec<(PathBuf, Vec<u8>)> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(target.name))
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(found) = fs::read_dir(folder) else { return Vec::new() };
    // In one order, so that a seed means the same everywhere.
    let files: BTreeSet<PathBuf> = found.filter_map(|file| Some(file.ok()?.path())).collect();
    files.into_iter().filter_map(|file| Some((file.clone(), fs::read(file).ok()?))).collect()
}

/// The words of a target's dictionary, which is in libFuzzer's form: a word in quotes a line.
///
/// Source: <https://llvm.org/docs/LibFuzzer.html#dictionaries>
#[must_use]
pub fn dictionary(target: Target) -> Vec<Vec<u8>> {
    let file = format!("{}/dictionaries/{}.dict", env!("CARGO_MANIFEST_DIR"), target.dictionary);
    let text = fs::read_to_string(&file).unwrap_or_else(|fault| panic!("{file}: {fault}"));
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| word(line).unwrap_or_else(|| panic!("{file}: {line} is no word"))).collect()
}

/// `"a\"b\\\x0a"`: a backslash stands before quotes, itself, and the two digits of a byte.
fn word(line: &str) -> Option<Vec<u8>> {
    let mut signs = line.strip_prefix('"')?.strip_suffix('"')?.bytes();
    let mut word = Vec::new();
    while let Some(sign) = signs.next() {
        match (sign, sign == b'\\') {
            (_, false) => word.push(sign),
            _ => match signs.next()? {
                b'x' => {
                    let digits = [signs.next()?, signs.next()?];
                    word.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
                }
                sign => word.push(sign),
            },
        }
    }
    Some(word)
}
