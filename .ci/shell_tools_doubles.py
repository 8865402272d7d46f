"""What .ci/shell_tools puts in the place of AWS: a gateway that checks signatures, logs, and a Lambda runtime.

    shell_tools_doubles.py gateway UPSTREAM     an IAM-authenticated door to `cargo local serve`
    shell_tools_doubles.py logs FILE            CloudWatch Logs with the lines of a file, seven a page
    shell_tools_doubles.py events BINARY EVENT… the events, one after the other, to a function's own binary, whose log
                                                is the standard output of this
"""

import http.server
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request

from sigv4 import Caller, why_refused

CALLER = Caller(region="sa-east-1", token="a+session/token==")


class Door(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))


class Gateway(Door):
    upstream = ""

    def pass_on(self):
        body = self.body()
        refused = why_refused(CALLER, self.command, self.path, self.headers, body)
        if refused:
            problem = {"type": "about:blank", "title": "Forbidden", "status": 403, "detail": refused}
            self.answer(403, [("Content-Type", "application/problem+json")], json.dumps(problem).encode())
            return
        kept = ("content-type", "accept")
        headers = {name: value for name, value in self.headers.items() if name.lower() in kept}
        request = urllib.request.Request(
            self.upstream + self.path, data=body or None, method=self.command, headers=headers
        )
        try:
            answer = urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as problem:
            answer = problem
        kinds = [("Content-Type", answer.headers.get("Content-Type", "application/json"))]
        self.answer(answer.status, kinds, answer.read())

    do_GET = do_POST = do_PUT = do_DELETE = pass_on


def served(door):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), door)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


def gateway(upstream):
    Gateway.upstream = upstream
    served(Gateway)


class Logs(Door):
    """FilterLogEvents (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html).

    It does not filter: the caller must not need that.
    """

    lines = []

    def do_POST(self):
        asked = json.loads(self.body())
        if not self.headers.get("X-Amz-Target", "").endswith(".FilterLogEvents"):
            self.answer(400, [], b'{"__type":"UnknownOperationException"}')
            return
        begin = int(asked.get("nextToken", 0))
        page = self.lines[begin : begin + 7]
        answer = {
            "events": [
                {"logStreamName": "s", "timestamp": 1_795_000_000_000 + begin + n, "message": line, "eventId": str(begin + n)}
                for n, line in enumerate(page)
            ],
            "searchedLogStreams": [],
        }
        if begin + 7 < len(self.lines):
            answer["nextToken"] = str(begin + 7)
        self.answer(200, [("Content-Type", "application/x-amz-json-1.1")], json.dumps(answer).encode())


def logs(path):
    with open(path, encoding="utf-8") as file:
        Logs.lines = file.read().splitlines()
    served(Logs)


class Runtime(Door):
    """The Lambda Runtime API (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html)."""

    events, failed, done = [], [], threading.Event()

    def do_GET(self):
        if not self.events:
            self.done.set()
            # The binary waits for an event that does not come, until it is ended.
            threading.Event().wait()
        headers = [
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", f"00000000-0000-4000-8000-{len(self.events):012}"),
            ("Lambda-Runtime-Deadline-Ms", "99999999999999"),
            ("Lambda-Runtime-Invoked-Function-Arn", f"arn:aws:lambda:{CALLER.region}:123456789012:function:scale-service"),
        ]
        self.answer(200, headers, self.events.pop(0))

    def do_POST(self):
        body = self.body()
        if self.path.endswith("/error"):
            self.failed.append(body)
            # A function that does not start polls no more.
            if "/init/" in self.path:
                self.done.set()
        self.answer(202, [], b"")


def events(binary, *texts):
    Runtime.events.extend(text.encode() for text in texts)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Runtime)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = os.environ | {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "scale-service",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": "log",
        "AWS_LAMBDA_LOG_STREAM_NAME": "log",
    }
    function = subprocess.Popen([binary], env=environment)
    came = Runtime.done.wait(timeout=60)
    function.terminate()
    function.wait()
    if Runtime.failed or not came:
        sys.exit(f"{binary} did not do it: {Runtime.failed or 'it took longer than a minute'}")


if __name__ == "__main__":
    {"gateway": gateway, "logs": logs, "events": events}[sys.argv[1]](*sys.argv[2:])
