//! What the manual says is so: the commands it shows, the files and routes it names, its links; and
//! what the workflow of this repository builds is what is deployed.

use std::fs;
use std::path::{Path, PathBuf};

use local::System;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[test]
fn the_workflow_builds_every_function_for_lambda() {
    let workflow = fs::read_to_string(root().join(".github/workflows/ci.yml")).unwrap();
    let workflow: Value = serde_saphyr::from_str(&workflow).unwrap();
    let steps = workflow["jobs"]["lambda"]["steps"].as_array().unwrap();
    let build = steps
        .iter()
        .filter_map(|step| step["run"].as_str())
        .find(|run| run.starts_with("cargo lambda build "))
        .unwrap();
    let words: Vec<_> = build.split_whitespace().collect();
    let mut built: Vec<_> =
        words.windows(2).filter(|pair| pair[0] == "--package").map(|pair| pair[1]).collect();
    built.sort_unstable();
    let mut functions = System::FUNCTIONS.to_vec();
    functions.sort_unstable();
    assert_eq!(built, functions);
}

/// README.md and the pages of docs/.
fn pages() -> Vec<(PathBuf, String)> {
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> = docs.filter(|path| path.extension().is_some_and(|e| e == "md")).collect();
    pages.push(root().join("README.md"));
    pages.sort();
    pages.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The lines of a page's sh and console blocks that need no account, with continued lines joined.
fn commands(page: &str) -> Vec<String> {
    let (mut found, mut inside, mut before) = (Vec::new(), None, "");
    let mut joined = String::new();
    for line in page.lines().map(str::trim) {
        if line.starts_with("```") {
            let shell = matches!(line, "```sh" | "```console") && before != "<!-- needs an account -->";
            inside = if inside.is_some() { None } else { Some(shell) };
        } else if inside == Some(true) {
            joined.push_str(line.trim_end_matches('\\'));
            if !line.ends_with('\\') && !line.ends_with('|') {
                found.push(std::mem::take(&mut joined));
            }
        }
        before = line;
    }
    found
}

#[test]
fn every_cargo_local_line_of_the_manual_is_understood_and_its_event_is_there() {
    let mut checked = 0;
    for (path, page) in pages() {
        for line in commands(&page) {
            let Some((_, arguments)) = line.split_once("cargo local ") else { continue };
            let arguments = arguments.split(['|', ';', '#']).next().unwrap();
            let words: Vec<_> = arguments.split_whitespace().collect();
            let parsed = <local::cli::Cli as clap::Parser>::try_parse_from(
                std::iter::once("cargo local").chain(words.iter().copied()),
            );
            assert!(parsed.is_ok(), "{}: {line}: {:?}", path.display(), parsed.err());
            for file in words.iter().filter(|word| word.starts_with("events/")) {
                assert!(root().join(file).is_file(), "{}: {file}", path.display());
            }
            checked += 1;
        }
    }
    assert!(checked > 10, "{checked}");
}

#[test]
fn every_curl_line_of_the_manual_names_a_route() {
    let routes = local::Template::read().unwrap().routes;
    let mut checked = 0;
    for (page, text) in pages() {
        for line in commands(&text) {
            let Some((_, path)) = line.split_once("curl ").and_then(|_| line.split_once("127.0.0.1:9000"))
            else {
                continue;
            };
            let path = path.split(['?', '\'', ' ']).next().unwrap();
            let method = line
                .split_once("-X ")
                .map_or(if line.contains(" -d ") { "POST" } else { "GET" }, |(_, rest)| {
                    rest.split_whitespace().next().unwrap()
                });
            let same = |route: &str| {
                route.split('/').count() == path.split('/').count()
                    && route.split('/').zip(path.split('/')).all(|(a, b)| a == b || a.starts_with('{'))
            };
            assert!(
                routes.iter().any(|route| route.method == method && same(&route.path)),
                "{}: {method} {path}",
                page.display()
            );
            checked += 1;
        }
    }
    assert!(checked > 10, "{checked}");
}

#[test]
fn every_relative_link_of_the_manual_leads_somewhere() {
    for (page, text) in pages() {
        for rest in text.split("](").skip(1) {
            let link = rest.split(')').next().unwrap().split('#').next().unwrap();
            if !link.is_empty() && !link.starts_with("http") {
                assert!(page.parent().unwrap().join(link).exists(), "{}: {link}", page.display());
            }
        }
    }
}

#[test]
fn every_code_of_a_problem_stands_in_the_page_on_troubleshooting() {
    let page = fs::read_to_string(root().join("docs/troubleshooting.md")).unwrap();
    let missing: Vec<_> =
        shared::Code::ALL.iter().filter(|code| !page.contains(&format!("| `{code}` |"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
