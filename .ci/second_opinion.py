"""Holds the embedded AWS against two opinions that this project did not write: botocore's models, and moto.

It starts both emulators, makes the same world in them, and sends the same calls to both: those of the functions, and
the writes that their world is made of, good and bad. Every answer of the embedded AWS must be of the form that
botocore's model gives it, and every refusal one that the model or the service's page of common errors names. Then
both answers are compared field by field; ids, digests, tokens and dates count as equal if both have one. Messages of
errors are not compared, as AWS documents none. Lists are compared without their order, as AWS promises none.

Where the two differ stands in DIFFERENCES, with who is right by AWS's documentation. A difference that is not there
fails, and one that is there and does not occur any more fails too.

    .ci/second_opinion.py target/debug/examples/second_opinion
"""

import base64
import contextlib
import datetime
import json
import os
import re
import subprocess
import sys
import urllib.request
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

ACCOUNT, REGION = "123456789012", "sa-east-1"
os.environ |= {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "MOTO_ACCOUNT_ID": ACCOUNT,
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",  # Nothing may reach AWS: every client is told where to go.
}

import boto3  # noqa: E402
from botocore.config import Config  # noqa: E402
from botocore.exceptions import ClientError, HTTPClientError  # noqa: E402
from botocore.parsers import ResponseParserError  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent


# --- the two emulators ------------------------------------------------------------------------------------------------


@dataclass
class Answer:
    """What came back: a body, or the status and the code of a refusal."""

    body: dict | None
    status: int
    code: str | None
    raw: bytes
    model: object


@dataclass
class Side:
    """One emulator, and the ARNs and ids that it gave."""

    name: str
    url: str
    memory: dict = field(default_factory=dict)
    clients: dict = field(default_factory=dict)
    last: object = None

    def client(self, service):
        if service not in self.clients:
            config = Config(
                region_name=REGION,
                parameter_validation=False,
                retries={"total_max_attempts": 1},
                s3={"addressing_style": "path"},
                read_timeout=30,
                inject_host_prefix=False,
            )
            client = boto3.client(service, endpoint_url=self.url, config=config)
            client.meta.events.register("after-call", self.remember)
            self.clients[service] = client
        return self.clients[service]

    def remember(self, http_response, **_):
        self.last = http_response

    def call(self, service, operation, parameters):
        client = self.client(service)
        model = client.meta.service_model.operation_model(operation)
        method = {v: k for k, v in client.meta.method_to_api_mapping.items()}[operation]
        self.last = None
        try:
            body = getattr(client, method)(**parameters)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            raw = self.last.content if self.last is not None else b""
            return Answer(None, status, error.response["Error"]["Code"], raw, model)
        except (ResponseParserError, HTTPClientError, LookupError, ElementTree.ParseError) as error:
            return Answer(None, 500, f"unreadable ({type(error).__name__})", b"", model)
        status = body.pop("ResponseMetadata")["HTTPStatusCode"]
        streams = [k for k, v in body.items() if hasattr(v, "read")]
        for name in streams:
            body[name] = body[name].read().decode()
        raw = b"" if streams else self.last.content
        return Answer(body, status, None, raw, model)


@contextlib.contextmanager
def embedded(binary):
    server = subprocess.Popen([binary], stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().strip()
        if not url.startswith("http://"):
            sys.exit(f"{binary} does not say where it is")
        yield Side("embedded", url)
    finally:
        server.terminate()
        server.wait(10)


@contextlib.contextmanager
def moto():
    import logging

    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        yield Side("moto", "http://{}:{}".format(*server.get_host_and_port()))
    finally:
        server.stop()


# --- the first opinion: botocore's models -----------------------------------------------------------------------------

# What a service may answer to any of its operations: the page of common errors of each service, such as
# <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html>.
COMMON_ERRORS = {
    "AccessDeniedException", "ThrottlingException", "Throttling", "ValidationException", "ValidationError",
    "UnknownOperationException", "InvalidAction", "SerializationException",
    # <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
    "NoSuchBucket",
}


def of_the_model(answer):
    """What an answer of the embedded AWS has that its model does not know, or lacks what the model requires."""
    model = answer.model
    if answer.code is not None:
        errors = {(s.metadata.get("error") or {}).get("code") or s.name: s for s in model.error_shapes}
        if answer.code in errors:
            error = errors[answer.code].metadata.get("error") or {}
            wanted = error.get("httpStatusCode")
            if wanted and wanted != answer.status and not error.get("senderFault"):
                yield f"{answer.code} has the status {answer.status}, the model says {wanted}"
        elif answer.code not in COMMON_ERRORS:
            yield f"{answer.code} is no error of this operation: {sorted(errors)}"
        return
    shape = model.output_shape
    if shape is None or any(m.serialization.get("streaming") for m in shape.members.values()):
        return
    protocol = model.service_model.metadata["protocol"]
    if protocol in ("query", "rest-xml"):
        root = ElementTree.fromstring(answer.raw) if answer.raw.strip() else None
        if root is None:
            return
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        wrapper = shape.serialization.get("resultWrapper")
        element = root.find(wrapper) if wrapper else root
        if element is not None:
            yield from of_xml(shape, element, "")
        elif shape.required_members:
            yield f"there is no {wrapper}"
    else:
        value = json.loads(answer.raw or b"{}")
        payload = shape.serialization.get("payload")
        yield from of_json(shape.members[payload] if payload else shape, value, "", protocol)


JSON_TYPES = {
    "structure": dict, "map": dict, "list": list, "string": str, "character": str, "blob": str, "boolean": bool,
    "integer": int, "long": int, "float": (int, float), "double": (int, float), "timestamp": (int, float),
}


def of_json(shape, value, path, protocol):
    kind = shape.type_name
    wanted = JSON_TYPES[kind]
    if kind == "timestamp" and shape.serialization.get("timestampFormat", "unixTimestamp") != "unixTimestamp":
        wanted = str
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{path or 'the answer'} is {value!r}, which is no {kind}"
    elif kind == "structure":
        in_body = {n: s for n, s in shape.members.items() if "location" not in s.serialization}
        members = {s.serialization.get("name", n): (n, s) for n, s in in_body.items()}
        for name, inner in value.items():
            if name not in members:
                yield f"{path}.{name} is unknown"
            else:
                yield from of_json(members[name][1], inner, f"{path}.{name}", protocol)
        for name in shape.required_members:
            wire = shape.members[name].serialization.get("name", name)
            if "location" not in shape.members[name].serialization and wire not in value:
                yield f"{path}.{name} is required and not there"
        if shape.metadata.get("union") and len(value) != 1:
            yield f"{path} is a union and has {len(value)} members"
    elif kind == "list":
        for item in value:
            yield from of_json(shape.member, item, f"{path}[]", protocol)
    elif kind == "map":
        for inner in value.values():
            yield from of_json(shape.value, inner, f"{path}{{}}", protocol)
    elif kind == "string" and getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{path} is {value!r}, which is none of {shape.enum}"


def of_xml(shape, element, path):
    kind, text = shape.type_name, (element.text or "").strip()
    if kind == "structure":
        members = {}
        for name, inner in shape.members.items():
            flat = inner.type_name == "list" and inner.serialization.get("flattened")
            wire = (inner.member if flat else inner).serialization.get("name")
            wire = wire or inner.serialization.get("name") or name
            members[wire] = (name, inner, flat)
        present = set()
        for child in element:
            if child.tag not in members:
                yield f"{path}.{child.tag} is unknown"
                continue
            name, inner, flat = members[child.tag]
            if name in present and not flat:
                yield f"{path}.{name} is there twice"
            present.add(name)
            yield from of_xml(inner.member if flat else inner, child, f"{path}.{name}")
        for name in shape.required_members:
            # A list that is required and empty has no element in a flattened list.
            if name not in present:
                yield f"{path}.{name} is required and not there"
    elif kind == "list":
        tag = shape.member.serialization.get("name", "member")
        for child in element:
            if child.tag != tag:
                yield f"{path} has an item {child.tag}, not {tag}"
            yield from of_xml(shape.member, child, f"{path}[]")
    elif len(element):
        yield f"{path} has elements, and is a {kind}"
    elif kind == "boolean" and text not in ("true", "false"):
        yield f"{path} is {text!r}, which is no boolean"
    elif kind in ("integer", "long") and not re.fullmatch(r"-?\d+", text):
        yield f"{path} is {text!r}, which is no {kind}"
    elif kind == "timestamp" and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text):
        yield f"{path} is {text!r}, which is no date"
    elif kind == "string" and getattr(shape, "enum", None) and text not in shape.enum:
        yield f"{path} is {text!r}, which is none of {shape.enum}"


# --- the second opinion: moto -----------------------------------------------------------------------------------------

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


NOT_IN_MOTO = {
    "application-autoscaling": ["ListTagsForResource"],
    "autoscaling": ["CompleteLifecycleAction"],
    "ecr": [
        "ListImageReferrers", "UpdateImageStorageClass", "DescribePullThroughCacheRules",
        "ListPullTimeUpdateExclusions", "RegisterPullTimeUpdateExclusion", "DeregisterPullTimeUpdateExclusion",
    ],
    "ecs": [
        "DescribeServiceDeployments", "ListServiceDeployments", "DescribeServiceRevisions", "ListDaemons",
        "DescribeDaemon", "ListDaemonDeployments", "DescribeDaemonDeployments", "DescribeDaemonRevisions",
        "DescribeDaemonTaskDefinition", "GetTaskProtection", "UpdateTaskProtection",
    ],
    "stepfunctions": ["ListStateMachineVersions"],
}


PAGES = {
    "application-autoscaling": "https://docs.aws.amazon.com/autoscaling/application/APIReference/API_{}.html",
    "autoscaling": "https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_{}.html",
    "batch": "https://docs.aws.amazon.com/batch/latest/APIReference/API_{}.html",
    "codebuild": "https://docs.aws.amazon.com/codebuild/latest/APIReference/API_{}.html",
    "ecr": "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_{}.html",
    "ecs": "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_{}.html",
    "events": "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_{}.html",
    "lambda": "https://docs.aws.amazon.com/lambda/latest/api/API_{}.html",
    "pipes": "https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_{}.html",
    "s3": "https://docs.aws.amazon.com/AmazonS3/latest/API/API_{}.html",
    "scheduler": "https://docs.aws.amazon.com/scheduler/latest/APIReference/API_{}.html",
    "stepfunctions": "https://docs.aws.amazon.com/step-functions/latest/apireference/API_{}.html",
}

