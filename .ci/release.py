"""Makes what a release carries. `.github/workflows/release.yml` calls it, and a person may.

    release.py build VERSION arm64|x86_64 FOLDER    the zips of the five functions, and what is in each (SBOM)
    release.py template TRANSLATED VERSION FOLDER   the template for zips in a bucket of one's own
    release.py sums FOLDER                          SHA256SUMS of all that is there

`build` needs cargo, cargo-lambda and cargo-cyclonedx (.ci/release-requirements.txt and the workflow pin them);
the others need nothing but Python.
"""

import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUNCTIONS = sorted(manifest.parent.name for manifest in (ROOT / "functions").glob("*/Cargo.toml"))

# Of an architecture, as Lambda names it: cargo-lambda's flag, Rust's target, ELF's number for the machine.
ARCHITECTURES = {
    "arm64": ("--arm64", "aarch64-unknown-linux-gnu", 183),
    "x86_64": ("--x86-64", "x86_64-unknown-linux-gnu", 62),
}

SUMS = "SHA256SUMS"


class Unfit(Exception):
    """What was made is not what a release may carry."""


def stem(function, version, architecture):
    return f"{function}-{version}-{architecture}"


def run(*command, capture=False):
    print("$", *command, file=sys.stderr)
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE if capture else None, text=True).stdout


def check_zip(path, machine):
    """It holds one program that Lambda can start, for this machine."""
    with zipfile.ZipFile(path) as archive:
        if archive.namelist() != ["bootstrap"]:
            raise Unfit(f"{path} holds {archive.namelist()}, and not bootstrap alone")
        if not archive.infolist()[0].external_attr >> 16 & stat.S_IXOTH:
            raise Unfit(f"bootstrap in {path} may not be executed")
        with archive.open("bootstrap") as program:
            head = program.read(20)
    if head[:4] != b"\x7fELF":
        raise Unfit(f"bootstrap in {path} is no ELF program")
    found = int.from_bytes(head[18:20], "little")
    if found != machine:
        raise Unfit(f"bootstrap in {path} is for the machine {found}, and not for {machine}")


def linked(tree):
    """(name, version) of what `cargo tree --prefix none` lists."""
    lines = (line.split() for line in tree.splitlines() if line.strip())
    return {(name, version.removeprefix("v")) for name, version, *_ in lines}


def pruned(sbom, crates):
    """The SBOM with those crates alone.

    cargo-cyclonedx looks at the workspace as a whole, where each function has the features of all: it names SDKs
    that a function does not link (https://doc.rust-lang.org/cargo/reference/features.html#feature-unification).
    """
    components = [c for c in sbom["components"] if (c["name"], c["version"]) in crates]
    root = sbom["metadata"]["component"]
    named = {(c["name"], c["version"]) for c in [*components, root]}
    if named != crates:
        raise Unfit(f"the SBOM of {root['name']} does not name {sorted(crates - named)}")
    kept = {c["bom-ref"] for c in [*components, root]}
    dependencies = [
        {"ref": d["ref"], "dependsOn": [on for on in d.get("dependsOn", []) if on in kept]}
        for d in sbom.get("dependencies", [])
        if d["ref"] in kept
    ]
    return {**sbom, "components": components, "dependencies": dependencies}


def build(version, architecture, folder):
    flag, target, machine = ARCHITECTURES[architecture]
    built = ROOT / "target" / "release-zips" / architecture
    # Each apart: of two packages in one command, both get the features of either, and their SDKs with them.
    for function in FUNCTIONS:
        run("cargo", "lambda", "build", "--release", "--locked", flag, "--output-format", "zip",
            "--lambda-dir", str(built), "--package", function)
        path = built / function / "bootstrap.zip"
        check_zip(path, machine)
        shutil.copyfile(path, folder / f"{stem(function, version, architecture)}.zip")

    # It writes one beside each manifest of the workspace.
    name = f"sbom-{architecture}"
    run("cargo", "cyclonedx", "--manifest-path", "Cargo.toml", "--format", "json", "--spec-version", "1.5",
        "--target", target, "--all", "--no-build-deps", "--override-filename", name)
    for function in FUNCTIONS:
        tree = run("cargo", "tree", "--locked", "--package", function, "--target", target, "--prefix", "none",
                   "--edges", "normal,no-proc-macro", "--format", "{p}", capture=True)
        sbom = json.loads((ROOT / "functions" / function / f"{name}.json").read_text(encoding="utf-8"))
        path = folder / f"{stem(function, version, architecture)}.cdx.json"
        path.write_text(json.dumps(pruned(sbom, linked(tree)), indent=2) + "\n", encoding="utf-8")
    for manifest in tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["members"]:
        (ROOT / manifest / f"{name}.json").unlink(missing_ok=True)


PARAMETERS = {
    "CodeBucket": {
        "Type": "String",
        "Description": (
            "The bucket that the zips of this release were copied to. It must be in the stack's own region; see "
            "CodeBucketPerRegion for more than one."
        ),
        "AllowedPattern": "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        "ConstraintDescription": "the name of an S3 bucket",
    },
    "CodePrefix": {
        "Type": "String",
        "Description": "What the keys of the zips begin with, such as ecs-steward/. Empty for nothing.",
        "AllowedPattern": "^([A-Za-z0-9!_.()-]+/)*$",
        "ConstraintDescription": "a prefix with a slash at its end, or empty",
        "Default": "",
    },
    "CodeBucketPerRegion": {
        "Type": "String",
        "Description": (
            "Whether there is a bucket in each region, whose name is CodeBucket, a hyphen and the region, such as "
            "zips-eu-west-1. So one template serves a StackSet of many regions."
        ),
        "AllowedValues": ["true", "false"],
        "Default": "false",
    },
    "Architecture": {
        "Type": "String",
        "Description": "Which of the two zips of a function is deployed. arm64 costs less.",
        "AllowedValues": sorted(ARCHITECTURES),
        "Default": "arm64",
    },
}


