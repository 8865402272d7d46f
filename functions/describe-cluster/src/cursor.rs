//! Where a list goes on: opaque to the caller, checked when it comes back.
//!
//! A cursor says after which name the next page begins, so what is added or gone between two pages
//! moves nothing else. It holds nothing that the route could not be asked anyway: a list, a
//! cluster that must be the path's own, and a name to compare with.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use shared::Problem;

/// The longest cursor that can be ours: names have at most 255 characters.
const LONGEST: usize = 2_048;

/// The place after an item of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The list, with the cluster it belongs to.
    list: String,
    /// The item's name.
    pub after: String,
}

impl Cursor {
    /// The place after `after` in `list`.
    #[must_use]
    pub fn new(list: &str, after: &str) -> Self {
        Self { list: list.to_owned(), after: after.to_owned() }
    }

    /// Reads a cursor of this list; one that is broken, or another list's, is a bad request.
    pub fn of(list: &str, text: &str) -> Result<Self, Problem> {
        let fault = || Problem::bad_request("cursor: this list gave no such one; begin again without it");
        let bytes = (text.len() <= LONGEST).then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten();
        let plain = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(fault)?;
        let (of, after) =
            plain.strip_prefix("v1\n").and_then(|rest| rest.split_once('\n')).ok_or_else(fault)?;
        let known = of == list && !after.chars().any(char::is_control);
        if known { Ok(Self::new(of, after)) } else { Err(fault()) }
    }

    /// The cursor as callers carry it.
    #[must_use]
    pub fn print(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("v1\n{}\n{}", self.list, self.after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went_and_to_its_own_list_only() {
        let cursor = Cursor::new("tasks of prod", "0123");
        assert_eq!(Cursor::of("tasks of prod", &cursor.print()).unwrap(), cursor);
        let bent = format!("{}x", cursor.print());
        let foreign = Cursor::new("tasks of staging", "0123").print();
        let forged = URL_SAFE_NO_PAD.encode("v1\ntasks of prod\n0\n1");
        for text in ["", "!", "djE", &bent, &foreign, &forged, &"A".repeat(3_000)] {
            assert!(Cursor::of("tasks of prod", text).is_err(), "{text}");
        }
    }
}