# A row: who is right | the field, or the case of a refusal | how they differ | the page of PAGES that says so
# (* for the operation's own) | the operations. A case is named where `replay` makes it.
# - embedded: AWS's page says so, and moto leaves it out, makes it up or does not look.
# - moto: AWS's page has it, and the embedded AWS does not model it.
# - both: the page leaves it open, or either makes it up.
DIFFERENCES = {
    "application-autoscaling": """
moto | Alarms[] | moto only | * | PutScalingPolicy
moto | ScalingPolicies[].Alarms[] | moto only | ScalingPolicy | DescribeScalingPolicies
both | ScalableTargets[].SuspendedState.DynamicScalingOutSuspended | ours only | ScalableTarget | DescribeScalableTargets
both | ScalableTargets[].SuspendedState.ScheduledScalingSuspended | ours only | ScalableTarget | DescribeScalableTargets
embedded | (51 ids) | 400 ValidationException; moto: an answer | * | DescribeScalableTargets
embedded | (a bad schedule) | 400 ValidationException; moto: an answer | * | PutScheduledAction
embedded | (a bad token) | 400 InvalidNextTokenException; moto: fails | * | DescribeScalableTargets
embedded | (a bad token) | 400 InvalidNextTokenException; moto: fails | * | DescribeScalingPolicies
embedded | (a negative min) | 400 ValidationException; moto: an answer | * | RegisterScalableTarget
embedded | (min above max) | 400 ValidationException; moto: an answer | * | PutScheduledAction RegisterScalableTarget
embedded | (new, without sizes) | 400 ValidationException; moto: an answer | * | RegisterScalableTarget
embedded | (too long a page) | 400 ValidationException; moto: an answer | * | DescribeScalableTargets
embedded | (too long a page) | 400 ValidationException; moto: an answer | * | DescribeScheduledActions
embedded | (unknown) | 400 ObjectNotFoundException; moto: 400 ValidationException | * | DeleteScalingPolicy DeregisterScalableTarget
embedded | (unknown) | 400 ObjectNotFoundException; moto: an answer | * | DeleteScheduledAction
embedded | (without a target) | 400 ObjectNotFoundException; moto: an answer | * | PutScalingPolicy PutScheduledAction
embedded | ScalableTargets[].RoleARN | ours only | ScalableTarget | DescribeScalableTargets
embedded | ScheduledActions[].ScheduledActionARN | values | ScheduledAction | DescribeScheduledActions
""",
    "autoscaling": """
both | Activity.Cause | values | Activity | TerminateInstanceInAutoScalingGroup
both | Activity.Progress | values | Activity | TerminateInstanceInAutoScalingGroup
both | AutoScalingGroups[].Instances[].AvailabilityZone | values | Instance | DescribeAutoScalingGroups
both | AutoScalingGroups[].SuspendedProcesses[].SuspensionReason | values | SuspendedProcess | DescribeAutoScalingGroups
both | ScheduledUpdateGroupActions[].StartTime | ours only | ScheduledUpdateGroupAction | DescribeScheduledActions
both | ScheduledUpdateGroupActions[].Time | ours only | ScheduledUpdateGroupAction | DescribeScheduledActions
embedded | (a bad token) | 400 InvalidNextToken; moto: fails | * | DescribeAutoScalingGroups
embedded | (above max) | 400 ValidationError; moto: an answer | * | SetDesiredCapacity UpdateAutoScalingGroup
embedded | (an unknown process) | 400 ValidationError; moto: an answer | * | SuspendProcesses
embedded | (below min) | 400 ValidationError; moto: an answer | * | SetDesiredCapacity UpdateAutoScalingGroup
embedded | (min above max) | 400 ValidationError; moto: an answer | * | UpdateAutoScalingGroup
embedded | (of an unknown group) | 400 ValidationError; moto: an answer | * | PutScheduledUpdateGroupAction
embedded | (of an unknown group) | 400 ValidationError; moto: fails | * | CreateOrUpdateTags DescribeWarmPool
embedded | (of an unknown group) | 400 ValidationError; moto: fails | * | ResumeProcesses SetDesiredCapacity
embedded | (of an unknown group) | 400 ValidationError; moto: fails | * | SuspendProcesses
embedded | (too long a page) | 400 ValidationError; moto: an answer | * | DescribeScheduledActions
embedded | (too long a page) | 400 ValidationError; moto: fails | * | DescribeAutoScalingGroups
embedded | (unknown) | 400 ValidationError; moto: fails | * | TerminateInstanceInAutoScalingGroup
embedded | Activities[] | ours only | Activity | DescribeScalingActivities
embedded | Activity.AutoScalingGroupARN | ours only | Activity | TerminateInstanceInAutoScalingGroup
embedded | Activity.Details | ours only | Activity | TerminateInstanceInAutoScalingGroup
embedded | Activity.EndTime | moto only | Activity | TerminateInstanceInAutoScalingGroup
embedded | AutoScalingGroups[].Instances[] | moto only | Instance | DescribeAutoScalingGroups
embedded | AutoScalingGroups[].Tags[] | ours only | TagDescription | DescribeAutoScalingGroups
embedded | LifecycleHooks[].GlobalTimeout | values | LifecycleHook | DescribeLifecycleHooks
embedded | LifecycleHooks[].NotificationTargetARN | moto only | LifecycleHook | DescribeLifecycleHooks
embedded | LifecycleHooks[].RoleARN | moto only | LifecycleHook | DescribeLifecycleHooks
embedded | ScheduledUpdateGroupActions[].ScheduledActionARN | ours only | ScheduledUpdateGroupAction | DescribeScheduledActions
""",
    "batch": """
both | jobDefinitions[].containerProperties.command | moto only | ContainerProperties | DescribeJobDefinitions
both | jobDefinitions[].containerProperties.environment | moto only | ContainerProperties | DescribeJobDefinitions
both | jobDefinitions[].containerProperties.mountPoints | moto only | ContainerProperties | DescribeJobDefinitions
both | jobDefinitions[].containerProperties.resourceRequirements | moto only | ContainerProperties | DescribeJobDefinitions
both | jobDefinitions[].containerProperties.secrets | moto only | ContainerProperties | DescribeJobDefinitions
both | jobDefinitions[].containerProperties.ulimits | moto only | ContainerProperties | DescribeJobDefinitions
both | jobDefinitions[].containerProperties.volumes | moto only | ContainerProperties | DescribeJobDefinitions
both | jobDefinitions[].parameters | moto only | JobDefinition | DescribeJobDefinitions
both | jobDefinitions[].tags | moto only | JobDefinition | DescribeJobDefinitions
embedded | (too long a page) | 400 ClientException; moto: an answer | * | DescribeJobDefinitions
""",
    "codebuild": """
moto | projects[].artifacts | moto only | Project | BatchGetProjects
moto | projects[].badge | moto only | Project | BatchGetProjects
moto | projects[].cache | moto only | Project | BatchGetProjects
moto | projects[].encryptionKey | moto only | Project | BatchGetProjects
moto | projects[].queuedTimeoutInMinutes | moto only | Project | BatchGetProjects
moto | projects[].source | moto only | Project | BatchGetProjects
moto | projects[].timeoutInMinutes | moto only | Project | BatchGetProjects
both | projects[].environment.privilegedMode | ours only | Project | BatchGetProjects
embedded | (a bad token) | 400 InvalidInputException; moto: an answer | * | ListProjects
embedded | (no name) | 400 InvalidInputException; moto: an answer | * | BatchGetProjects
embedded | projectsNotFound | ours only | * | BatchGetProjects
embedded | projects[].environment.imagePullCredentialsType | ours only | Project | BatchGetProjects
embedded | projects[].lastModified | ours only | Project | BatchGetProjects
""",
    "ecr": """
moto | lastEvaluatedAt | moto only | * | DeleteLifecyclePolicy GetLifecyclePolicy
both | failures[].failureReason | values | ImageFailure | BatchDeleteImage BatchGetImage
both | imageDetails[].imageSizeInBytes | values | ImageDetail | DescribeImages
embedded | (101 ids) | 400 InvalidParameterException; moto: an answer | * | BatchDeleteImage BatchGetImage
embedded | (101 names) | 400 InvalidParameterException; moto: 400 RepositoryNotFoundException | * | DescribeRepositories
embedded | (a bad token) | 400 InvalidParameterException; moto: an answer | * | DescribeImages DescribeRepositories
embedded | (an index of nobody) | 400 ReferencedImagesNotFoundException; moto: an answer | * | PutImage
embedded | (by id, with a page) | 400 InvalidParameterException; moto: an answer | * | DescribeImages
embedded | (in an unknown repository) | 400 RepositoryNotFoundException; moto: fails | * | PutImage
embedded | (no image) | 400 InvalidParameterException; moto: fails | * | BatchDeleteImage
embedded | (no rules) | 400 InvalidParameterException; moto: an answer | * | PutLifecyclePolicy
embedded | (over an immutable tag) | 400 ImageTagAlreadyExistsException; moto: 400 ImageAlreadyExistsException | * | PutImage
embedded | (too long a page) | 400 InvalidParameterException; moto: an answer | * | DescribeImages DescribeRepositories
embedded | (too long a page) | 400 InvalidParameterException; moto: an answer | * | ListImages
embedded | failures[] | ours only | ImageFailure | BatchDeleteImage
embedded | failures[].failureCode | values | ImageFailure | BatchDeleteImage BatchGetImage
embedded | failures[].imageId.imageTag | moto only | ImageFailure | BatchGetImage
embedded | imageDetails | values | * | DescribeImages
embedded | imageDetails[] | moto only | * | DescribeImages
embedded | imageDetails[] | ours only | * | DescribeImages
embedded | imageDetails[].artifactMediaType | ours only | ImageDetail | DescribeImages
embedded | imageDetails[].imageSizeInBytes | ours only | ImageDetail | DescribeImages
embedded | imageDetails[].imageStatus | ours only | ImageDetail | DescribeImages
embedded | imageDetails[].lastRecordedPullTime | ours only | ImageDetail | DescribeImages
embedded | images[].imageId.imageTag | values | * | BatchGetImage
embedded | nextToken | ours only | * | DescribeImages DescribeRepositories
embedded | repositories | values | * | DescribeRepositories
""",
    "ecs": """
moto | containerInstance.attributes[] | moto only | ContainerInstance | DescribeContainerInstances
moto | containerInstance.attributes[] | moto only | ContainerInstance | UpdateContainerInstancesState
moto | containerInstance.registeredResources[] | moto only | ContainerInstance | DescribeContainerInstances
moto | containerInstance.registeredResources[] | moto only | ContainerInstance | UpdateContainerInstancesState
moto | containerInstance.remainingResources[] | moto only | ContainerInstance | DescribeContainerInstances
moto | containerInstance.remainingResources[] | moto only | ContainerInstance | UpdateContainerInstancesState
moto | task.attachments[] | moto only | Task | DescribeTasks RunTask StopTask
moto | task.containers[].cpu | moto only | Container | DescribeTasks RunTask StopTask
moto | task.containers[].memory | moto only | Container | DescribeTasks RunTask StopTask
moto | taskDefinition.containerDefinitions[].cpu | moto only | ContainerDefinition | DescribeTaskDefinition RegisterTaskDefinition
moto | taskDefinition.containerDefinitions[].mountPoints | moto only | ContainerDefinition | DeregisterTaskDefinition
moto | taskDefinition.containerDefinitions[].mountPoints | moto only | ContainerDefinition | DescribeTaskDefinition RegisterTaskDefinition
moto | taskDefinition.containerDefinitions[].portMappings | moto only | ContainerDefinition | DeregisterTaskDefinition
moto | taskDefinition.containerDefinitions[].portMappings | moto only | ContainerDefinition | DescribeTaskDefinition RegisterTaskDefinition
moto | taskDefinition.containerDefinitions[].volumesFrom | moto only | ContainerDefinition | DeregisterTaskDefinition
moto | taskDefinition.containerDefinitions[].volumesFrom | moto only | ContainerDefinition | DescribeTaskDefinition RegisterTaskDefinition
moto | taskDefinition.placementConstraints | moto only | TaskDefinition | DeregisterTaskDefinition
moto | taskDefinition.placementConstraints | moto only | TaskDefinition | DescribeTaskDefinition RegisterTaskDefinition
moto | taskDefinition.volumes | moto only | TaskDefinition | DeregisterTaskDefinition DescribeTaskDefinition
moto | taskDefinition.volumes | moto only | TaskDefinition | RegisterTaskDefinition
both | (an unknown launch type) | 400 InvalidParameterException; moto: 400 ClientException | * | CreateService
both | (no instance) | 400 InvalidParameterException; moto: 400 ClientException | * | DescribeContainerInstances
both | capacityProviders[].tags | ours only | CapacityProvider | DescribeCapacityProviders
both | cluster.capacityProviders | ours only | Cluster | CreateCluster DeleteCluster DescribeClusters
both | cluster.defaultCapacityProviderStrategy | ours only | Cluster | CreateCluster DeleteCluster DescribeClusters
both | cluster.settings[] | moto only | Cluster | CreateCluster DeleteCluster
both | cluster.statistics | ours only | Cluster | CreateCluster DeleteCluster
both | cluster.tags[] | moto only | Cluster | DeleteCluster
both | containerInstance.attachments | ours only | ContainerInstance | DescribeContainerInstances
both | containerInstance.attachments | ours only | ContainerInstance | UpdateContainerInstancesState
both | containerInstance.attributes[].value | values | ContainerInstance | DescribeContainerInstances
both | containerInstance.registeredResources[].integerValue | values | ContainerInstance | DescribeContainerInstances
both | containerInstance.registeredResources[].integerValue | values | ContainerInstance | UpdateContainerInstancesState
both | containerInstance.remainingResources[].integerValue | values | ContainerInstance | DescribeContainerInstances
both | containerInstance.remainingResources[].integerValue | values | ContainerInstance | UpdateContainerInstancesState
both | containerInstance.tags | ours only | ContainerInstance | DescribeContainerInstances
both | containerInstance.tags | ours only | ContainerInstance | UpdateContainerInstancesState
both | containerInstance.versionInfo.agentHash | values | ContainerInstance | DescribeContainerInstances
both | containerInstance.versionInfo.agentHash | values | ContainerInstance | UpdateContainerInstancesState
both | containerInstance.versionInfo.agentVersion | values | ContainerInstance | DescribeContainerInstances
both | containerInstance.versionInfo.agentVersion | values | ContainerInstance | UpdateContainerInstancesState
both | containerInstance.versionInfo.dockerVersion | values | ContainerInstance | DescribeContainerInstances
both | containerInstance.versionInfo.dockerVersion | values | ContainerInstance | UpdateContainerInstancesState
both | service.enableECSManagedTags | ours only | Service | CreateService DeleteService DescribeServices UpdateService
both | service.enableExecuteCommand | ours only | Service | CreateService DeleteService DescribeServices UpdateService
both | service.networkConfiguration | moto only | Service | CreateService DescribeServices
both | service.placementConstraints | ours only | Service | CreateService DeleteService DescribeServices UpdateService
both | service.placementStrategy | ours only | Service | CreateService DeleteService DescribeServices UpdateService
both | service.taskSets | moto only | Service | CreateService DeleteService DescribeServices UpdateService
both | task.enableExecuteCommand | ours only | Task | DescribeTasks RunTask StopTask
both | task.overrides.containerOverrides | ours only | Task | DescribeTasks RunTask
both | task.startedBy | moto only | Task | DescribeTasks RunTask
both | task.stoppedReason | moto only | Task | DescribeTasks RunTask
both | task.tags | ours only | Task | DescribeTasks
both | taskDefinition.networkMode | moto only | TaskDefinition | DescribeTaskDefinition RegisterTaskDefinition
embedded | (101 names) | 400 InvalidParameterException; moto: an answer | * | DescribeCapacityProviders DescribeClusters
embedded | (101 tasks) | 400 InvalidParameterException; moto: an answer | * | DescribeTasks
embedded | (11 at once) | 400 InvalidParameterException; moto: an answer | * | RunTask
embedded | (11 instances) | 400 InvalidParameterException; moto: an answer | * | UpdateContainerInstancesState
embedded | (11 names) | 400 InvalidParameterException; moto: an answer | * | DescribeServices
embedded | (51 tags) | 400 InvalidParameterException; moto: an answer | * | TagResource
embedded | (DAEMON with a count) | 400 InvalidParameterException; moto: an answer | * | CreateService UpdateService
embedded | (Fargate without sizes) | 400 ClientException; moto: an answer | * | RegisterTaskDefinition
embedded | (a bad family) | 400 ClientException; moto: an answer | * | RegisterTaskDefinition
embedded | (a bad include) | 400 InvalidParameterException; moto: an answer | * | DescribeServices
embedded | (a bad name) | 400 InvalidParameterException; moto: an answer | * | CreateCluster CreateService
embedded | (a bad status) | 400 InvalidParameterException; moto: an answer | * | ListTaskDefinitions
embedded | (a bad token) | 400 InvalidParameterException; moto: an answer | * | ListClusters ListServices ListTaskDefinitions
embedded | (a bad token) | 400 InvalidParameterException; moto: an answer | * | ListTasks
embedded | (a deregistered definition) | 400 ClientException; moto: an answer | * | RunTask UpdateService
embedded | (a family without active revisions) | 400 ClientException; moto: an answer | * | DescribeTaskDefinition
embedded | (a key of aws:) | 400 InvalidParameterException; moto: an answer | * | TagResource
embedded | (a negative count) | 400 InvalidParameterException; moto: an answer | * | CreateService UpdateService
embedded | (a second time) | 400 InvalidParameterException; moto: an answer | * | CreateService
embedded | (a short ARN) | 400 InvalidParameterException; moto: 400 ServiceNotFoundException | * | TagResource
embedded | (a value of 257 letters) | 400 InvalidParameterException; moto: an answer | * | TagResource
embedded | (a value of a tab) | 400 InvalidParameterException; moto: an answer | * | TagResource
embedded | (all, with tags) | an answer; moto: fails | * | DescribeCapacityProviders
embedded | (an override of an unknown container) | 400 InvalidParameterException; moto: an answer | * | RunTask
embedded | (an unknown provider) | 400 InvalidParameterException; moto: an answer | * | CreateCluster
embedded | (an unknown service) | 400 InvalidParameterException; moto: 400 ServiceNotFoundException | * | ListTagsForResource
embedded | (an unknown service) | 400 ResourceNotFoundException; moto: 400 ServiceNotFoundException | * | TagResource UntagResource
embedded | (by an unknown service) | 400 ServiceNotFoundException; moto: an answer | * | ListTasks
embedded | (deleted) | 400 ServiceNotActiveException; moto: an answer | * | UpdateService
embedded | (in an unknown cluster) | 400 ClusterNotFoundException; moto: an answer | * | ListContainerInstances
embedded | (no name) | 400 InvalidParameterException; moto: an answer | * | DescribeServices
embedded | (of a deregistered definition) | 400 ClientException; moto: an answer | * | CreateService
embedded | (startedBy with a family) | 400 InvalidParameterException; moto: an answer | * | ListTasks
embedded | (too long a page) | 400 InvalidParameterException; moto: an answer | * | ListClusters ListContainerInstances
embedded | (too long a page) | 400 InvalidParameterException; moto: an answer | * | ListServices ListTaskDefinitionFamilies
embedded | (too long a page) | 400 InvalidParameterException; moto: an answer | * | ListTaskDefinitions ListTasks
embedded | (too long a page) | 400 InvalidParameterException; moto: fails | * | DescribeCapacityProviders
embedded | (too long a reason) | 400 InvalidParameterException; moto: an answer | * | StopTask
embedded | (unknown) | 400 InvalidParameterException; moto: fails | * | StopTask
embedded | (with services) | 400 ClusterContainsServicesException; moto: an answer | * | DeleteCluster
embedded | (without a network) | 400 InvalidParameterException; moto: an answer | * | CreateService
embedded | (without containers) | 400 ClientException; moto: an answer | * | RegisterTaskDefinition
embedded | capacityProviders[] | ours only | CapacityProvider | DescribeCapacityProviders
embedded | capacityProviders[].autoScalingGroupProvider.managedDraining | ours only | CapacityProvider | DescribeCapacityProviders
embedded | cluster.activeServicesCount | values | Cluster | DescribeClusters
embedded | cluster.settings[] | moto only | Cluster | DescribeClusters
embedded | cluster.statistics | ours only | Cluster | DescribeClusters
embedded | cluster.tags | ours only | Cluster | CreateCluster DescribeClusters
embedded | clusterArns | values | Cluster | ListClusters
embedded | clusterArns[] | moto only | Cluster | ListClusters
embedded | containerInstance.attributes[] | ours only | ContainerInstance | DescribeContainerInstances
embedded | containerInstance.attributes[] | ours only | ContainerInstance | UpdateContainerInstancesState
embedded | containerInstance.capacityProviderName | ours only | ContainerInstance | DescribeContainerInstances
embedded | containerInstance.capacityProviderName | ours only | ContainerInstance | UpdateContainerInstancesState
embedded | containerInstance.runningTasksCount | values | ContainerInstance | DescribeContainerInstances
embedded | containerInstance.runningTasksCount | values | ContainerInstance | UpdateContainerInstancesState
embedded | containerInstance.version | ours only | ContainerInstance | DescribeContainerInstances
embedded | containerInstance.version | ours only | ContainerInstance | UpdateContainerInstancesState
embedded | failures[] | moto only | Failure | DescribeCapacityProviders
embedded | failures[] | ours only | Failure | DescribeCapacityProviders DescribeTasks
embedded | failures[].arn | values | Failure | DescribeContainerInstances DescribeServices
embedded | nextToken | ours only | * | ListClusters ListServices ListTaskDefinitions
embedded | service.availabilityZoneRebalancing | ours only | Service | CreateService DeleteService DescribeServices
embedded | service.availabilityZoneRebalancing | ours only | Service | UpdateService
embedded | service.capacityProviderStrategy | ours only | Service | CreateService DescribeServices
embedded | service.createdAt | ours only | Service | CreateService DeleteService DescribeServices UpdateService
embedded | service.createdBy | ours only | Service | CreateService DeleteService DescribeServices UpdateService
embedded | service.currentServiceDeployment | ours only | Service | CreateService DeleteService DescribeServices
embedded | service.currentServiceDeployment | ours only | Service | UpdateService
embedded | service.currentServiceRevisions | ours only | Service | CreateService DeleteService DescribeServices
embedded | service.currentServiceRevisions | ours only | Service | UpdateService
embedded | service.deploymentConfiguration | ours only | Service | CreateService DeleteService DescribeServices
embedded | service.deploymentConfiguration | ours only | Service | UpdateService
embedded | service.deployments[] | ours only | Deployment | UpdateService
embedded | service.deployments[].capacityProviderStrategy | ours only | Deployment | CreateService DescribeServices
embedded | service.deployments[].desiredCount | values | Deployment | CreateService DeleteService DescribeServices
embedded | service.deployments[].desiredCount | values | Deployment | UpdateService
embedded | service.deployments[].launchType | moto only | Deployment | CreateService DescribeServices
embedded | service.deployments[].pendingCount | values | Deployment | CreateService DeleteService DescribeServices
embedded | service.deployments[].pendingCount | values | Deployment | UpdateService
embedded | service.deployments[].platformFamily | moto only | Deployment | CreateService DescribeServices
embedded | service.deployments[].platformFamily | values | Deployment | CreateService DeleteService DescribeServices
embedded | service.deployments[].platformFamily | values | Deployment | UpdateService
embedded | service.deployments[].platformVersion | ours only | Deployment | CreateService DeleteService DescribeServices
embedded | service.deployments[].platformVersion | ours only | Deployment | UpdateService
embedded | service.deployments[].rolloutState | values | Deployment | CreateService DeleteService DescribeServices
embedded | service.deployments[].rolloutState | values | Deployment | UpdateService
embedded | service.deployments[].rolloutStateReason | values | Deployment | CreateService DeleteService DescribeServices
embedded | service.deployments[].rolloutStateReason | values | Deployment | UpdateService
embedded | service.deployments[].runningCount | values | Deployment | DeleteService DescribeServices UpdateService
embedded | service.deployments[].taskDefinition | values | Deployment | DescribeServices UpdateService
embedded | service.desiredCount | values | Service | CreateService DeleteService DescribeServices
embedded | service.events[] | ours only | Service | DeleteService DescribeServices UpdateService
embedded | service.launchType | moto only | Service | CreateService DescribeServices
embedded | service.pendingCount | values | Service | CreateService DescribeServices
embedded | service.platformFamily | ours only | Service | CreateService DeleteService DescribeServices UpdateService
embedded | service.platformVersion | ours only | Service | CreateService DeleteService DescribeServices UpdateService
embedded | service.resourceManagementType | ours only | Service | CreateService DeleteService DescribeServices
embedded | service.resourceManagementType | ours only | Service | UpdateService
embedded | service.runningCount | values | Service | DeleteService DescribeServices UpdateService
embedded | service.status | values | Service | DeleteService
embedded | service.taskDefinition | moto only | Service | CreateService DescribeServices
embedded | service.taskDefinition | values | Service | DescribeServices UpdateService
embedded | service.taskSets[] | ours only | Service | CreateService DescribeServices
embedded | serviceArns | values | Service | ListServices
embedded | serviceArns[] | moto only | Service | ListServices
embedded | tags | ours only | * | RegisterTaskDefinition
embedded | task.containers[].containerArn | values | Container | DescribeTasks RunTask StopTask
embedded | task.containers[].exitCode | moto only | Container | DescribeTasks RunTask StopTask
embedded | task.containers[].exitCode | values | Container | DescribeTasks
embedded | task.containers[].healthStatus | values | Container | DescribeTasks RunTask StopTask
embedded | task.containers[].imageDigest | ours only | Container | DescribeTasks StopTask
embedded | task.containers[].lastStatus | values | Container | DescribeTasks StopTask
embedded | task.containers[].taskArn | values | Container | DescribeTasks RunTask StopTask
embedded | task.cpu | ours only | Task | DescribeTasks RunTask StopTask
embedded | task.createdAt | ours only | Task | DescribeTasks RunTask StopTask
embedded | task.lastStatus | values | Task | DescribeTasks RunTask StopTask
embedded | task.memory | ours only | Task | DescribeTasks RunTask StopTask
embedded | task.startedAt | ours only | Task | DescribeTasks StopTask
embedded | task.stopCode | ours only | Task | DescribeTasks StopTask
embedded | task.stoppedAt | ours only | Task | DescribeTasks
embedded | task.stoppingAt | ours only | Task | DescribeTasks StopTask
embedded | task.tags[] | moto only | StopTask | DescribeTasks StopTask
embedded | task.version | ours only | Task | DescribeTasks RunTask StopTask
embedded | taskArns[] | ours only | Task | ListTasks
embedded | taskDefinition.deregisteredAt | ours only | TaskDefinition | DeregisterTaskDefinition DescribeTaskDefinition
embedded | taskDefinition.registeredAt | ours only | TaskDefinition | DeregisterTaskDefinition DescribeTaskDefinition
embedded | taskDefinition.registeredAt | ours only | TaskDefinition | RegisterTaskDefinition
embedded | taskDefinitionArns | values | TaskDefinition | ListTaskDefinitions
""",
    "events": """
both | Entries[].ErrorMessage | values | PutEventsResultEntry | PutEvents
embedded | () | an answer; moto: fails | * | PutEvents
embedded | (a bad token) | 400 ValidationException; moto: an answer | * | ListRules
embedded | (too long a page) | 400 ValidationException; moto: an answer | * | ListEventBuses ListRules
""",
    "lambda": """
moto | Aliases[].RevisionId | moto only | AliasConfiguration | ListAliases
moto | function.Architectures | moto only | FunctionConfiguration | GetFunction ListFunctions ListVersionsByFunction
moto | function.CodeSha256 | moto only | FunctionConfiguration | GetFunction ListFunctions ListVersionsByFunction
moto | function.Description | moto only | FunctionConfiguration | GetFunction ListFunctions ListVersionsByFunction
moto | function.EphemeralStorage | moto only | FunctionConfiguration | GetFunction ListFunctions ListVersionsByFunction
moto | function.ImageConfigResponse | moto only | FunctionConfiguration | GetFunction ListFunctions
moto | function.ImageConfigResponse | moto only | FunctionConfiguration | ListVersionsByFunction
moto | function.LastUpdateStatus | moto only | FunctionConfiguration | GetFunction
moto | function.Layers | moto only | FunctionConfiguration | GetFunction ListFunctions ListVersionsByFunction
moto | function.SnapStart | moto only | FunctionConfiguration | GetFunction ListFunctions ListVersionsByFunction
moto | function.State | moto only | FunctionConfiguration | GetFunction
moto | function.TracingConfig | moto only | FunctionConfiguration | GetFunction ListFunctions ListVersionsByFunction
both | Code.Location | values | FunctionCodeLocation | GetFunction
both | function.CodeSize | values | FunctionConfiguration | GetFunction ListFunctions
both | function.FunctionArn | values | FunctionConfiguration | GetFunction
both | function.LastUpdateStatus | moto only | FunctionConfiguration | ListVersionsByFunction
both | function.State | moto only | FunctionConfiguration | ListVersionsByFunction
embedded | (too long a page) | 400 InvalidParameterValueException; moto: an answer | * | ListFunctions
embedded | Code.ResolvedImageUri | values | FunctionCodeLocation | GetFunction
embedded | function.LastUpdateStatus | moto only | FunctionConfiguration | ListFunctions
embedded | function.State | moto only | FunctionConfiguration | ListFunctions
""",
    "pipes": """
both | Tags | moto only | * | DescribePipe
embedded | (too long a page) | 400 ValidationException; moto: an answer | * | ListPipes
embedded | CurrentState | values | * | DescribePipe
embedded | Pipes[].CurrentState | values | Pipe | ListPipes
""",
    "s3": """
both | AcceptRanges | moto only | * | GetObject
both | ChecksumCRC32 | moto only | * | GetObject PutObject
both | Contents[].ChecksumAlgorithm | moto only | Object | ListObjectsV2
""",
    "scheduler": """
both | Target.RetryPolicy | moto only | RetryPolicy | GetSchedule
embedded | (too long a page) | 400 ValidationException; moto: an answer | * | ListSchedules
""",
    "stepfunctions": """
both | encryptionConfiguration | moto only | * | DescribeStateMachine
both | loggingConfiguration | moto only | * | DescribeStateMachine
both | tracingConfiguration | moto only | * | DescribeStateMachine
embedded | (too long a page) | 400 ValidationException; moto: an answer | * | ListStateMachines
""",
}


