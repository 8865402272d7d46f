//! A strict reader of the HTML that pages are written in: what it takes, every browser takes in the same way.

/// What a document holds.
#[derive(Debug, Default)]
pub(super) struct Html {
    /// Every element with its attributes, in order.
    pub(super) elements: Vec<(String, Vec<(String, String)>)>,
    /// What stands between them, but for the style and the script.
    pub(super) text: String,
}

/// Elements without an end.
const VOID: [&str; 5] = ["meta", "link", "input", "br", "img"];

impl Html {
    /// Reads a document in which every element that begins ends, every attribute is quoted, and every `<`, `>`, `&` and
    /// quote of a text is written as a reference.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix("<!DOCTYPE html>").ok_or("no doctype")?;
        let (mut html, mut open, mut rest) = (Self::default(), Vec::<String>::new(), rest.trim_end());
        while !rest.is_empty() {
            let at = rest.find('<').unwrap_or(rest.len());
            let (before, after) = rest.split_at(at);
            html.text.push_str(&decoded(before)?);
            if after.is_empty() {
                break;
            }
            let (tag, after) = end_of_tag(after)?;
            rest = after;
            if let Some(name) = tag.strip_prefix('/') {
                let was = open.pop().ok_or_else(|| format!("</{name}> ends nothing"))?;
                if was != name {
                    return Err(format!("</{name}> ends {was:?}"));
                }
                // Cells and lines are words of their own.
                html.text.push('\n');
                continue;
            }
            let (name, attributes) = attributes(tag)?;
            if name == "style" || name == "script" {
                let end = format!("</{name}>");
                let at = rest.find(&end).ok_or_else(|| format!("{name} has no end"))?;
                rest = &rest[at + end.len()..];
            } else if !VOID.contains(&name.as_str()) {
                open.push(name.clone());
            }
            html.elements.push((name, attributes));
        }
        if open.is_empty() { Ok(html) } else { Err(format!("never ended: {open:?}")) }
    }

    /// Where its links lead.
    pub(super) fn links(&self) -> impl Iterator<Item = &str> {
        let anchors = self.elements.iter().filter(|(name, _)| name == "a");
        anchors
            .flat_map(|(_, attributes)| attributes)
            .filter(|(name, value)| name == "href" && !value.starts_with('#'))
            .map(|(_, value)| value.as_str())
    }
}

/// What stands in a tag, and what follows it.
fn end_of_tag(text: &str) -> Result<(&str, &str), String> {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '>' if !quoted => return Ok((&text[1..at], &text[at + 1..])),
            '<' if at > 0 && !quoted => break,
            _ => {}
        }
    }
    Err(format!("a tag has no end: {:?}", text.chars().take(80).collect::<String>()))
}

fn attributes(tag: &str) -> Result<(String, Vec<(String, String)>), String> {
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(format!("{name:?} is no element"));
    }
    let mut all: Vec<(String, String)> = Vec::new();
    while !rest.is_empty() {
        let end = rest.find(['=', ' ']).unwrap_or(rest.len());
        let attribute = &rest[..end];
        if attribute.is_empty() || !attribute.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err(format!("{attribute:?} is no attribute of {name}"));
        }
        let mut value = "";
        rest = &rest[end..];
        if let Some(quoted) = rest.strip_prefix("=\"") {
            let end = quoted.find('"').ok_or_else(|| format!("{attribute} of {name} has no end"))?;
            value = &quoted[..end];
            rest = &quoted[end + 1..];
        } else if rest.starts_with('=') {
            return Err(format!("{attribute} of {name} is not quoted"));
        }
        if all.iter().any(|(known, _)| known == attribute) {
            return Err(format!("{name} has {attribute} twice"));
        }
        all.push((attribute.to_owned(), decoded(value)?));
        rest = rest.strip_prefix(' ').unwrap_or(rest);
    }
    Ok((name.to_owned(), all))
}

/// A text with its references read.
fn decoded(text: &str) -> Result<String, String> {
    if let Some(c) = text.chars().find(|c| matches!(c, '<' | '>' | '"') || (c.is_control() && *c != '\n')) {
        return Err(format!("{c:?} stands bare in {text:?}"));
    }
    let (mut decoded, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('&') {
        let (name, after) = after.split_once(';').ok_or_else(|| format!("& stands bare in {text:?}"))?;
        decoded.push_str(before);
        decoded.push(match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            _ => return Err(format!("&{name}; is no reference of ours: {text:?}")),
        });
        rest = after;
    }
    decoded.push_str(rest);
    Ok(decoded)
}

#[test]
fn what_is_not_well_formed_is_not_read() {
    let read = |body: &str| Html::read(&format!("<!DOCTYPE html><p>{body}</p>"));
    assert_eq!(read("a &lt;b&gt; &amp; &quot;").unwrap().text.trim(), "a <b> & \"");
    for wrong in [
        "<b>",
        "</b>",
        "a > b",
        "a & b",
        "a \" b",
        "<a href=x>a</a>",
        "<a b=\"1\" b=\"2\">a</a>",
        "<a b=\"<\">a</a>",
        "&nbsp;",
        "\u{1b}",
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}
