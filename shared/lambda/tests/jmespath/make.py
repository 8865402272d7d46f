#!/usr/bin/env python3
"""Makes expected.json anew: what jmespath.py, the AWS CLI's engine, answers to each expression.

    pip install jmespath==1.1.0
    python3 make.py SUITE > expected.json

SUITE is a folder with the files of JMESPath's compliance suite, as the crate `jmespath` 0.5.0 (MIT) has it in
tests/compliance. The expressions of own.json come first.
"""

import importlib.metadata
import json
import sys
import warnings
from pathlib import Path

import jmespath

PINNED = "1.1.0"
# What is too slow to be worth a test.
LEFT_OUT = {"benchmarks.json"}


def expected(expression, document):
    """The value, or nothing where it is an error, as jmespath.py has it."""
    try:
        value = jmespath.search(expression, document)
        return {"value": json.loads(json.dumps(value, allow_nan=False))}
    except Exception:  # What the AWS CLI would end with.
        return {}


def cases(groups):
    for group in groups:
        for case in group["cases"]:
            if "expression" in case:
                yield case["expression"], group["given"]


def group(document, expressions):
    return {
        "document": document,
        "cases": [{"expression": it, **expected(it, document)} for it in dict.fromkeys(expressions)],
    }


def main():
    warnings.simplefilter("ignore")
    version = importlib.metadata.version("jmespath")
    if version != PINNED:
        sys.exit(f"this needs jmespath {PINNED}, not {version}")
    here = Path(__file__).parent
    own = json.loads((here / "own.json").read_text())
    groups = [group(own["document"], own["expressions"])]
    for file in sorted(Path(sys.argv[1]).glob("*.json")):
        if file.name not in LEFT_OUT:
            for given in json.loads(file.read_text()):
                groups.append(group(given["given"], [case for case, _ in cases([given])]))
    json.dump({"madeWith": f"jmespath {version}", "groups": groups}, sys.stdout, ensure_ascii=False, indent=0)
    print()


if __name__ == "__main__":
    main()
