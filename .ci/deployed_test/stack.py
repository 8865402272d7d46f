"""template.yaml, translated as AWS translates it, and deployed into the emulator by CloudFormation."""

import io
import json
import logging
import platform
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".ci"))

import translate  # noqa: E402

FUNCTIONS = {
    "ScaleServiceFunction": "scale-service",
    "DescribeClusterFunction": "describe-cluster",
    "RunTaskFunction": "run-task",
    "StopTaskFunction": "stop-task",
    "PruneImagesFunction": "prune-images",
}

BUCKET = "built"
LISTS = "lists"  # where the lists of images in use are written

# ---- the parameters of the stack under test: everything that is not a default stands here ----
PARAMETERS = {
    # The cluster `idle` (world.py) is outside on purpose.
    "Clusters": "shop,night-*",
    "Mode": "act",
    "TimeZone": "Europe/Berlin",
    "Label": "test",
    "DeployRunTask": "true",
    "DeployStopTask": "true",
    "DeployPruneImages": "true",
    "EnableNightlyJob": "true",
    "NightlyJobCluster": "shop",
    "NightlyJobTaskDefinition": "migrate",
    "NightlyJobLike": "catalog",
    "EnablePrune": "true",
    "RunFamilies": "shop=migrate",
    "RunOverrides": "shop=migrate",
    "RunTaskDefinitionArns": "arn:aws:ecs:eu-central-1:000000000000:task-definition/migrate:*",
    "RunPassRoleArns": "arn:aws:iam::000000000000:role/task,arn:aws:iam::000000000000:role/execution",
    "PruneRepositories": "users,tools/*",
    "InUseTo": f"s3://{LISTS}/images/",
    # All images of the test are a second old, and nobody pulls them.
    "KeepPulledDays": "0",
    "KeepPushedHours": "0",
}

# What the emulator's IAM does not fill in, though AWS does
# (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html).
UNKNOWN_KEYS = {"ecs:cluster", "ecs:CreateAction", "iam:PassedToService"}

# Types that its CloudFormation does not know. The door (door.py) answers for what they would make.
UNKNOWN_TYPES = {"AWS::ECR::PullTimeUpdateExclusion"}


def translated():
    """What AWS would deploy, by the very translator that it uses (.ci/translate.py)."""
    logging.disable(logging.WARNING)
    try:
        return translate.translate((ROOT / "template.yaml").read_text(encoding="utf-8"))
    finally:
        logging.disable(logging.NOTSET)


