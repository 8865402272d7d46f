"""The second opinion: moto. Where two answers differ, but for what every emulator makes up by itself."""

import contextlib
import datetime
import json
import re

# What every emulator makes up by itself.
MADE_UP = [
    (re.compile(r"sha256:[0-9a-f]{64}"), "sha256:<digest>"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"ecs-svc/\d+"), "ecs-svc/<id>"),
    (re.compile(r"\b(i|lt|subnet|sg|eni|vpc)-[0-9a-f]{8,17}\b"), r"\1-<id>"),
    (re.compile(r"scalable-target/\w+"), "scalable-target/<id>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+0000|\+00:00)?"), "<time>"),
]
TOKENS = {"nextToken", "NextToken", "NextMarker", "NextContinuationToken"}
# By what an item of a list is known.
NAMES = (
    "imageTag", "name", "Name", "key", "Key", "serviceName", "clusterName", "family",
    "AutoScalingGroupName", "ResourceId", "ScheduledActionName", "PolicyName", "repositoryName", "ProcessName", "Id",
    "FunctionArn", "arn", "Arn", "imageId", "containerName", "status",
)


def known(side):
    """The digests that a side has given, by the names that the calls have for them."""
    return {digest: name for name, digest in side.memory.items() if name.startswith("digest")}


def normal(value, digests, name=""):
    if isinstance(value, dict):
        return {k: normal(v, digests, k) for k, v in value.items()}
    if isinstance(value, list):
        return [normal(v, digests) for v in value]
    if isinstance(value, datetime.datetime):
        return "<time>"
    if name in TOKENS:
        return "<token>"
    if isinstance(value, str):
        for digest, instead in digests.items():
            value = value.replace(digest, f"<{instead}>")
        if value[:1] in ("{", "["):
            with contextlib.suppress(ValueError):
                # A policy, a manifest or a definition that is carried as text.
                value = json.dumps(json.loads(value), sort_keys=True)
        for pattern, instead in MADE_UP:
            value = pattern.sub(instead, value)
    return value


def known_by(item):
    if isinstance(item, dict):
        if "imageDigest" in item:
            return f"{item['imageDigest']} {item.get('imageTag')}"
        for name in NAMES:
            if name in item:
                return json.dumps(item[name], sort_keys=True)
    return json.dumps(item, sort_keys=True)


OURS, THEIRS, VALUES = "moto only", "ours only", "values"


class Comparison:
    """The differences of two answers, and how many fields were looked at."""

    def __init__(self):
        self.fields = 0
        self.found = []

    def compare(self, path, ours, theirs):
        if isinstance(ours, dict) and isinstance(theirs, dict):
            for name in sorted(ours.keys() | theirs.keys()):
                inner = f"{path}.{name}" if path else name
                if name not in ours:
                    self.differ(inner, OURS, None, theirs[name])
                elif name not in theirs:
                    self.differ(inner, THEIRS, ours[name], None)
                else:
                    self.compare(inner, ours[name], theirs[name])
        elif isinstance(ours, list) and isinstance(theirs, list):
            self.compare_lists(f"{path}[]", ours, theirs)
        else:
            self.fields += 1
            if ours != theirs:
                self.found.append((path, VALUES, ours, theirs))

    def compare_lists(self, path, ours, theirs):
        ours, theirs = sorted(ours, key=known_by), sorted(theirs, key=known_by)
        names = [known_by(o) for o in ours], [known_by(t) for t in theirs]
        if names[0] == names[1] or (len(ours) == len(theirs) and isinstance((ours or [0])[0], dict)):
            if not ours:
                self.fields += 1
            for one, other in zip(ours, theirs):
                self.compare(path, one, other)
            return
        for name, one in zip(names[0], ours):
            if name in names[1]:
                self.compare(path, one, theirs[names[1].index(name)])
            else:
                self.differ(path, THEIRS, one, None)
        for name, other in zip(names[1], theirs):
            if name not in names[0]:
                self.differ(path, OURS, None, other)

    def differ(self, path, how, ours, theirs):
        self.fields += 1
        self.found.append((path, how, ours, theirs))
