//! Pages: an answer as one self-contained HTML document.
//!
//! A page shows and changes nothing: it has no form, and its only script searches and moves the focus. What it
//! shows comes from others (names, tags, reasons, events), so three things keep it text: `maud` escapes whatever
//! stands in a template, links are made of paths of this API alone (`link`), and the policy lets nothing
//! run or load but the one style and the one script below.
//!
//! Everything here takes plain values: `cargo local` makes documents of its own with the same frame.

mod answer;
mod asked;
mod link;
mod parts;
mod problem;
mod week;

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};
use shared::plain::plain;

pub(crate) use answer::{of_body, of_value};
pub(crate) use asked::Asked;
pub use parts::{Cell, facts, instant, state, table};
pub(crate) use problem::of_problem;

/// Its media type.
pub const HTML: &str = "text/html; charset=utf-8";

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

/// What may run and load: the one style and the one script, known by their hashes. `data:` is for the empty icon,
/// without which a browser asks for one. A page stands in no frame, and sends nothing anywhere.
///
/// Source: <https://www.w3.org/TR/CSP3/>
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; \
         form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
});

/// What goes with a page beside its media type.
#[must_use]
pub fn headers() -> [(&'static str, String); 5] {
    [
        ("content-security-policy", format!("{}; frame-ancestors 'none'", *POLICY)),
        ("x-content-type-options", "nosniff".to_owned()),
        ("referrer-policy", "no-referrer".to_owned()),
        ("cache-control", "no-store".to_owned()),
        ("vary", "accept".to_owned()),
    ]
}

/// A page, but for its frame.
#[derive(Debug)]
pub struct Page {
    /// What it shows, in a word or two: its heading.
    pub title: String,
    /// The title of the window.
    pub window: String,
    /// What made it: `GET /v1/clusters`, or a command.
    pub request: String,
    /// How to get the same in other forms: what form, and a command that can be pasted.
    pub commands: Vec<(String, String)>,
    /// The way here, from the outermost.
    pub trail: Vec<Link>,
    /// What else there is beside this page. The one that is this page is marked.
    pub tabs: Vec<Link>,
    /// Where else to go, on every page.
    pub places: Vec<Link>,
    /// What it shows.
    pub body: Markup,
}

/// A name, and where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it says.
    pub name: String,
    /// A reference that is relative to the page; `None` for the page itself, and for what is no page.
    pub to: Option<String>,
}

/// The document.
#[must_use]
pub fn document(page: &Page) -> String {
    let title = plain(&page.title);
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                // A page that was saved keeps its policy. There, nothing says who may frame it.
                meta http-equiv="Content-Security-Policy" content=(*POLICY);
                title { (plain(&page.window)) " · ecs-steward" }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "To the content" }
                header {
                    span.made { "ecs-steward" }
                    @if !page.places.is_empty() {
                        nav aria-label="Places" { (links(&page.places)) }
                    }
                    // Shown by the script, without which it would do nothing.
                    label #search hidden { "Search " kbd { "/" } " " input type="search" autocomplete="off" spellcheck="false"; }
                }
                main #main tabindex="-1" {
                    // One step is the heading itself.
                    @if page.trail.len() > 1 {
                        nav.trail aria-label="The way here" { (links(&page.trail)) }
                    }
                    h1 { (title) }
                    @if !page.tabs.is_empty() {
                        nav.tabs aria-label="Of this" { (links(&page.tabs)) }
                    }
                    p #found role="status" {}
                    (page.body)
                }
                footer {
                    p { "This page is " code { (plain(&page.request)) } "." }
                    @if !page.commands.is_empty() {
                        dl { @for (form, command) in &page.commands { dt { (form) } dd { code { (plain(command)) } } } }
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    markup.into_string()
}

fn links(all: &[Link]) -> Markup {
    html! {
        ul {
            @for Link { name, to } in all {
                li {
                    @match to {
                        Some(to) => { a href=(to) { (plain(name)) } }
                        None => { span aria-current="page" { (plain(name)) } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_the_style_nor_the_script_ends_its_own_element() {
        for (text, element) in [(STYLE, "style"), (SCRIPT, "script")] {
            let text = text.to_lowercase();
            assert!(!text.contains(&format!("</{element}")) && !text.contains("<!--"), "{element}");
        }
    }

    #[test]
    fn what_a_page_says_is_text() {
        let hostile = "</title><script>alert(1)</script>\0\u{1b}\u{202e}\"'&";
        let link = |to: Option<&str>| Link { name: hostile.to_owned(), to: to.map(str::to_owned) };
        let page = Page {
            title: hostile.to_owned(),
            window: hostile.to_owned(),
            request: hostile.to_owned(),
            commands: vec![("as JSON".to_owned(), hostile.to_owned())],
            trail: vec![link(Some("../\"><script>")), link(None)],
            tabs: vec![link(None)],
            places: vec![link(None)],
            body: html! { p { (plain(hostile)) } },
        };
        let html = document(&page);
        assert_eq!(html.matches("<script>").count(), 1, "its own alone: {html}");
        assert!(!html.contains(['\0', '\u{202e}']) && !html.contains("<script>alert"), "{html}");
        assert_eq!(html.matches("&lt;script&gt;alert(1)").count(), 9, "{html}");
    }
}
