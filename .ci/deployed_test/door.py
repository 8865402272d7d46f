"""The door before the emulators: what the functions take for AWS.

It hands each call on to the emulator that knows the service, and writes down who called what. Requests are handed on
with the headers that were signed, `Host` among them, so that ministack can check their signatures.

ministack has no Application Auto Scaling, and its EC2 Auto Scaling can't suspend processes, so moto answers both. moto
checks neither signatures nor policies: what it was asked is held against the roles by a test.
"""

import http.client
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/aws4_request")
MOTOS = {"application-autoscaling", "autoscaling"}

# Reads that ministack refuses as unknown, and what AWS answers in an account without any of it.
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html
EMPTY = {
    "ecs:ListDaemons": (200, {"daemonSummariesList": []}),
    "ecr:DescribePullThroughCacheRules": (200, {"pullThroughCacheRules": []}),
    "ecr:ListPullTimeUpdateExclusions": (200, {"pullTimeUpdateExclusions": []}),
    "ecr:GetRegistryPolicy": (400, {"__type": "RegistryPolicyNotFoundException", "message": "No policy here."}),
}


class Door(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, ministack, moto):
        super().__init__(address, Handler)
        self.ministack, self.moto = (urlsplit(url).netloc for url in (ministack, moto))
        self.lock = threading.Lock()
        # (access key, action such as ecs:ListClusters, who answered, status), in order.
        self.calls = []

    def note(self, *call):
        with self.lock:
            self.calls.append(call)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One segment an answer: else each waits for a delayed acknowledgement.
    wbufsize = 1 << 16
    disable_nagle_algorithm = True

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        signed = CREDENTIAL.search(self.headers.get("Authorization", ""))
        key, service = signed.groups() if signed else (None, "unsigned")
        action = f"{service}:{self.operation(service, body)}"
        if action in EMPTY:
            by, (status, value) = "door", EMPTY[action]
            headers, content = [("Content-Type", "application/x-amz-json-1.1")], json.dumps(value).encode()
        else:
            by, to = ("moto", self.server.moto) if service in MOTOS else ("ministack", self.server.ministack)
            status, headers, content = self.hand_on(to, body)
        self.server.note(key, action, by, status)
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("connection", "content-length", "date", "server", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_DELETE = do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = answer

    def operation(self, service, body):
        """The action's name, as IAM knows it, where it stands in the request; else method and path."""
        if target := self.headers.get("X-Amz-Target"):
            return target.rsplit(".", 1)[1]
        if self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
            return parse_qs(body.decode()).get("Action", ["?"])[0]
        return f"{self.command} {urlsplit(self.path).path}"

    def hand_on(self, to, body):
        connection = http.client.HTTPConnection(to, timeout=60)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "content-length"):
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def log_message(self, *_):
        pass
