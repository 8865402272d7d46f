#!/usr/bin/env python3
"""Makes a list of images in use out of what kubectl says, for prune-images.

    kubectl get pods,deployments,replicasets,statefulsets,daemonsets,jobs,cronjobs -A -o json >pods.json &&
        tools/in_use_of_pods.py 123456789012 eu-west-1 <pods.json >in-use.json

By way of files, since kubectl prints what it may see also where it may not see all, and says so only at its end: half
a list would protect half of the images. For the same reason a list without a single pod is refused; --allow-empty
takes it.

Account and region are the cluster's. An image of a pod is in use by the digest that its node pulled, and by its tag,
which the pod pulls again where it is restarted; one that only a template names, by its tag. Write the list every night
under IN_USE_FROM, or send it as an element of "inUseFrom". It needs nothing but Python 3.
"""

import json
import re
import sys
from datetime import datetime, timezone

DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})$")
ACCOUNT = re.compile(r"[0-9]{12}")
REGION = re.compile(r"[a-z]+(-[a-z]+)+-[0-9]+")


class NoList(Exception):
    """What came in is not what kubectl lists."""


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
    """The images of a thing, each by its name, and with the digest that runs where one does."""
    status = thing.get("status") or {}
    pulled = {}
    for kind in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for container in status.get(kind) or []:
            found = DIGEST.search(container.get("imageID") or "")
            if found:
                pulled[container.get("name")] = found.group(1)
    for spec in pod_specs(thing):
        for kind in ("containers", "initContainers", "ephemeralContainers"):
            for container in spec.get(kind) or []:
                image = container.get("image")
                if image:
                    yield image, None
                    if container.get("name") in pulled:
                        yield image, pulled[container.get("name")]
        for volume in spec.get("volumes") or []:
            image = (volume.get("image") or {}).get("reference")
            if image:
                yield image, None


def things(listed):
    """The things of a list, or the one that it is."""
    if not isinstance(listed, dict):
        raise NoList("it is no object of Kubernetes")
    all_of_them = listed.get("items") if "items" in listed else [listed]
    if not isinstance(all_of_them, list) or not all(isinstance(thing, dict) for thing in all_of_them):
        raise NoList("its items are no objects of Kubernetes")
    if any(thing.get("kind") == "Status" for thing in all_of_them):
        raise NoList("it is an error of Kubernetes")
    return all_of_them


def document(listed, account, region, now, allow_empty=False):
    """The document of a list, or of one thing."""
    used = {}
    pods = 0
    for thing in things(listed):
        of = thing.get("metadata") or {}
        kind = (thing.get("kind") or "pod").lower()
        pods += kind == "pod"
        by = f"{kind}/{of.get('namespace') or 'default'}/{of.get('name') or '?'}"
        for image, digest in images(thing):
            used.setdefault((image, digest), set()).add(by)
    if pods == 0 and not allow_empty:
        raise NoList("it has no pod: may kubectl see them all? (--allow-empty takes it as it is)")
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
    given = [argument for argument in sys.argv[1:] if argument != "--allow-empty"]
    if len(given) != 2 or not ACCOUNT.fullmatch(given[0]) or not REGION.fullmatch(given[1]):
        sys.exit(f"usage: {sys.argv[0]} [--allow-empty] ACCOUNT REGION <pods.json (123456789012 eu-west-1)")
    try:
        listed = json.load(sys.stdin)
        made = document(listed, *given, datetime.now(timezone.utc), len(given) < len(sys.argv) - 1)
    except (ValueError, RecursionError) as fault:
        sys.exit(f"what came in is no JSON: {fault}")
    except (NoList, AttributeError, TypeError) as fault:
        sys.exit(f"what came in is not what kubectl lists: {fault}")
    json.dump(made, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
