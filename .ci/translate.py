"""Translates the SAM template into CloudFormation, offline: translate.py TEMPLATE OUTPUT.

This is what AWS would deploy, and so what is linted and tested: cfn-lint overlooks errors in raw
SAM, and the routes' authorizers and permissions exist only here.
"""

import json
import logging
import sys
from pathlib import Path

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

# Where `sam deploy` would have put the built function.
BUILT = "s3://built/function.zip"


def translate(text: str) -> dict:
    template = yaml_parse(text)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = BUILT
            # Only `sam build` reads it.
            resource.pop("Metadata", None)
    session = boto3.Session(region_name="us-east-1")
    return Translator({}, Parser(), boto_session=session).translate(template, {})


def main() -> None:
    # It says which of its own experiments are off.
    logging.disable(logging.WARNING)
    source, target = map(Path, sys.argv[1:])
    translated = translate(source.read_text(encoding="utf-8"))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(translated, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
