//! Our own tags on a service or an Auto Scaling group: what stands in them, and whether there is room
//! for one more.

use std::collections::BTreeMap;

use unicode_general_category::{GeneralCategory, get_general_category};

use crate::problem::{Code, Refusal};
use crate::record::{Record, RecordFault, Saved};
use crate::settings::TagKeys;

/// A thing's tags by key.
pub type Tags = BTreeMap<String, String>;

/// The most tags that a service or a group carries. AWS's own (`aws:`) do not count.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html>,
/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html>
const MOST: usize = 50;

/// Whether a tag's value may hold a character: letters and digits of every script, a space and
/// `+ - = . _ : / @`. The signs that some scripts put above or beside a letter are none.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html>, whose pattern has `\p{L}`,
/// `\p{N}` and `\p{Z}` (of which only the space is written here).
#[must_use]
pub fn is_allowed_in_values(c: char) -> bool {
    use GeneralCategory::{
        DecimalNumber, LetterNumber, LowercaseLetter, ModifierLetter, OtherLetter, OtherNumber,
        TitlecaseLetter, UppercaseLetter,
    };
    let is_letter_or_digit = || {
        matches!(
            get_general_category(c),
            UppercaseLetter
                | LowercaseLetter
                | TitlecaseLetter
                | ModifierLetter
                | OtherLetter
                | DecimalNumber
                | LetterNumber
                | OtherNumber
        )
    };
    " +-=._:/@".contains(c) || is_letter_or_digit()
}

/// The record; `None` where there is none.
///
/// # Errors
///
/// [`Code::RecordUnreadable`], with the remedy.
pub fn recorded<S: Saved>(tags: &Tags, keys: &TagKeys) -> Result<Option<Record<S>>, Refusal> {
    let key = &keys.record;
    tags.get(key).map(|text| text.parse()).transpose().map_err(|fault| Refusal {
        code: Code::RecordUnreadable,
        reason: format!("its tag {key} can't be read: {fault}. Mend the tag, or remove it to begin anew"),
    })
}

/// The size that infrastructure-as-code put beside the record; `None` where there is none.
///
/// # Errors
///
/// [`Code::SizeUnreadable`].
pub fn sized<S: Saved>(tags: &Tags, keys: &TagKeys) -> Result<Option<S>, Refusal> {
    let key = &keys.size;
    tags.get(key).map(|text| S::from_tag(text)).transpose().map_err(|fault| {
        // Its form is not a whole record's.
        let fault = match fault {
            RecordFault::Malformed(fault) => format!("{fault}; a size reads like {}", S::EXAMPLES),
            RecordFault::Version(_) => fault.to_string(),
        };
        Refusal { code: Code::SizeUnreadable, reason: format!("its tag {key} can't be read: {fault}") }
    })
}

/// Why something can't come back: neither its record nor that tag says its size.
#[must_use]
pub fn no_saved_size<S: Saved>(keys: &TagKeys) -> Refusal {
    let (set, examples) = (S::SET, S::EXAMPLES);
    Refusal {
        code: Code::NoSavedSize,
        reason: format!(
            "nothing says what size it had: scale it to {set}, or tag it {} ({examples})",
            keys.size
        ),
    }
}

/// Why there is no room for a tag of ours, if there is none. One that is there is only replaced.
#[must_use]
pub fn no_room(tags: &Tags, key: &str) -> Option<Refusal> {
    let theirs = tags.keys().filter(|key| !key.starts_with("aws:")).count();
    (!tags.contains_key(key) && theirs >= MOST).then(|| Refusal {
        code: Code::TooManyTags,
        reason: format!("all {MOST} of its tags are taken, and {key} needs one"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Size;

    fn tags(n: usize) -> Tags {
        (0..n).map(|n| (format!("tag{n:02}"), String::new())).collect()
    }

    #[test]
    fn the_fifty_first_tag_has_no_room_unless_it_is_there_or_awss_own() {
        let key = "steward:record";
        assert_eq!(no_room(&tags(49), key), None);
        let full = no_room(&tags(50), key).unwrap();
        assert_eq!(full.code, Code::TooManyTags);
        assert!(full.reason.contains(key), "{}", full.reason);
        assert_eq!(no_room(&tags(50), "tag07"), None, "it is replaced");
        let mut with_awss = tags(49);
        with_awss.insert("aws:cloudformation:stack-name".into(), "x".into());
        assert_eq!(no_room(&with_awss, key), None);
    }

    #[test]
    fn what_cannot_be_read_names_its_tag() {
        let keys = TagKeys::default();
        let tags: Tags =
            [("steward:record".into(), "v1 of@x".into()), ("steward:size".into(), "three".into())].into();
        let record = recorded::<Size>(&tags, &keys).unwrap_err();
        assert_eq!(record.code, Code::RecordUnreadable);
        assert!(record.reason.starts_with("its tag steward:record can't be read"), "{}", record.reason);
        let size = sized::<Size>(&tags, &keys).unwrap_err();
        assert_eq!(size.code, Code::SizeUnreadable);
        assert!(size.reason.starts_with("its tag steward:size can't be read"), "{}", size.reason);
        assert_eq!(recorded::<Size>(&Tags::new(), &keys), Ok(None));
        assert_eq!(sized::<Size>(&Tags::new(), &keys), Ok(None));
    }
}
