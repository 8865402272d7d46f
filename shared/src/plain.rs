//! Texts from outside on one line: of a caller, a tag, or AWS.

/// Whether a terminal or a viewer may take a character for anything but itself: one that ends a line, moves the cursor,
/// or turns the direction of writing.
///
/// Source: <https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>,
/// <https://www.unicode.org/reports/tr14/#Table1>
#[must_use]
pub fn is_misleading(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// The text with a space for each such character, so that it is one line and reads as it is.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if is_misleading(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_line_moves_the_cursor_or_turns_the_direction_is_a_space() {
        assert_eq!(plain("a\r\nb\u{1b}[2K\u{85}\u{2028}c\u{202e}d\u{2069}\u{0}"), "a  b [2K  c d  ");
        for text in ["release 4.2: São Paulo", "日本語", "می‌خواهم", "👩‍🚀"] {
            assert_eq!(plain(text), text);
        }
    }
}
