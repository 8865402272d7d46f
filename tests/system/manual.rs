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
