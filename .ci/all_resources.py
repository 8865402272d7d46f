"""Writes a template in which every resource is deployed: all_resources.py TEMPLATE OUTPUT.

checkov leaves out a resource whose condition does not hold with the parameters' defaults. Three of the five functions
are such resources, and a check that never sees them finds nothing.
"""

import json
import sys
from pathlib import Path


def main() -> None:
    source, target = map(Path, sys.argv[1:])
    template = json.loads(source.read_text(encoding="utf-8"))
    for resource in template["Resources"].values():
        resource.pop("Condition", None)
    target.write_text(json.dumps(template, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