def statements(template):
    """Every statement of every policy of the template, wherever a condition put it."""

    def walk(value):
        if isinstance(value, dict):
            if value.get("Effect") in ("Allow", "Deny") and "Action" in value:
                yield value
            else:
                for inner in value.values():
                    yield from walk(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from walk(inner)

    for name, resource in template["Resources"].items():
        if resource["Type"] in ("AWS::IAM::Role", "AWS::IAM::Policy"):
            for statement in walk(resource["Properties"]):
                yield name, statement


def listed(value):
    return value if isinstance(value, list) else [value]


def forget(value, keys):
    """The value without some keys, however deep they lie, and without what is empty then."""
    if isinstance(value, dict):
        for key, inner in list(value.items()):
            if key in keys or not forget(inner, keys):
                del value[key]
    elif isinstance(value, list):
        for inner in value:
            forget(inner, keys)
    return value


def worked_out(value, template, parameters):
    """A value of a condition in which texts are cut and joined no more: the emulator can only compare them there."""
    if isinstance(value, list):
        return [worked_out(inner, template, parameters) for inner in value]
    if not isinstance(value, dict):
        return value
    inner = {key: worked_out(of, template, parameters) for key, of in value.items()}
    if "Ref" in value and value["Ref"] in template["Parameters"]:
        parameter = template["Parameters"][value["Ref"]]
        text = str(parameters.get(value["Ref"], parameter.get("Default")))
        return text.split(",") if parameter["Type"] == "CommaDelimitedList" else text
    if value.get("Ref") == "AWS::StackName":
        # Only whether it is one that a StackSet made up is asked, and it is none.
        return "a-stack"
    if "Fn::Split" in inner:
        separator, text = inner["Fn::Split"]
        return text.split(separator)
    if "Fn::Join" in inner:
        separator, texts = inner["Fn::Join"]
        return separator.join(texts)
    if "Fn::Select" in inner:
        index, texts = inner["Fn::Select"]
        return texts[int(index)]
    return inner


def fit_for_emulator(template, packages, parameters):
    """The few things in which the template can't be deployed as it is. Whatever they hide is not tested here."""
    template["Conditions"] = worked_out(template["Conditions"], template, parameters)
    machine = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
    for name, resource in list(template["Resources"].items()):
        if resource["Type"] in UNKNOWN_TYPES:
            del template["Resources"][name]
    for name, function in FUNCTIONS.items():
        properties = template["Resources"][name]["Properties"]
        # The functions run on this machine, as they were built for it.
        properties["Architectures"] = [machine]
        properties["Code"] = {"S3Bucket": BUCKET, "S3Key": packages[function].name}
    for _, statement in statements(template):
        if any(action.startswith("ecs:") for action in listed(statement["Action"])):
            # Of ECS its IAM knows the resources cluster/NAME and "*", and no service, task or task definition. So
            # which actions a role has is tested here, and on what it has them is not: .ci/template_test.py looks.
            statement["Resource"] = "*"
        if "ecs:UntagResource" in listed(statement["Action"]):
            # AWS fills in aws:TagKeys for it, and the emulator only for TagResource.
            statement["Condition"].pop("Null")
        if not forget(statement.get("Condition"), UNKNOWN_KEYS):
            statement.pop("Condition", None)
    return template


def without(template, role, action):
    """The template with an action taken from a role. It must have had it."""
    found = False
    for name, statement in statements(template):
        actions = listed(statement["Action"])
        if name == role and statement["Effect"] == "Allow" and action in actions:
            found = True
            rest = [other for other in actions if other != action]
            # IAM refuses an empty list, so what was allowed alone becomes something that nobody calls.
            statement["Action"] = rest or "ecs:ListAccountSettings"
    if not found:
        raise SystemExit(f"{role} has no {action}, so it can't be taken away")
    return template


def package(binaries: Path, to: Path):
    """Zips the host's binaries as Lambda wants them. Gives the zips by function.

    A debug binary has 160 to 200 MB, most of it symbols; they are stripped where `strip` is installed, which leaves a
    quarter. Lambda takes 250 MB unzipped.
    """
    to.mkdir(parents=True, exist_ok=True)
    strip = shutil.which("strip")
    packages = {}
    for function in FUNCTIONS.values():
        binary = binaries / function
        if not binary.is_file():
            raise SystemExit(f"{binary} is not there: build the functions (cargo build) or set STEWARD_BINARIES")
        content = binary
        if strip:
            content = to / function
            subprocess.run([strip, "-o", content, binary], check=True)
        packages[function] = to / f"{function}.zip"
        with zipfile.ZipFile(packages[function], "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            entry = zipfile.ZipInfo("bootstrap")
            entry.external_attr = 0o100755 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as inside, open(content, "rb") as outside:
                shutil.copyfileobj(outside, inside, 1 << 20)
        if content != binary:
            content.unlink()
    return packages


def upload(clients, packages):
    s3 = clients("s3")
    for bucket in (BUCKET, LISTS):
        s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name}
        )
    for zipped in packages.values():
        s3.upload_file(str(zipped), BUCKET, zipped.name)


class Stack:
    """A deployed stack: its resources and outputs by name."""

    def __init__(self, clients, name, template, parameters):
        cloudformation = clients("cloudformation")
        self.name, self.parameters = name, parameters
        # Beyond 51,200 bytes CloudFormation wants a place and not a text.
        key = f"{name}.template.json"
        clients("s3").upload_fileobj(io.BytesIO(json.dumps(template).encode()), BUCKET, key)
        cloudformation.create_stack(
            StackName=name,
            # The emulator reads only URLs with the bucket in the path.
            TemplateURL=f"https://s3.{cloudformation.meta.region_name}.amazonaws.com/{BUCKET}/{key}",
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        until = time.monotonic() + 60
        while True:
            (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
            if not stack["StackStatus"].endswith("_IN_PROGRESS") or time.monotonic() > until:
                break
            time.sleep(0.1)
        self.status = stack["StackStatus"]
        if self.status != "CREATE_COMPLETE":
            events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
            why = "\n".join(
                f"  {e['LogicalResourceId']} ({e['ResourceType']}): {e.get('ResourceStatusReason', '')}"
                for e in events
                if e["ResourceStatus"].endswith("FAILED")
            )
            raise SystemExit(f"the stack {name} is {self.status}:\n{why}")
        self.outputs = {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}
        self.resources = {
            r["LogicalResourceId"]: (r["ResourceType"], r["PhysicalResourceId"])
            for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
            for r in page["StackResourceSummaries"]
        }

    def __getitem__(self, logical):
        """The physical id of a resource."""
        return self.resources[logical][1]

    def of_type(self, kind):
        return {name: physical for name, (of, physical) in self.resources.items() if of == kind}
