"""All of it together: the servers, the world, the deployed stacks, and clients for each."""

import copy
import datetime
import functools
import json
import os
import re
import shutil
import tempfile
from pathlib import Path

import boto3
from botocore.config import Config

import stack
import world
from api import Api
from servers import ACCOUNT, REGION, Servers

# ministack's root, whose calls are not checked.
ROOT_KEYS = ("test", "test")


def clients_of(url):
    @functools.cache
    def client(service):
        return boto3.client(
            service,
            endpoint_url=url,
            region_name=REGION,
            aws_access_key_id=ROOT_KEYS[0],
            aws_secret_access_key=ROOT_KEYS[1],
            config=Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=60, proxies={},
                          s3={"addressing_style": "path"}),
        )

    return client


class System:
    def __init__(self, binaries: Path, taken=None):
        """`taken` is a role and an action of it that the stack is deployed without."""
        self.temporary = tempfile.TemporaryDirectory(prefix="deployed-")
        self.work = Path(self.temporary.name)
        self.binaries, self.taken, self.fired = binaries, taken, 0
        self.servers = Servers(self.work)

    def start(self):
        self.packages = stack.package(self.binaries, self.work / "zips")
        self.template = stack.translated()
        self.servers.start()
        self.aws = clients_of(self.servers.ministack)
        self.moto = clients_of(self.servers.moto)
        stack.upload(self.aws, self.packages)
        world.make(self.aws, self.moto)
        self.stack = self.deploy("steward", taken=self.taken)
        self.caller = world.make_person(self.aws("iam"), "operator", self.reach(self.stack, "*"))
        self.reader = world.make_person(self.aws("iam"), "reader", self.reach(self.stack, "live/GET/*"))
        self.api = self.api_of(self.stack)

    def stop(self):
        self.servers.stop()
        # For whoever looks for the cause of a failure.
        kept = stack.ROOT / "target" / "deployed"
        kept.mkdir(parents=True, exist_ok=True)
        for log in self.work.glob("*.log"):
            shutil.copy(log, kept / log.name)
        self.temporary.cleanup()

    def deploy(self, name, taken=None, **parameters):
        parameters = stack.PARAMETERS | parameters
        template = stack.fit_for_emulator(copy.deepcopy(self.template), self.packages, parameters)
        if taken:
            template = stack.without(template, *taken)
        deployed = stack.Stack(self.aws, name, template, parameters)
        deployed.schedules = self.schedules_of(deployed)
        return deployed

    def schedules_of(self, deployed):
        """The schedules of a stack as they were deployed, by logical name. They are then switched off.

        The emulator leaves `<aws.scheduler.scheduled-time>` and its like in an Input as they are. AWS fills them in
        (https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html). So a
        schedule that fires by itself would only make errors: `fire` sends what AWS would send.
        """
        scheduler, found = self.aws("scheduler"), {}
        for logical, name in deployed.of_type("AWS::Scheduler::Schedule").items():
            found[logical] = schedule = scheduler.get_schedule(Name=name)
            scheduler.update_schedule(
                State="DISABLED",
                **{k: schedule[k] for k in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")},
            )
        return found

    def event_of(self, schedule):
        """The Input of a schedule as it would arrive if it were due now."""
        text = schedule["Target"]["Input"]
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for placeholder, value in (("scheduled-time", now), ("schedule-arn", schedule["Arn"])):
            text = text.replace(f"<aws.scheduler.{placeholder}>", value)
        assert "<aws." not in text, text
        return text

    def fire(self, schedule):
        """Makes a schedule of the same target that is due at once. The emulator looks every ten seconds."""
        self.fired += 1
        self.aws("scheduler").create_schedule(
            Name=f"fired-{self.fired}",
            ScheduleExpression="at(2026-01-01T00:00:00)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=schedule["Target"] | {"Input": self.event_of(schedule)},
        )

    def dead_letters(self, deployed):
        """All that ever came into the queue of dead letters."""
        letters = deployed.__dict__.setdefault("letters", [])
        queue = deployed.outputs["DeadLettersUrl"]
        while messages := self.aws("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                letters.append(json.loads(message["Body"]))
                self.aws("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return letters

    def invoke(self, deployed, logical, event):
        """A direct invocation. Gives the answer, and the error's type or None."""
        payload = event if isinstance(event, str) else json.dumps(event)
        answer = self.aws("lambda").invoke(FunctionName=deployed[logical], Payload=payload.encode())
        body = json.loads(answer["Payload"].read())
        return body, body["errorType"] if answer.get("FunctionError") else None

    def keys_of_functions(self):
        """Access key -> the Lambda name of the function that signs with it."""
        return {
            environment["AWS_ACCESS_KEY_ID"]: function
            for function, processes in self.processes().items()
            for _, environment in processes
        }

    def api_of(self, deployed, keys=None):
        return Api(deployed.outputs["ApiUrl"], self.servers.ministack, REGION, keys or self.caller)

    @staticmethod
    def reach(deployed, where):
        return [f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{deployed['Api']}/{where}"]

    def routes(self):
        """(method, path with its parameters in braces) of the template, with those that a parameter deploys."""
        paths = self.template["Resources"]["Api"]["Properties"]["Body"]["paths"]

        def chosen(value):
            return value["Fn::If"][1] if isinstance(value, dict) and "Fn::If" in value else value

        return sorted((method.upper(), path) for path, methods in paths.items() for method in chosen(methods))

    def route_of(self, method, path):
        """The route that a request reaches: of those that fit, the one with the most plain segments."""
        fitting = [
            (route.count("{"), route)
            for verb, route in self.routes()
            if verb == method and re.fullmatch(re.sub(r"\{\w+}", "[^/]+", route), path)
        ]
        return (method, min(fitting)[1]) if fitting else None

    def processes(self):
        """Function -> the ids of its processes, which ministack started."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                environment = dict(
                    pair.split("=", 1) for pair in (entry / "environ").read_text().split("\0") if "=" in pair
                )
                if environment.get("HOME") == str(self.work / "home") and "AWS_LAMBDA_RUNTIME_API" in environment:
                    found.setdefault(environment["AWS_LAMBDA_FUNCTION_NAME"], []).append((int(entry.name), environment))
            except OSError:
                continue
        return found


def binaries():
    built = Path(os.environ.get("CARGO_TARGET_DIR", stack.ROOT / "target")) / "debug"
    return Path(os.environ.get("STEWARD_BINARIES", built)).resolve()
