"""Whether an answer of the API says the same as boto3."""

import datetime


def differences(ours, theirs, place=""):
    """What `ours` says otherwise than `theirs`, or says alone. What it leaves out is no difference."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        found = []
        for key, value in ours.items():
            # What is ours stands apart.
            if key == "steward":
                continue
            if key not in theirs and value in ([], ""):
                continue  # AWS says most lists that are empty, and the emulator leaves some out.
            if key not in theirs:
                found.append(f"{place}.{key}: {value!r}, and boto3 has no such field")
            else:
                found += differences(value, theirs[key], f"{place}.{key}")
        return found
    if isinstance(ours, list) and isinstance(theirs, list):
        if len(ours) != len(theirs):
            return [f"{place}: {len(ours)} of them, and boto3 has {len(theirs)}"]
        pairs = zip(sorted(ours, key=name_of), sorted(theirs, key=name_of))
        return [d for i, (a, b) in enumerate(pairs) for d in differences(a, b, f"{place}[{i}]")]
    if isinstance(theirs, datetime.datetime):
        return [] if same_second(ours, theirs) else [f"{place}: {ours}, and boto3 says {theirs}"]
    return [] if ours == theirs else [f"{place}: {ours!r}, and boto3 says {theirs!r}"]


def name_of(value):
    """By what the members of a list are put in order: lists of AWS have none."""
    if isinstance(value, dict):
        for key in ("taskArn", "serviceArn", "clusterArn", "imageDigest", "repositoryArn", "InstanceId", "id", "name",
                    "AutoScalingGroupName", "key", "Key"):
            if key in value:
                return str(value[key])
    return str(value)


def same_second(text, instant):
    ours = datetime.datetime.fromisoformat(text)
    return abs((ours - instant).total_seconds()) <= 1
