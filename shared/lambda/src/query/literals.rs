//! Literals between backticks, as the AWS CLI's engine reads them: what is no JSON is a string.
//!
//! Source: <https://github.com/jmespath/jmespath.site/blob/master/docs/proposals/raw-string-literals.rst>, by
//! which this is deprecated, and which jmespath.py still does.

use serde_json::Value;

/// An expression whose literals are all JSON.
pub(super) struct Literals {
    /// The expression, with what is no JSON between quotes.
    pub(super) text: String,
    /// Where a quote was put in, in characters of `text`.
    added: Vec<usize>,
}

impl Literals {
    /// The place in the expression as it was sent, of a place in `text`.
    pub(super) fn before(&self, offset: usize) -> usize {
        offset - self.added.iter().filter(|place| **place < offset).count()
    }
}

/// Makes JSON of each literal.
pub(super) fn as_json(expression: &str) -> Literals {
    let mut literals = Literals { text: String::with_capacity(expression.len() + 16), added: Vec::new() };
    let mut signs = expression.chars();
    let mut length = 0;
    while let Some(sign) = signs.next() {
        literals.text.push(sign);
        length += 1;
        if !matches!(sign, '"' | '\'' | '`') {
            continue;
        }
        let rest = signs.clone();
        let Some(inside) = inside(&mut signs, sign) else {
            // Never closed: the parser says so.
            literals.text.extend(rest);
            break;
        };
        let quoted = sign == '`' && is_text(&inside);
        if quoted {
            literals.text.push('"');
            literals.added.push(length);
            length += 1;
        }
        // What stands before a text does not belong to it.
        let inside = if quoted { inside.trim_start() } else { &inside };
        literals.text.push_str(inside);
        length += inside.chars().count();
        if quoted {
            literals.text.push('"');
            literals.added.push(length);
            length += 1;
        }
        literals.text.push(sign);
        length += 1;
    }
    literals
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
        let literals = as_json("a==`é` = b");
        assert_eq!(literals.text, "a==`\"é\"` = b");
        assert_eq!(literals.before(3), 3);
        assert_eq!(literals.before(9), 7);
    }
}
