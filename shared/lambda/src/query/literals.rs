//! Literals between backticks, as the AWS CLI's engine reads them: what is no JSON is a string.
//!
//! Source: <https://github.com/jmespath/jmespath.site/blob/master/docs/proposals/raw-string-literals.rst>, by
//! which this is deprecated, and which jmespath.py still does.

use serde_json::Value;

/// An expression whose literals are all JSON. Places are in bytes, as the parser counts.
pub(super) struct Literals {
    /// The expression, with what is no JSON between quotes.
    pub(super) text: String,
    /// What differs from the expression as it was sent.
    pub(super) shifts: Shifts,
}

/// Where something was put in or left out, and how much longer the text is behind that.
#[derive(Debug, Default)]
pub(super) struct Shifts(Vec<(usize, isize)>);

impl Shifts {
    /// The place in the expression as it was sent, of a place in the text that was parsed.
    pub(super) fn as_sent(&self, offset: usize) -> usize {
        let before = self.0.iter().filter(|(place, _)| *place < offset);
        let longer: isize = before.map(|(_, longer)| longer).sum();
        offset.saturating_add_signed(-longer)
    }
}

/// Makes JSON of each literal.
pub(super) fn as_json(expression: &str) -> Literals {
    let mut text = String::with_capacity(expression.len() + 16);
    let mut shifts = Vec::new();
    let mut signs = expression.chars();
    while let Some(sign) = signs.next() {
        text.push(sign);
        if !matches!(sign, '"' | '\'' | '`') {
            continue;
        }
        let rest = signs.clone();
        let Some(inside) = inside(&mut signs, sign) else {
            // Never closed: the parser says so.
            text.extend(rest);
            break;
        };
        if sign == '`' && is_text(&inside) {
            // What stands before a text does not belong to it.
            let json = format!("\"{}\"", inside.trim_start());
            shifts.push((text.len(), json.len().cast_signed() - inside.len().cast_signed()));
            text.push_str(&json);
        } else {
            text.push_str(&inside);
        }
        text.push(sign);
    }
    Literals { text, shifts: Shifts(shifts) }
}

/// What stands before the sign that closes, which is gone by; a backslash takes the next sign with it.
fn inside(signs: &mut std::str::Chars<'_>, closing: char) -> Option<String> {
    let mut inside = String::new();
    loop {
        let sign = signs.next()?;
        if sign == closing {
            return Some(inside);
        }
        inside.push(sign);
        if sign == '\\' {
            inside.push(signs.next()?);
        }
    }
}

/// Whether a literal is no JSON, but would be between quotes.
fn is_text(inside: &str) -> bool {
    let inside = inside.replace("\\`", "`");
    let is_json = |text: &str| serde_json::from_str::<Value>(text).is_ok();
    !is_json(&inside) && is_json(&format!("\"{}\"", inside.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_a_string_and_all_else_stays() {
        for (expression, json) in [
            ("a==`users`", "a==`\"users\"`"),
            ("a==` two words`", "a==`\"two words\"`"),
            ("a==`1` && b==`true` || c==`[\"x\"]`", "a==`1` && b==`true` || c==`[\"x\"]`"),
            ("a=='`x`'", "a=='`x`'"),
            ("\"`\".b==`x`", "\"`\".b==`\"x\"`"),
            ("a==`x\\`y`", "a==`\"x\\`y\"`"),
            ("a==`\"half`", "a==`\"half`"),
            ("a==`open", "a==`open"),
        ] {
            assert_eq!(as_json(expression).text, json, "{expression}");
        }
    }

    #[test]
    fn a_place_behind_a_literal_is_that_of_the_expression_as_it_was_sent() {
        for expression in ["a==`é` = b", "a==`   é` = b"] {
            let Literals { text, shifts } = as_json(expression);
            assert_eq!(text, "a==`\"é\"` = b");
            assert_eq!(shifts.as_sent(3), 3);
            let behind =
                |text: &str| text.find('=').map(|first| first + text[first + 2..].find('=').unwrap() + 2);
            assert_eq!(shifts.as_sent(behind(&text).unwrap()), behind(expression).unwrap(), "{expression}");
        }
    }
}
