"""The two emulators, and a client of each."""

import contextlib
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

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