def function_of(logical):
    """`ScaleServiceFunction` is `scale-service`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", logical.removesuffix("Function")).lower()


def conditions_of(value):
    """The conditions that decide what is in a value."""
    if isinstance(value, dict):
        own = {value["Fn::If"][0]} if "Fn::If" in value else set()
        return own.union(*map(conditions_of, value.values()))
    if isinstance(value, list):
        return set().union(*map(conditions_of, value))
    return set()


def deployed_anew(template):
    """A deployment of the API for each set of routes that parameters may choose.

    A stage serves the routes that there were when its deployment was made, and a deployment is made anew only under
    another name. `sam deploy` gives it one each time; a template that is translated already has to know them all.
    """
    resources = template["Resources"]
    ((name, deployment),) = [it for it in resources.items() if it[1]["Type"] == "AWS::ApiGateway::Deployment"]
    (stage,) = [it for it in resources.values() if it["Type"] == "AWS::ApiGateway::Stage"]
    conditions = sorted(conditions_of(resources["Api"]["Properties"]["Body"]["paths"]))
    del resources[name]

    def chosen(rest, holding):
        if not rest:
            suffix = "".join("1" if condition in holding else "0" for condition in conditions)
            tests = [
                {"Condition": condition} if condition in holding else {"Fn::Not": [{"Condition": condition}]}
                for condition in conditions
            ]
            template["Conditions"][f"Routes{suffix}"] = {"Fn::And": tests} if len(tests) > 1 else tests[0]
            resources[name + suffix] = {**deployment, "Condition": f"Routes{suffix}"}
            return {"Ref": name + suffix}
        first, *others = rest
        return {"Fn::If": [first, chosen(others, holding | {first}), chosen(others, holding)]}

    if conditions:
        stage["Properties"]["DeploymentId"] = chosen(conditions, frozenset())
    else:
        resources[name] = deployment


def retargeted(translated, version):
    """The translated template, with the code of its functions from a bucket that a parameter names."""
    template = json.loads(json.dumps(translated))
    clash = PARAMETERS.keys() & template["Parameters"].keys()
    if clash or "CodeIsPerRegion" in template.get("Conditions", {}):
        raise Unfit(f"template.yaml has parameters or conditions of these names itself: {sorted(clash)}")
    template["Parameters"] = {**PARAMETERS, **template["Parameters"]}
    template.setdefault("Conditions", {})["CodeIsPerRegion"] = {
        "Fn::Equals": [{"Ref": "CodeBucketPerRegion"}, "true"]
    }
    bucket = {
        "Fn::If": ["CodeIsPerRegion", {"Fn::Sub": "${CodeBucket}-${AWS::Region}"}, {"Ref": "CodeBucket"}]
    }
    found = []
    for logical, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Function":
            function = function_of(logical)
            found.append(function)
            key = stem(function, version, "${Architecture}")
            resource["Properties"]["Code"] = {
                "S3Bucket": bucket,
                "S3Key": {"Fn::Sub": f"${{CodePrefix}}{key}.zip"},
            }
            resource["Properties"]["Architectures"] = [{"Ref": "Architecture"}]
    if sorted(found) != FUNCTIONS:
        raise Unfit(f"the template has the functions {sorted(found)}, and the workspace {FUNCTIONS}")

    deployed_anew(template)
    metadata = template.setdefault("Metadata", {})
    # It is for `sam publish`, which takes the template as it is in the repository.
    metadata.pop("AWS::ServerlessRepo::Application", None)
    groups = metadata["AWS::CloudFormation::Interface"]["ParameterGroups"]
    groups.insert(0, {"Label": {"default": "Where the code is"}, "Parameters": list(PARAMETERS)})
    template["Description"] = f"{template['Description']} Version {version}."
    return template


def template(translated, version, folder):
    made = retargeted(json.loads(translated.read_text(encoding="utf-8")), version)
    # Without spaces: CloudFormation takes a megabyte from S3, and spaces count.
    text = json.dumps(made, separators=(",", ":"), ensure_ascii=False) + "\n"
    (folder / f"ecs-steward-{version}.template.json").write_text(text, encoding="utf-8")


def sums(folder):
    """SHA256SUMS as sha256sum(1) writes and reads it."""
    lines = []
    for path in sorted(folder.iterdir()):
        if path.name != SUMS:
            with path.open("rb") as file:
                lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    if not lines:
        raise Unfit(f"{folder} is empty")
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def main():
    match sys.argv[1:]:
        case ["build", version, architecture, folder] if architecture in ARCHITECTURES:
            os.makedirs(folder, exist_ok=True)
            build(version, architecture, Path(folder))
        case ["template", translated, version, folder]:
            os.makedirs(folder, exist_ok=True)
            template(Path(translated), version, Path(folder))
        case ["sums", folder]:
            sums(Path(folder))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main()
    except Unfit as fault:
        sys.exit(str(fault))