def rows_of(service):
    for line in DIFFERENCES.get(service, "").strip().splitlines():
        yield [part.strip() for part in line.split(" | ")]


def differences():
    """The rows by operation, field and way: who is right, and where that stands."""
    found = {}
    for service in DIFFERENCES:
        for right, path, how, page, operations in rows_of(service):
            if right not in ("embedded", "moto", "both"):
                sys.exit(f"who is {right}?")
            for operation in operations.split():
                key = f"{service}:{operation}", path, how
                if key in found:
                    sys.exit(f"a row twice: {key}")
                found[key] = right, PAGES[service].format(operation if page == "*" else page)
    return found


def pages():
    """The pages that the rows name."""
    for service in DIFFERENCES:
        for _, _, _, page, operations in rows_of(service):
            yield from ((service, operation if page == "*" else page) for operation in operations.split())


# --- the world, and the calls -----------------------------------------------------------------------------------------

IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/web:v1"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:topic"
FLOW = {"StartAt": "One", "States": {"One": {"Type": "Succeed"}}}
TARGET = {
    "ServiceNamespace": "ecs", "ResourceId": "service/prod/web", "ScalableDimension": "ecs:service:DesiredCount",
}
POLICY = json.dumps({"rules": [{
    "rulePriority": 1, "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 5},
    "action": {"type": "expire"},
}]})


