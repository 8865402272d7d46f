#!/usr/bin/env python3
"""Makes a document of images in use out of what kubectl says, for prune-images.

    kubectl get pods,deployments,statefulsets,daemonsets,jobs,cronjobs -A -o json |
        tools/in_use_of_pods.py 123456789012 eu-west-1 >in-use.json

Account and region are the cluster's, and only name the document. What prune-images makes of it: an image of a pod
that runs is in use by the digest that the node pulled; one that only a template names, by its tag. Send the document
as an element of "inUseFrom" within a day, or write it every night under IN_USE_FROM. It needs nothing but Python 3.
"""

import json
import re
import sys
from datetime import datetime, timezone

DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})$")


def pod_specs(thing):
    """The specs of the pods that this thing is, or makes."""
    spec = thing.get("spec") or {}
    if "containers" in spec:
        yield spec
    template = (spec.get("template") or {}).get("spec")
    if template:
        yield template
    job = ((spec.get("jobTemplate") or {}).get("spec") or {}).get("template") or {}
    if job.get("spec"):
        yield job["spec"]


def images(thing):
    """The images of a thing, each with the digest that runs, where one does."""
    status = thing.get("status") or {}
    pulled = {}
    for kind in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for container in status.get(kind) or []:
            found = DIGEST.search(container.get("imageID") or "")
            if found:
                pulled[container["name"]] = found.group(1)
    for spec in pod_specs(thing):
        for kind in ("containers", "initContainers", "ephemeralContainers"):
            for container in spec.get(kind) or []:
                if container.get("image"):
                    yield container["image"], pulled.get(container["name"])


def document(listed, account, region, now):
    """The document of a list, or of one thing."""
    things = listed["items"] if "items" in listed else [listed]
    used = {}
    for thing in things:
        of = thing.get("metadata") or {}
        kind = (thing.get("kind") or "pod").lower()
        by = f"{kind}/{of.get('namespace', 'default')}/{of.get('name', '?')}"
        for image, digest in images(thing):
            used.setdefault((image, digest), set()).add(by)
    entries = []
    for (image, digest), by in sorted(used.items(), key=str):
        entry = {"image": image, "usedBy": sorted(by)}
        if digest:
            entry["digest"] = digest
        entries.append(entry)
    return {
        "account": account,
        "region": region,
        "at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "complete": True,
        "images": entries,
        "sourcesOff": [],
    }


def main():
    if len(sys.argv) != 3:
        sys.exit(f"usage: kubectl get pods -A -o json | {sys.argv[0]} ACCOUNT REGION")
    try:
        listed = json.load(sys.stdin)
    except ValueError as fault:
        # Half a list would protect half of the images.
        sys.exit(f"what came in is no JSON: {fault}")
    made = document(listed, sys.argv[1], sys.argv[2], datetime.now(timezone.utc))
    json.dump(made, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