def policy(action, **resource):
    """What lets another account in."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{
        "Sid": "other", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::210987654321:root"}, "Action": [action],
    } | resource]})


def arn(service, resource):
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def same_world(side):
    """Makes in moto what emulator/examples/second_opinion.rs has made in the embedded AWS."""
    call = side.client
    ec2 = call("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone=f"{REGION}a")["Subnet"]["SubnetId"]
    other = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.2.0/24", AvailabilityZone=f"{REGION}c")["Subnet"]["SubnetId"]
    side.memory["subnet"] = subnet
    group = ec2.create_security_group(GroupName="tasks", Description="tasks", VpcId=vpc)["GroupId"]
    side.memory["group"] = group
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    iam = call("iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"},
    }]})
    for role in ("zipped", "imaged", "flow", "pipes", "scheduler", "ecsEventsRole", "codebuild"):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)
    ecs, groups = call("ecs"), call("autoscaling")
    for name, (low, size, high) in {"machines": (1, 2, 4), "idle": (0, 0, 2)}.items():
        data = {"ImageId": image, "InstanceType": "t2.micro"}
        ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
        groups.create_auto_scaling_group(
            AutoScalingGroupName=name, MinSize=low, DesiredCapacity=size, MaxSize=high,
            LaunchTemplate={"LaunchTemplateName": name, "Version": "1"}, VPCZoneIdentifier=f"{subnet},{other}",
            HealthCheckGracePeriod=300,
        )
    tag = {"ResourceId": "machines", "ResourceType": "auto-scaling-group", "Key": "team", "Value": "blue"}
    groups.create_or_update_tags(Tags=[tag | {"PropagateAtLaunch": False}])
    machines = groups.describe_auto_scaling_groups(AutoScalingGroupNames=["machines"])["AutoScalingGroups"][0]
    ecs.create_capacity_provider(name="own-machines", autoScalingGroupProvider={
        "autoScalingGroupArn": machines["AutoScalingGroupARN"], "managedTerminationProtection": "DISABLED",
        "managedScaling": {"status": "ENABLED", "targetCapacity": 100},
    })
    ecs.create_cluster(clusterName="machines")
    ecs.put_cluster_capacity_providers(
        cluster="machines", capacityProviders=["own-machines"], defaultCapacityProviderStrategy=[])
    for instance in machines["Instances"]:
        document = json.dumps({"instanceId": instance["InstanceId"]})
        ecs.register_container_instance(cluster="machines", instanceIdentityDocument=document)
    call("s3").create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": REGION})

    ecr = call("ecr")
    for name in ("web", "empty"):
        ecr.create_repository(repositoryName=name)
    ecr.create_repository(repositoryName="fixed", imageTagMutability="IMMUTABLE")
    ecr.put_image(repositoryName="web", imageTag="v1", imageManifest=side.memory["v1"])
    ecr.set_repository_policy(repositoryName="web", policyText=policy("ecr:BatchGetImage"))
    ecr.put_registry_policy(policyText=policy("ecr:ReplicateImage", Resource=arn("ecr", "repository/*")))
    ecr.put_replication_configuration(replicationConfiguration={"rules": [{
        "destinations": [{"region": "us-east-1", "registryId": ACCOUNT}],
        "repositoryFilters": [{"filter": "web", "filterType": "PREFIX_MATCH"}],
    }]})

    events = call("events")
    events.create_event_bus(Name="orders")
    events.put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
    events.put_rule(Name="on-push", EventPattern='{"source":["app"]}', State="DISABLED")
    events.put_rule(Name="on-order", EventPattern='{"source":["app"]}', EventBusName="orders")
    task = {"TaskDefinitionArn": arn("ecs", "task-definition/web:1"), "TaskCount": 1, "LaunchType": "FARGATE"}
    events.put_targets(Rule="nightly", Targets=[{
        "Id": "target-000", "Arn": arn("ecs", "cluster/prod"), "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/ecsEventsRole",
        "EcsParameters": task | {"EnableECSManagedTags": False, "EnableExecuteCommand": False},
    }])
    events.put_targets(Rule="on-push", Targets=[{"Id": "target-000", "Arn": TOPIC}])

    scheduler = call("scheduler")
    role = f"arn:aws:iam::{ACCOUNT}:role/scheduler"
    scheduler.create_schedule_group(Name="nightly")
    scheduler.create_schedule(
        Name="hello", ScheduleExpression="rate(1 day)", FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn("lambda", "function:zipped"), "RoleArn": role})
    scheduler.create_schedule(
        Name="report", GroupName="nightly", ScheduleExpression="cron(0 3 * * ? *)", State="DISABLED",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn("ecs", "cluster/prod"), "RoleArn": role, "EcsParameters": task})

    functions = call("lambda")
    common = {"Timeout": 30, "MemorySize": 128, "Environment": {"Variables": {"TOKEN": "CANARY-do-not-show"}}}
    empty_zip = base64.b64decode("UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==")
    functions.create_function(
        FunctionName="zipped", Role=f"arn:aws:iam::{ACCOUNT}:role/zipped", Runtime="provided.al2023",
        Handler="bootstrap", Code={"ZipFile": empty_zip}, **common)
    functions.create_function(
        FunctionName="imaged", Role=f"arn:aws:iam::{ACCOUNT}:role/imaged", PackageType="Image",
        Code={"ImageUri": IMAGE}, **common)
    functions.publish_version(FunctionName="imaged")
    functions.create_alias(FunctionName="imaged", Name="live", FunctionVersion="1")

    role = f"arn:aws:iam::{ACCOUNT}:role/pipes"
    pipes = call("pipes")
    pipes.create_pipe(
        Name="to-topic", Source=arn("sqs", "to-topic"), Target=TOPIC, RoleArn=role, DesiredState="STOPPED")
    pipes.create_pipe(
        Name="to-tasks", Source=arn("sqs", "to-tasks"), Target=arn("ecs", "cluster/prod"), RoleArn=role,
        TargetParameters={"EcsTaskParameters": {
            "TaskDefinitionArn": arn("ecs", "task-definition/web:1"), "TaskCount": 1}})
    call("stepfunctions").create_state_machine(
        name="flow", definition=json.dumps(FLOW), roleArn=f"arn:aws:iam::{ACCOUNT}:role/flow")
    for name, image in {"build": "aws/codebuild/standard:7.0", "own": IMAGE}.items():
        call("codebuild").create_project(
            name=name, artifacts={"type": "NO_ARTIFACTS"},
            source={"type": "S3", "location": "reports/source.zip"},
            environment={
                "type": "LINUX_CONTAINER", "image": image, "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [{"name": "TOKEN", "value": "CANARY-do-not-show", "type": "PLAINTEXT"}],
            },
            serviceRole=f"arn:aws:iam::{ACCOUNT}:role/codebuild")
    batch = call("batch")
    for _ in range(2):
        batch.register_job_definition(
            jobDefinitionName="job", type="container",
            containerProperties={"image": IMAGE, "vcpus": 1, "memory": 512})
    batch.deregister_job_definition(jobDefinition="job:1")


def manifest(n, layers=1):
    """An OCI image that differs from others by its number."""
    part = lambda kind, i: {  # noqa: E731
        "mediaType": f"application/vnd.oci.image.{kind}", "size": 1000 + i, "digest": f"sha256:{n:032x}{i:032x}"}
    return json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": part("config.v1+json", 0), "layers": [part("layer.v1.tar+gzip", i + 1) for i in range(layers)],
    })


def index(*digests):
    return json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 500, "digest": d,
                       "platform": {"architecture": "arm64", "os": "linux"}} for d in digests],
    })


def tags(n):
    return [{"key": f"key-{i}", "value": "x"} for i in range(n)]


def replay(call, wait):
    """All calls, in order. `call` sends one to both; a parameter that is a function is asked with each one's memory."""
    of = lambda name: lambda memory: memory.get(name, "")  # noqa: E731
    web = {"cluster": "prod", "service": "web"}
    bare = {"name": "app", "image": IMAGE, "essential": True, "environment": [{"name": "A", "value": "b"}]}
    container = bare | {"cpu": 128, "memory": 256}
    fargate = {"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512"}

    def network(memory):
        place = {"subnets": [memory["subnet"]], "securityGroups": [memory["group"]], "assignPublicIp": "DISABLED"}
        return {"awsvpcConfiguration": place}


    # Clusters.
    for name in ("prod", "gone"):
        call("ecs", "CreateCluster", clusterName=name, tags=[{"key": "team", "value": "blue"}])
    call("ecs", "CreateCluster", "a second time", clusterName="prod")
    call("ecs", "DeleteCluster", cluster="gone")
    call("ecs", "DeleteCluster", "unknown", cluster="nowhere")
    call("ecs", "ListClusters")
    call("ecs", "ListClusters", "a page", maxResults=1)
    call("ecs", "ListClusters", "too long a page", maxResults=101)
    call("ecs", "ListClusters", "a bad token", nextToken="no token")
    call("ecs", "DescribeClusters", clusters=["prod", "nowhere"], include=["TAGS", "SETTINGS", "STATISTICS"])
    call("ecs", "DescribeClusters", "of none", clusters=["nowhere"])
    call("ecs", "DescribeClusters", "by ARN, without tags", clusters=[arn("ecs", "cluster/prod")])
    call("ecs", "DescribeClusters", "deleted", clusters=["gone"])
    call("ecs", "DescribeClusters", "with machines", clusters=["machines"])
    call("ecs", "DescribeClusters", "101 names", clusters=[f"c{i}" for i in range(101)])
    call("ecs", "DescribeCapacityProviders", capacityProviders=["own-machines", "FARGATE", "nobody"])
    call("ecs", "DescribeCapacityProviders", "all, with tags", include=["TAGS"])
    call("ecs", "DescribeCapacityProviders", "too long a page", maxResults=11)
    call("ecs", "DescribeCapacityProviders", "101 names", capacityProviders=[f"p{i}" for i in range(101)])

    # Task definitions.
    call("ecs", "RegisterTaskDefinition", family="web", containerDefinitions=[container], **fargate,
         tags=[{"key": "team", "value": "blue"}])
    call("ecs", "RegisterTaskDefinition", "a second revision", family="web", containerDefinitions=[bare], **fargate)
    call("ecs", "RegisterTaskDefinition", "on EC2", family="job",
         containerDefinitions=[container | {"cpu": 64, "memory": 128, "secrets": [{"name": "S", "valueFrom": "s"}]}])
    call("ecs", "RegisterTaskDefinition", "to be deregistered", family="old", containerDefinitions=[container],
         **fargate)
    call("ecs", "DeregisterTaskDefinition", taskDefinition="old:1")
    call("ecs", "DeregisterTaskDefinition", "unknown", taskDefinition="nobody:1")
    call("ecs", "DescribeTaskDefinition", taskDefinition="web")
    call("ecs", "DescribeTaskDefinition", "a revision, with tags", taskDefinition="web:1", include=["TAGS"])
    call("ecs", "DescribeTaskDefinition", "on EC2", taskDefinition=arn("ecs", "task-definition/job:1"))
    call("ecs", "DescribeTaskDefinition", "deregistered", taskDefinition="old:1")
    call("ecs", "DescribeTaskDefinition", "a family without active revisions", taskDefinition="old")
    call("ecs", "DescribeTaskDefinition", "unknown family", taskDefinition="nobody")
    call("ecs", "DescribeTaskDefinition", "unknown revision", taskDefinition="web:99")
    call("ecs", "ListTaskDefinitions")
    call("ecs", "ListTaskDefinitions", "of a family", familyPrefix="web", status="ACTIVE", sort="DESC")
    call("ecs", "ListTaskDefinitions", "of a prefix that is no family", familyPrefix="we")
    call("ecs", "ListTaskDefinitions", "deregistered", status="INACTIVE")
    call("ecs", "ListTaskDefinitions", "a page", maxResults=1)
    call("ecs", "ListTaskDefinitions", "too long a page", maxResults=101)
    call("ecs", "ListTaskDefinitions", "a bad token", nextToken="no token")
    call("ecs", "ListTaskDefinitions", "a bad status", status="ODD")
    call("ecs", "ListTaskDefinitionFamilies")
    call("ecs", "ListTaskDefinitionFamilies", "active", status="ACTIVE", familyPrefix="we")
    call("ecs", "ListTaskDefinitionFamilies", "too long a page", maxResults=101)

    # Services.
    service = {"cluster": "prod", "taskDefinition": "web:1", "launchType": "FARGATE", "networkConfiguration": network}
    call("ecs", "CreateService", serviceName="web", desiredCount=2, tags=[{"key": "team", "value": "blue"}],
         **service)
    call("ecs", "CreateService", "of none", serviceName="zero", desiredCount=0, **service)
    call("ecs", "CreateService", "to be deleted", serviceName="gone", desiredCount=1, **service)
    call("ecs", "CreateService", "DAEMON", cluster="machines", serviceName="agent", taskDefinition="job",
         schedulingStrategy="DAEMON")
    call("ecs", "CreateService", "on EC2", cluster="machines", serviceName="worker", taskDefinition="job",
         desiredCount=1, launchType="EC2")
    call("ecs", "CreateService", "by a strategy", cluster="machines", serviceName="spread", taskDefinition="job",
         desiredCount=1, capacityProviderStrategy=[{"capacityProvider": "own-machines", "weight": 1, "base": 0}])
    call("ecs", "CreateService", "of EXTERNAL", cluster="machines", serviceName="sets", taskDefinition="job",
         desiredCount=1, launchType="EC2", deploymentController={"type": "EXTERNAL"})
    call("ecs", "CreateService", "in an unknown cluster", serviceName="web", desiredCount=1,
         **service | {"cluster": "nowhere"})
    call("ecs", "CreateService", "of an unknown definition", serviceName="odd", desiredCount=1,
         **service | {"taskDefinition": "nobody"})
    wait("PT3M")
    call("ecs", "DescribeServices", cluster="prod", services=["web", "nobody"], include=["TAGS"])
    call("ecs", "DescribeServices", "by ARN, without tags", cluster=arn("ecs", "cluster/prod"),
         services=[arn("ecs", "service/prod/web")])
    call("ecs", "DescribeServices", "of none", cluster="prod", services=["zero"])
    call("ecs", "DescribeServices", "on machines", cluster="machines", services=["agent", "worker", "spread"])
    call("ecs", "DescribeServices", "of EXTERNAL", cluster="machines", services=["sets"])
    call("ecs", "DescribeServices", "in an unknown cluster", cluster="nowhere", services=["web"])
    call("ecs", "DescribeServices", "no name", cluster="prod", services=[])
    call("ecs", "DescribeServices", "11 names", cluster="prod", services=[f"s{i}" for i in range(11)])
    call("ecs", "DescribeServices", "a bad include", cluster="prod", services=["web"], include=["ODD"])
    call("ecs", "ListServices", cluster="prod")
    call("ecs", "ListServices", "a page", cluster="prod", maxResults=1)
    call("ecs", "ListServices", "DAEMON", cluster="machines", schedulingStrategy="DAEMON")
    call("ecs", "ListServices", "on EC2", cluster="machines", launchType="EC2")
    call("ecs", "ListServices", "managed by ECS", cluster="prod", resourceManagementType="ECS")
    call("ecs", "ListServices", "in an unknown cluster", cluster="nowhere")
    call("ecs", "ListServices", "too long a page", cluster="prod", maxResults=101)
    call("ecs", "ListServices", "a bad token", cluster="prod", nextToken="no token")
    call("ecs", "UpdateService", **web, desiredCount=1)
    call("ecs", "UpdateService", "another definition", **web, taskDefinition="web:2")
    call("ecs", "UpdateService", "unknown", cluster="prod", service="nobody", desiredCount=1)
    call("ecs", "UpdateService", "in an unknown cluster", cluster="nowhere", service="web", desiredCount=1)
    wait("PT10M")
    call("ecs", "DescribeServices", "after a deployment", cluster="prod", services=["web"])
    call("ecs", "DeleteService", "above 0", cluster="prod", service="gone")
    call("ecs", "DeleteService", cluster="prod", service="gone", force=True)
    call("ecs", "DeleteService", "unknown", cluster="prod", service="nobody")
    wait("PT3M")
    call("ecs", "DescribeServices", "deleted", cluster="prod", services=["gone"])
    call("ecs", "UpdateService", "deleted", cluster="prod", service="gone", desiredCount=1)
    call("ecs", "DescribeClusters", "with services", clusters=["prod"], include=["STATISTICS"])
    call("ecs", "DeleteCluster", "with services", cluster="prod")
    call("ecs", "ListServiceDeployments", service="web", cluster="prod",
         save={"deployment": lambda b: b["serviceDeployments"][0]["serviceDeploymentArn"],
               "revision": lambda b: b["serviceDeployments"][0]["targetServiceRevisionArn"]})
    call("ecs", "ListServiceDeployments", "unknown", service="nobody", cluster="prod")
    call("ecs", "ListServiceDeployments", "too long a page", service="web", cluster="prod", maxResults=101)
    call("ecs", "DescribeServiceDeployments", serviceDeploymentArns=lambda m: [m.get("deployment", "")])
    call("ecs", "DescribeServiceDeployments", "21 ARNs",
         serviceDeploymentArns=lambda m: [m.get("deployment", "")] * 21)
    call("ecs", "DescribeServiceRevisions", serviceRevisionArns=lambda m: [m.get("revision", "")])
    call("ecs", "DescribeServiceRevisions", "no ARN", serviceRevisionArns=["odd"])

    # Tasks.
    run = {"cluster": "prod", "taskDefinition": "web:1", "launchType": "FARGATE", "networkConfiguration": network}
    call("ecs", "RunTask", count=1, startedBy="me", group="batch", tags=[{"key": "a", "value": "b"}], **run,
         overrides={"containerOverrides": [{"name": "app", "environment": [{"name": "A", "value": "c"}]}]},
         save={"task": lambda b: b["tasks"][0]["taskArn"]})
    call("ecs", "RunTask", "on EC2", cluster="machines", taskDefinition="job", launchType="EC2",
         save={"other": lambda b: b["tasks"][0]["taskArn"]})
    call("ecs", "RunTask", "11 at once", count=11, **run)
    call("ecs", "RunTask", "in an unknown cluster", **run | {"cluster": "nowhere"})
    call("ecs", "RunTask", "an unknown definition", **run | {"taskDefinition": "nobody"})
    call("ecs", "RunTask", "a deregistered definition", **run | {"taskDefinition": "old:1"})
    call("ecs", "RunTask", "without a network", cluster="prod", taskDefinition="web:1", launchType="FARGATE")
    call("ecs", "RunTask", "an unknown launch type", **run | {"launchType": "MOON"})
    call("ecs", "RunTask", "an override of an unknown container",
         **run, overrides={"containerOverrides": [{"name": "odd", "command": ["x"]}]})
    wait("PT3M")
    call("ecs", "ListTasks", cluster="prod", startedBy="me")
    call("ecs", "ListTasks", "of a family", cluster="machines", family="job", desiredStatus="RUNNING")
    call("ecs", "ListTasks", "stopped", cluster="prod", desiredStatus="STOPPED", family="web")
    call("ecs", "ListTasks", "by service", cluster="prod", serviceName="web")
    call("ecs", "ListTasks", "by an unknown service", cluster="prod", serviceName="nobody")
    call("ecs", "ListTasks", "in an unknown cluster", cluster="nowhere")
    call("ecs", "ListTasks", "too long a page", cluster="prod", maxResults=101)
    call("ecs", "ListTasks", "a bad token", cluster="prod", nextToken="no token")
    call("ecs", "ListTasks", "startedBy with a family", cluster="prod", startedBy="me", family="web")
    call("ecs", "DescribeTasks", cluster="prod", tasks=lambda m: [m.get("task", ""), "0" * 32], include=["TAGS"])
    call("ecs", "DescribeTasks", "on EC2", cluster="machines", tasks=lambda m: [m.get("other", "")])
    call("ecs", "DescribeTasks", "no task", cluster="prod", tasks=[])
    call("ecs", "DescribeTasks", "101 tasks", cluster="prod", tasks=[f"{i:032x}" for i in range(101)])
    call("ecs", "DescribeTasks", "in an unknown cluster", cluster="nowhere", tasks=["0" * 32])
    call("ecs", "GetTaskProtection", cluster="prod", tasks=lambda m: [m.get("task", "")])
    call("ecs", "GetTaskProtection", "101 tasks", cluster="prod", tasks=[f"{i:032x}" for i in range(101)])
    call("ecs", "UpdateTaskProtection", cluster="prod", tasks=lambda m: [m.get("task", "")], protectionEnabled=True)
    call("ecs", "StopTask", cluster="prod", task=of("task"), reason="enough")
    wait("PT3M")
    call("ecs", "DescribeTasks", "stopped", cluster="prod", tasks=lambda m: [m.get("task", "")])
    call("ecs", "DescribeTasks", "stopped, with tags", cluster="prod", tasks=lambda m: [m.get("task", "")],
         include=["TAGS"])
    call("ecs", "StopTask", "unknown", cluster="prod", task="0" * 32)
    call("ecs", "StopTask", "in an unknown cluster", cluster="nowhere", task="0" * 32)
    call("ecs", "StopTask", "too long a reason", cluster="prod", task=of("task"), reason="x" * 256)

    # Container instances, and daemons.
    call("ecs", "ListContainerInstances", cluster="machines",
         save={"instance": lambda b: sorted(b["containerInstanceArns"])[0]})
    call("ecs", "ListContainerInstances", "draining", cluster="machines", status="DRAINING")
    call("ecs", "ListContainerInstances", "in an unknown cluster", cluster="nowhere")
    call("ecs", "ListContainerInstances", "too long a page", cluster="machines", maxResults=101)
    call("ecs", "DescribeContainerInstances", cluster="machines",
         containerInstances=lambda m: [m.get("instance", ""), "0" * 32])
    call("ecs", "DescribeContainerInstances", "no instance", cluster="machines", containerInstances=[])
    call("ecs", "UpdateContainerInstancesState", cluster="machines", status="DRAINING",
         containerInstances=lambda m: [m.get("instance", "")])
    call("ecs", "UpdateContainerInstancesState", "11 instances", cluster="machines", status="DRAINING",
         containerInstances=[f"{i:032x}" for i in range(11)])
    daemon = arn("ecs", "daemon/machines/agent")
    call("ecs", "ListDaemons", clusterArn=arn("ecs", "cluster/machines"))
    call("ecs", "DescribeDaemon", daemonArn=daemon,
         save={"daemon revision": lambda b: b["daemon"]["currentRevisions"][0]["arn"]})
    call("ecs", "ListDaemonDeployments", daemonArn=daemon,
         save={"daemon deployment": lambda b: b["daemonDeployments"][0]["daemonDeploymentArn"]})
    call("ecs", "DescribeDaemonDeployments", daemonDeploymentArns=lambda m: [m.get("daemon deployment", "")])
    call("ecs", "DescribeDaemonRevisions", daemonRevisionArns=lambda m: [m.get("daemon revision", "")],
         save={"daemon definition": lambda b: b["daemonRevisions"][0]["daemonTaskDefinitionArn"]})
    call("ecs", "DescribeDaemonTaskDefinition", daemonTaskDefinition=of("daemon definition"))

    # Tags of ECS.
    resource = arn("ecs", "service/prod/web")
    call("ecs", "TagResource", resourceArn=resource, tags=[{"key": "steward:record", "value": "v1 off@x n=2"}])
    call("ecs", "TagResource", "of a cluster", resourceArn=arn("ecs", "cluster/prod"), tags=tags(1))
    call("ecs", "TagResource", "an unknown service", resourceArn=arn("ecs", "service/prod/nobody"), tags=tags(1))
    call("ecs", "TagResource", "an unknown cluster", resourceArn=arn("ecs", "cluster/nowhere"), tags=tags(1))
    call("ecs", "TagResource", "a short ARN", resourceArn=arn("ecs", "service/web"), tags=tags(1))
    call("ecs", "TagResource", "no ARN", resourceArn="web", tags=tags(1))
    call("ecs", "UntagResource", resourceArn=resource, tagKeys=["team", "not there"])
    call("ecs", "UntagResource", "an unknown service", resourceArn=arn("ecs", "service/prod/nobody"), tagKeys=["a"])
    call("ecs", "ListTagsForResource", resourceArn=resource)
    call("ecs", "ListTagsForResource", "an unknown service", resourceArn=arn("ecs", "service/prod/nobody"))

    # Application Auto Scaling.
    scaling = "application-autoscaling"
    call(scaling, "RegisterScalableTarget", **TARGET, MinCapacity=2, MaxCapacity=6)
    call("ecs", "DescribeServices", "moved into its bounds", cluster="prod", services=["web"])
    call(scaling, "RegisterScalableTarget", "suspended", **TARGET, MinCapacity=0, SuspendedState={
        "DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": True, "ScheduledScalingSuspended": True})
    call(scaling, "RegisterScalableTarget", "one flag given", **TARGET, SuspendedState={
        "DynamicScalingInSuspended": True})
    call(scaling, "RegisterScalableTarget", "a bad namespace", MinCapacity=1, MaxCapacity=2,
         **TARGET | {"ServiceNamespace": "moon"})
    call(scaling, "DescribeScalableTargets", ServiceNamespace="ecs",
         save={"target": lambda b: b["ScalableTargets"][0]["ScalableTargetARN"]})
    call(scaling, "DescribeScalableTargets", "by id", ServiceNamespace="ecs",
         ResourceIds=["service/prod/web", "service/prod/nobody"], ScalableDimension="ecs:service:DesiredCount")
    call(scaling, "DescribeScalableTargets", "too long a page", ServiceNamespace="ecs", MaxResults=51)
    call(scaling, "DescribeScalableTargets", "51 ids", ServiceNamespace="ecs",
         ResourceIds=[f"service/prod/s{i}" for i in range(51)])
    call(scaling, "DescribeScalableTargets", "a bad token", ServiceNamespace="ecs", NextToken="no token")
    tracking = {"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 60.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}}
    call(scaling, "PutScalingPolicy", PolicyName="cpu", **TARGET, **tracking)
    call(scaling, "DescribeScalingPolicies", ServiceNamespace="ecs", ResourceId="service/prod/web")
    call(scaling, "DescribeScalingPolicies", "a bad token", ServiceNamespace="ecs", NextToken="no token")
    action = {"ScheduledActionName": "night", "Schedule": "cron(0 20 * * ? *)",
              "ScalableTargetAction": {"MinCapacity": 0, "MaxCapacity": 6}}
    call(scaling, "PutScheduledAction", **TARGET, **action, Timezone="America/Sao_Paulo")
    call(scaling, "PutScheduledAction", "changed", **TARGET, ScheduledActionName="night", Schedule="rate(1 day)")
    call(scaling, "DescribeScheduledActions", ServiceNamespace="ecs")
    call(scaling, "DescribeScheduledActions", "by id and name", ServiceNamespace="ecs", ResourceId="service/prod/web",
         ScheduledActionNames=["night"])
    call(scaling, "DescribeScheduledActions", "too long a page", ServiceNamespace="ecs", MaxResults=51)
    call(scaling, "ListTagsForResource", ResourceARN=of("target"))
    call(scaling, "DeleteScheduledAction", **TARGET, ScheduledActionName="night")
    call(scaling, "DeleteScheduledAction", "unknown", **TARGET, ScheduledActionName="nobody")
    call(scaling, "DeleteScalingPolicy", **TARGET, PolicyName="cpu")
    call(scaling, "DeleteScalingPolicy", "unknown", **TARGET, PolicyName="nobody")
    call(scaling, "DeregisterScalableTarget", **TARGET)
    call(scaling, "DeregisterScalableTarget", "unknown", **TARGET)

    # EC2 Auto Scaling.
    groups, group = "autoscaling", {"AutoScalingGroupName": "machines"}
    nobody = {"AutoScalingGroupName": "nobody"}
    tag = {
        "ResourceType": "auto-scaling-group", "Key": "steward:record", "Value": "v1 on@x n=2", "PropagateAtLaunch": False,
    }
    call(groups, "DescribeAutoScalingGroups")
    call(groups, "DescribeAutoScalingGroups", "by name", AutoScalingGroupNames=["machines", "nobody"],
         save={"machine": lambda b: sorted(i["InstanceId"] for i in b["AutoScalingGroups"][0]["Instances"])[0]})
    call(groups, "DescribeAutoScalingGroups", "by tag", Filters=[{"Name": "tag:team", "Values": ["blue"]}])
    call(groups, "DescribeAutoScalingGroups", "a page", MaxRecords=1)
    call(groups, "DescribeAutoScalingGroups", "too long a page", MaxRecords=101)
    call(groups, "DescribeAutoScalingGroups", "a bad token", NextToken="no token")
    call(groups, "DescribeAutoScalingGroups", "without instances", AutoScalingGroupNames=["machines"],
         IncludeInstances=False)
    call(groups, "CreateOrUpdateTags", Tags=[tag | {"ResourceId": "machines"}])
    call(groups, "CreateOrUpdateTags", "of an unknown group", Tags=[tag | {"ResourceId": "nobody"}])
    call(groups, "DescribeAutoScalingGroups", "tagged", AutoScalingGroupNames=["machines"])
    call(groups, "DeleteTags", Tags=[tag | {"ResourceId": "machines"}])
    call(groups, "SuspendProcesses", **group, ScalingProcesses=["AlarmNotification", "ScheduledActions"])
    call(groups, "SuspendProcesses", "of an unknown group", **nobody, ScalingProcesses=["Launch"])
    call(groups, "DescribeAutoScalingGroups", "suspended", AutoScalingGroupNames=["machines"])
    call(groups, "ResumeProcesses", **group, ScalingProcesses=["AlarmNotification"])
    call(groups, "ResumeProcesses", "of an unknown group", **nobody)
    call(groups, "PutScheduledUpdateGroupAction", **group, ScheduledActionName="evening", Recurrence="0 20 * * 1-5",
         TimeZone="America/Sao_Paulo", MinSize=0, MaxSize=4, DesiredCapacity=0)
    call(groups, "DescribeScheduledActions", **group)
    call(groups, "DescribeScheduledActions", "too long a page", MaxRecords=101)
    call(groups, "DeleteScheduledAction", **group, ScheduledActionName="evening")
    call(groups, "DeleteScheduledAction", "unknown", **group, ScheduledActionName="nobody")
    call(groups, "PutLifecycleHook", **group, LifecycleHookName="drain", HeartbeatTimeout=60,
         LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING")
    call(groups, "DescribeLifecycleHooks", **group)
    call(groups, "CompleteLifecycleAction", "of no instance", **group, LifecycleHookName="drain",
         InstanceId="i-0123456789abcdef0", LifecycleActionResult="CONTINUE")
    call(groups, "SetInstanceProtection", **group, InstanceIds=lambda m: [m.get("machine", "")],
         ProtectedFromScaleIn=True)
    call(groups, "UpdateAutoScalingGroup", AutoScalingGroupName="idle", MinSize=1, MaxSize=3)
    call(groups, "DescribeAutoScalingGroups", "taken along", AutoScalingGroupNames=["idle"])
    call(groups, "UpdateAutoScalingGroup", "of an unknown group", **nobody, MinSize=0)
    call(groups, "SetDesiredCapacity", **group, DesiredCapacity=3)
    call(groups, "SetDesiredCapacity", "of an unknown group", **nobody, DesiredCapacity=1)
    wait("PT3M")
    call(groups, "DescribeScalingActivities", **group)
    call(groups, "TerminateInstanceInAutoScalingGroup", InstanceId=of("machine"), ShouldDecrementDesiredCapacity=True)
    call(groups, "TerminateInstanceInAutoScalingGroup", "unknown", InstanceId="i-0123456789abcdef0",
         ShouldDecrementDesiredCapacity=False)
    call(groups, "DescribeWarmPool", **group)
    call(groups, "DescribeWarmPool", "of an unknown group", **nobody)

    # ECR.
    repository = {"repositoryName": "web"}
    call("ecr", "BatchGetImage", "the first", **repository, imageIds=[{"imageTag": "v1"}],
         save={"digest 1": lambda b: b["images"][0]["imageId"]["imageDigest"]})
    for n, tag in enumerate(["v2", "v3", None], 2):
        call("ecr", "PutImage", f"image {n}", **repository, imageManifest=manifest(n),
             **{"imageTag": tag} if tag else {},
             save={f"digest {n}": lambda b: b["image"]["imageId"]["imageDigest"]})
    call("ecr", "PutImage", "one more tag", **repository, imageManifest=manifest(2), imageTag="latest")
    call("ecr", "PutImage", "the same again", **repository, imageManifest=manifest(2), imageTag="v2")
    call("ecr", "PutImage", "an index", **repository, imageTag="both",
         imageManifest=lambda m: index(m.get("digest 4", "")),
         imageManifestMediaType="application/vnd.oci.image.index.v1+json",
         save={"digest 5": lambda b: b["image"]["imageId"]["imageDigest"]})
    call("ecr", "PutImage", "into an immutable repository", repositoryName="fixed", imageManifest=manifest(9),
         imageTag="v1")
    call("ecr", "PutImage", "over an immutable tag", repositoryName="fixed", imageManifest=manifest(8), imageTag="v1")
    call("ecr", "PutImage", "in an unknown repository", repositoryName="nobody", imageManifest=manifest(9),
         imageTag="v1")
    call("ecr", "DescribeRepositories")
    call("ecr", "DescribeRepositories", "by name", repositoryNames=["web"])
    call("ecr", "DescribeRepositories", "unknown", repositoryNames=["nobody"])
    call("ecr", "DescribeRepositories", "a page", maxResults=1)
    call("ecr", "DescribeRepositories", "too long a page", maxResults=1001)
    call("ecr", "DescribeRepositories", "a bad token", nextToken="no token")
    call("ecr", "DescribeRepositories", "101 names", repositoryNames=[f"r{i}" for i in range(101)])
    call("ecr", "DescribeImages", **repository)
    call("ecr", "DescribeImages", "untagged", **repository, filter={"tagStatus": "UNTAGGED"})
    call("ecr", "DescribeImages", "archived", **repository, filter={"imageStatus": "ARCHIVED"})
    call("ecr", "DescribeImages", "by tag", **repository, imageIds=[{"imageTag": "v2"}])
    call("ecr", "DescribeImages", "by an unknown tag", **repository, imageIds=[{"imageTag": "nobody"}])
    call("ecr", "DescribeImages", "of none", repositoryName="empty")
    call("ecr", "DescribeImages", "in an unknown repository", repositoryName="nobody")
    call("ecr", "DescribeImages", "a page", **repository, maxResults=1)
    call("ecr", "DescribeImages", "too long a page", **repository, maxResults=1001)
    call("ecr", "DescribeImages", "a bad token", **repository, nextToken="no token")
    call("ecr", "DescribeImages", "by id, with a page", **repository, imageIds=[{"imageTag": "v2"}], maxResults=1)
    call("ecr", "ListImages", **repository)
    call("ecr", "ListImages", "tagged", **repository, filter={"tagStatus": "TAGGED"})
    call("ecr", "ListImages", "in an unknown repository", repositoryName="nobody")
    call("ecr", "ListImages", "too long a page", **repository, maxResults=1001)
    call("ecr", "BatchGetImage", **repository, imageIds=[{"imageTag": "v2"}, {"imageTag": "nobody"}])
    call("ecr", "BatchGetImage", "by digest", **repository,
         imageIds=lambda m: [{"imageDigest": m.get("digest 4", "")}])
    call("ecr", "BatchGetImage", "an empty id", **repository, imageIds=[{}])
    call("ecr", "BatchGetImage", "in an unknown repository", repositoryName="nobody", imageIds=[{"imageTag": "v2"}])
    call("ecr", "BatchGetImage", "101 ids", **repository, imageIds=[{"imageTag": f"t{i}"} for i in range(101)])
    call("ecr", "ListImageReferrers", **repository, subjectId=lambda m: {"imageDigest": m.get("digest 2", "")})
    call("ecr", "UpdateImageStorageClass", **repository, imageId=lambda m: {"imageDigest": m.get("digest 3", "")},
         targetStorageClass="ARCHIVE")
    call("ecr", "UpdateImageStorageClass", "restored", **repository,
         imageId=lambda m: {"imageDigest": m.get("digest 3", "")},
         targetStorageClass="STANDARD")
    call("ecr", "PutLifecyclePolicy", **repository, lifecyclePolicyText=POLICY)
    call("ecr", "GetLifecyclePolicy", **repository)
    call("ecr", "GetLifecyclePolicy", "without one", repositoryName="empty")
    call("ecr", "GetLifecyclePolicy", "in an unknown repository", repositoryName="nobody")
    call("ecr", "DeleteLifecyclePolicy", **repository)
    call("ecr", "DeleteLifecyclePolicy", "without one", **repository)
    call("ecr", "GetRepositoryPolicy", **repository)
    call("ecr", "GetRepositoryPolicy", "without one", repositoryName="empty")
    call("ecr", "GetRegistryPolicy")
    call("ecr", "DescribeRegistry")
    call("ecr", "DescribePullThroughCacheRules")
    call("ecr", "DescribePullThroughCacheRules", "unknown", ecrRepositoryPrefixes=["nobody"])
    call("ecr", "RegisterPullTimeUpdateExclusion", principalArn=f"arn:aws:iam::{ACCOUNT}:role/scanner")
    call("ecr", "ListPullTimeUpdateExclusions")
    call("ecr", "DeregisterPullTimeUpdateExclusion", principalArn=f"arn:aws:iam::{ACCOUNT}:role/scanner")

    def delete(case, *ids, **more):
        call("ecr", "BatchDeleteImage", case, **repository | more, imageIds=list(ids))

    delete("one of two tags", {"imageTag": "latest"})
    delete("unknown images", {"imageTag": "nobody"}, {"imageDigest": "sha256:" + "0" * 64})
    delete("no digest", {"imageDigest": "odd"})
    delete("an empty id", {})
    delete("a tag that is another's", {"imageTag": "v2", "imageDigest": "sha256:" + "0" * 64})
    delete("the last tag", {"imageTag": "v3"})
    call("ecr", "BatchDeleteImage", "what an index names", **repository,
         imageIds=lambda m: [{"imageDigest": m.get("digest 4", "")}])
    call("ecr", "BatchDeleteImage", "by digest", **repository,
         imageIds=lambda m: [{"imageDigest": m.get("digest 2", "")}])
    delete("no image")
    delete("101 ids", *[{"imageTag": f"t{i}"} for i in range(101)])
    delete("in an unknown repository", {"imageTag": "v1"}, repositoryName="nobody")
    call("ecr", "DescribeImages", "what is left", **repository)

    # EventBridge, its Scheduler and its Pipes.
    call("events", "ListEventBuses")
    call("events", "ListEventBuses", "by a prefix", NamePrefix="ord")
    call("events", "ListEventBuses", "too long a page", Limit=101)
    call("events", "ListRules")
    call("events", "ListRules", "of a bus", EventBusName="orders")
    call("events", "ListRules", "of an unknown bus", EventBusName="nobody")
    call("events", "ListRules", "a page", Limit=1)
    call("events", "ListRules", "too long a page", Limit=101)
    call("events", "ListRules", "a bad token", NextToken="no token")
    call("events", "ListTargetsByRule", Rule="nightly")
    call("events", "ListTargetsByRule", "of events", Rule="on-push")
    call("events", "ListTargetsByRule", "of an unknown rule", Rule="nobody")
    entry = {"Source": "ecs-steward", "DetailType": "Run", "Detail": "{}"}
    call("events", "PutEvents", Entries=[entry])
    call("events", "PutEvents", "a bad detail", Entries=[entry | {"Detail": "no JSON"}])
    call("events", "PutEvents", "without a source", Entries=[{k: v for k, v in entry.items() if k != "Source"}])
    call("events", "PutEvents", "11 entries", Entries=[entry] * 11)
    call("scheduler", "ListSchedules")
    call("scheduler", "ListSchedules", "of a group", GroupName="nightly")
    call("scheduler", "ListSchedules", "disabled", State="DISABLED")
    call("scheduler", "ListSchedules", "too long a page", MaxResults=101)
    call("scheduler", "GetSchedule", Name="hello")
    call("scheduler", "GetSchedule", "of a group", Name="report", GroupName="nightly")
    call("scheduler", "GetSchedule", "unknown", Name="nobody")
    call("pipes", "ListPipes")
    call("pipes", "ListPipes", "stopped", DesiredState="STOPPED")
    call("pipes", "ListPipes", "too long a page", Limit=101)
    call("pipes", "DescribePipe", Name="to-tasks")
    call("pipes", "DescribePipe", "stopped", Name="to-topic")
    call("pipes", "DescribePipe", "unknown", Name="nobody")

    # Others that may name images or tasks.
    call("lambda", "ListFunctions")
    call("lambda", "ListFunctions", "all versions", FunctionVersion="ALL")
    call("lambda", "ListFunctions", "too long a page", MaxItems=10001)
    call("lambda", "ListVersionsByFunction", FunctionName="imaged")
    call("lambda", "ListAliases", FunctionName="imaged")
    call("lambda", "GetFunction", FunctionName="imaged", Qualifier="live")
    call("lambda", "GetFunction", "a zip", FunctionName="zipped")
    call("lambda", "GetFunction", "unknown", FunctionName="nobody")
    machine = arn("states", "stateMachine:flow")
    call("stepfunctions", "ListStateMachines")
    call("stepfunctions", "ListStateMachines", "too long a page", maxResults=1001)
    call("stepfunctions", "ListStateMachines", "a bad token", nextToken="no token")
    call("stepfunctions", "DescribeStateMachine", stateMachineArn=machine)
    call("stepfunctions", "DescribeStateMachine", "unknown", stateMachineArn=arn("states", "stateMachine:nobody"))
    call("stepfunctions", "DescribeStateMachine", "no ARN", stateMachineArn="flow")
    call("stepfunctions", "ListStateMachineVersions", stateMachineArn=machine)
    call("batch", "DescribeJobDefinitions")
    call("batch", "DescribeJobDefinitions", "active", jobDefinitionName="job", status="ACTIVE")
    call("batch", "DescribeJobDefinitions", "too long a page", maxResults=101)
    call("codebuild", "ListProjects")
    call("codebuild", "ListProjects", "a bad token", nextToken="no token")
    call("codebuild", "BatchGetProjects", names=["build", "own", "nobody"])
    call("codebuild", "BatchGetProjects", "no name", names=[])
    call("s3", "PutObject", Bucket="reports", Key="in use.json", Body=b"{}")
    call("s3", "PutObject", "in an unknown bucket", Bucket="nobody", Key="a", Body=b"{}")
    call("s3", "ListObjectsV2", Bucket="reports")
    call("s3", "ListObjectsV2", "in an unknown bucket", Bucket="nobody")
    call("s3", "GetObject", Bucket="reports", Key="in use.json")
    call("s3", "GetObject", "unknown", Bucket="reports", Key="nobody")

    # What moto takes and AWS refuses comes last, so that it leaves no traces in what is compared.
    call("ecs", "CreateCluster", "a bad name", clusterName="no good!")
    call("ecs", "CreateCluster", "an unknown provider", clusterName="odd", capacityProviders=["nobody"])
    call("ecs", "RegisterTaskDefinition", "without containers", family="web", containerDefinitions=[])
    call("ecs", "RegisterTaskDefinition", "a bad family", family="no good!", containerDefinitions=[container])
    call("ecs", "RegisterTaskDefinition", "Fargate without sizes", family="odd", containerDefinitions=[container],
         requiresCompatibilities=["FARGATE"], networkMode="awsvpc")
    call("ecs", "CreateService", "a bad name", serviceName="no good!", desiredCount=1, **service)
    call("ecs", "CreateService", "of a deregistered definition", serviceName="odd", desiredCount=1,
         **service | {"taskDefinition": "old:1"})
    call("ecs", "CreateService", "without a network", cluster="prod", serviceName="odd", desiredCount=1,
         taskDefinition="web:1", launchType="FARGATE")
    call("ecs", "CreateService", "a negative count", serviceName="odd", desiredCount=-1, **service)
    call("ecs", "CreateService", "an unknown launch type", serviceName="odd", desiredCount=1,
         **service | {"launchType": "MOON"})
    call("ecs", "CreateService", "DAEMON with a count", cluster="machines", serviceName="odd", taskDefinition="job",
         schedulingStrategy="DAEMON", desiredCount=2)
    call("ecs", "UpdateService", "a negative count", **web, desiredCount=-1)
    call("ecs", "UpdateService", "DAEMON with a count", cluster="machines", service="agent", desiredCount=2)
    call("ecs", "UpdateService", "a deregistered definition", **web, taskDefinition="old:1")
    call("ecs", "TagResource", "a value of a tab", resourceArn=resource, tags=[{"key": "a", "value": "b\tc"}])
    call("ecs", "TagResource", "a value of 257 letters", resourceArn=resource,
         tags=[{"key": "a", "value": "b" * 257}])
    call("ecs", "TagResource", "a key of aws:", resourceArn=resource, tags=[{"key": "aws:a", "value": "b"}])
    call("ecs", "TagResource", "51 tags", resourceArn=resource, tags=tags(51))
    call(scaling, "RegisterScalableTarget", "once more", **TARGET, MinCapacity=0, MaxCapacity=6)
    call(scaling, "PutScalingPolicy", "without a target", PolicyName="cpu", **tracking,
         **TARGET | {"ResourceId": "service/prod/zero"})
    call(scaling, "PutScheduledAction", "without a target", **action, **TARGET | {"ResourceId": "service/prod/zero"})
    call(scaling, "PutScheduledAction", "min above max", **TARGET, **action | {
        "ScalableTargetAction": {"MinCapacity": 9, "MaxCapacity": 1}})
    call(scaling, "PutScheduledAction", "a bad schedule", **TARGET, **action | {"Schedule": "now and then"})
    call(scaling, "RegisterScalableTarget", "a negative min", **TARGET, MinCapacity=-1, MaxCapacity=1)
    call(scaling, "RegisterScalableTarget", "new, without sizes", **TARGET | {"ResourceId": "service/prod/zero"})
    call(scaling, "RegisterScalableTarget", "of an unknown service", MinCapacity=1, MaxCapacity=2,
         **TARGET | {"ResourceId": "service/prod/nobody"})
    call("ecs", "CreateService", "a second time", serviceName="web", desiredCount=3, **service)
    call(scaling, "RegisterScalableTarget", "min above max", **TARGET, MinCapacity=9, MaxCapacity=1)
    call(groups, "SuspendProcesses", "an unknown process", **group, ScalingProcesses=["Dance"])
    call(groups, "PutScheduledUpdateGroupAction", "of an unknown group", **nobody, ScheduledActionName="evening",
         Recurrence="0 20 * * *", MinSize=0)
    call(groups, "UpdateAutoScalingGroup", "below min", **group, DesiredCapacity=0)
    call(groups, "UpdateAutoScalingGroup", "above max", **group, DesiredCapacity=9)
    call(groups, "UpdateAutoScalingGroup", "min above max", **group, MinSize=5, MaxSize=4)
    call(groups, "SetDesiredCapacity", "above max", **group, DesiredCapacity=9)
    call(groups, "SetDesiredCapacity", "below min", **group, DesiredCapacity=0)
    call("ecr", "PutImage", "an index of nobody", **repository, imageManifest=index("sha256:" + "0" * 64),
         imageTag="odd",
         imageManifestMediaType="application/vnd.oci.image.index.v1+json")
    call("ecr", "PutImage", "no manifest", **repository, imageManifest="{}", imageTag="odd")
    call("ecr", "PutLifecyclePolicy", "no rules", **repository, lifecyclePolicyText='{"rules": []}')


# --- the verdict ------------------------------------------------------------------------------------------------------


# A service is the same whether it stands alone or in a list.
ONE_OF = {
    "services[]": "service", "clusters[]": "cluster", "tasks[]": "task", "containerInstances[]": "containerInstance",
    "Functions[]": "function", "Versions[]": "function", "Configuration": "function",
}


def outcome(answer):
    if answer.code is None:
        return "an answer"
    return "fails" if answer.status >= 500 else f"{answer.status} {answer.code}"


class Judge:
    """Sends each call to both, and keeps what the two opinions say of the answers."""

    def __init__(self, ours, theirs):
        self.ours, self.theirs = ours, theirs
        self.calls, self.fields, self.compared = 0, 0, 0
        self.called = set()
        self.wrong_form, self.found = [], {}

    def call(self, service, operation, case="", /, save=None, **parameters):
        answers = []
        for side in (self.ours, self.theirs):
            asked = {k: v(side.memory) if callable(v) else v for k, v in parameters.items()}
            answer = side.call(service, operation, asked)
            for name, find in (save or {}).items():
                try:
                    side.memory[name] = find(answer.body)
                except (LookupError, TypeError):
                    # Later calls would ask for nothing. Moto may have nothing: that is a difference by itself.
                    if side is self.ours:
                        raise
            answers.append(answer)
        ours, theirs = answers
        self.calls += 1
        self.called.add((service, operation))
        where = f"{service} {operation}" + (f" ({case})" if case else "")
        self.wrong_form += [f"{where}: {problem}" for problem in of_the_model(ours)]
        name = f"{service}:{operation}"
        if operation in NOT_IN_MOTO.get(service, ()):
            if theirs.body is not None:
                self.note(name, "the answer", "moto answers by now", case, None, None)
            return
        self.compared += 1
        if ours.code or theirs.code:
            self.fields += 2
            one, other = outcome(ours), outcome(theirs)
            if one != other:
                self.note(name, f"({case})", f"{one}; moto: {other}", case, ours.body, theirs.body)
            return
        bodies = normal(ours.body, known(self.ours)), normal(theirs.body, known(self.theirs))
        if case == "a page":
            # Which items come first is nobody's promise.
            bodies = [{k: f"{len(v)} items" if isinstance(v, list) else v for k, v in b.items()} for b in bodies]
        comparison = Comparison()
        comparison.compare("", *bodies)
        self.fields += comparison.fields
        for path, how, one, other in comparison.found:
            first, dot, rest = path.partition(".")
            self.note(name, ONE_OF.get(first, first) + dot + rest, how, case, one, other)

    def note(self, operation, path, how, case, one, other):
        self.found.setdefault((operation, path, how), []).append((case, one, other))

    def wait(self, span):
        body = json.dumps({"by": span}).encode()
        request = urllib.request.Request(f"{self.ours.url}/_emulator/move", body, {"content-type": "application/json"})
        urllib.request.urlopen(request, timeout=30).read()


def asked_for():
    """The operations that the roles of template.yaml allow, of the services that the embedded AWS has."""
    names = {"states": "stepfunctions"}
    # A condition key, and the permission to list objects.
    other = {("ecs", "CreateAction"): None, ("s3", "ListBucket"): "ListObjectsV2"}
    have = {service for service, _ in modelled()}
    for prefix, action in re.findall(r"\b([a-z0-9-]+):([A-Z]\w+)", (ROOT / "template.yaml").read_text()):
        operation = other.get((prefix, action), action)
        if names.get(prefix, prefix) in have and operation:
            yield names.get(prefix, prefix), operation


def modelled():
    """The operations that the embedded AWS has, as its source lists them."""
    names = {"application_autoscaling": "application-autoscaling", "eventbridge": "events"}
    for file in sorted((ROOT / "emulator/src").glob("*/mod.rs")):
        text = file.read_text()
        found = re.findall(r'(?:operation|reads)!\(\s*"(\w+)"', text) + re.findall(r'^\s+name: "(\w+)",', text, re.M)
        for operation in found:
            yield names.get(file.parent.name, file.parent.name), operation


def main():
    with embedded(sys.argv[1]) as ours, moto() as theirs:
        judge = Judge(ours, theirs)
        ours.memory |= {"subnet": "subnet-0a1b2c3d4e5f60718", "group": "sg-0a1b2c3d4e5f60718"}
        seeded = ours.call("ecr", "BatchGetImage", {"repositoryName": "web", "imageIds": [{"imageTag": "v1"}]})
        theirs.memory["v1"] = seeded.body["images"][0]["imageManifest"]
        same_world(theirs)
        replay(judge.call, judge.wait)
    problems = [f"wrong by botocore's model: {problem}" for problem in judge.wrong_form]
    for service, page in sorted(pages()):
        model = ours.client(service).meta.service_model
        if page not in {*model.operation_names, *model.shape_names}:
            problems.append(f"AWS has no page {page} for {service}")
    forgotten = sorted((set(modelled()) | set(asked_for())) - judge.called)
    problems += [f"never called: {service} {operation}" for service, operation in forgotten]
    rows = differences()
    for key, seen in sorted(judge.found.items()):
        if key not in rows:
            case, one, other = seen[0]
            short = lambda v: json.dumps(v, default=str)[:200]  # noqa: E731
            problems.append(
                f"a new difference: {' | '.join(key)} [{case}]\n      ours: {short(one)}\n      moto: {short(other)}")
    problems += [f"does not occur any more: {' | '.join(key)}" for key in sorted(rows.keys() - judge.found.keys())]
    right = {}
    for who, _ in rows.values():
        right[who] = right.get(who, 0) + 1
    print(
        f"{judge.calls} calls of {len(judge.called)} operations, held against botocore's models; "
        f"{judge.compared} of them compared with moto, {judge.fields} fields; {len(rows)} known differences: "
        + ", ".join(f"{who} {n}" for who, n in sorted(right.items()))
    )
    for problem in problems:
        print(f"  {problem}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
