"""The programs of docs/recipes.md sign as AWS asks, and do what the page says.

They are cut out of the page and run against a server on this machine that checks each signature by itself, after AWS's
description (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html). Python needs
botocore, so `.ci/template`'s environment runs this; curl's part is left out where curl is not there or too old to sign.
"""

import hashlib
import hmac
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "recipes.md").read_text(encoding="utf-8")

# AWS's own example.
KEY, SECRET, TOKEN = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "a/session+token=="
REGION = "eu-central-1"


def block(language, holds):
    """The one block of the page in this language that holds this text, without its indentation."""
    found = [text for text in re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.M | re.S) if holds in text]
    assert len(found) == 1, f"{len(found)} blocks of {language} hold {holds}"
    return found[0]


def strictly(text):
    return quote(unquote(text), safe="-_.~")


def signature(method, target, headers, body):
    """The signature that AWS would compute of a request, or why there is none."""
    form = r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)"
    match = re.fullmatch(form, headers.get("Authorization", ""))
    if not match:
        return None, "not signed"
    key, day, region, service, signed, given = match.groups()
    if (key, region, service) != (KEY, REGION, "execute-api"):
        return None, f"signed for {service} in {region}"
    names = signed.split(";")
    if not {"host", "x-amz-date", "x-amz-security-token"} <= set(names) or headers["x-amz-security-token"] != TOKEN:
        return None, f"signs only {signed}"
    url = urlsplit(target)
    pairs = (pair.partition("=") for pair in url.query.split("&") if pair)
    canonical = "\n".join([
        method,
        "/".join(strictly(part) for part in url.path.split("/")),
        "&".join(f"{name}={value}" for name, value in sorted((strictly(n), strictly(v)) for n, _, v in pairs)),
        "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in names),
        signed,
        hashlib.sha256(body).hexdigest(),
    ])
    scope = f"{day}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    secret = ("AWS4" + SECRET).encode()
    for part in scope.split("/"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    right = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
    return (right, "") if right == given else (None, "the signature is another")


class Api(http.server.BaseHTTPRequestHandler):
    """Answers a signed start of `staging`; any other cluster is not there."""

    seen: list = []

    def log_message(self, *_):
        pass

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        right, why = signature(self.command, self.path, self.headers, body)
        Api.seen.append((self.command, self.path, body, bool(right)))
        status, said = 200, {"summary": "dev: 3 services starting", "ok": True, "items": []}
        if not right:
            status, said = 403, {"code": "badSignature", "detail": why, "retryable": False}
        elif "/clusters/staging" not in self.path:
            status, said = 404, {"code": "notFound", "detail": "no such cluster", "retryable": False}
        text = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = answer


def curl_signs():
    """Whether there is a curl that signs: since 7.86 it signs headers rightly."""
    if not shutil.which("curl"):
        return False
    version = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    return tuple(int(part) for part in version.split(".")[:2]) >= (7, 86)


class Recipes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.environment = {
            "PATH": os.environ["PATH"], "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_SESSION_TOKEN": TOKEN, "STEWARD_API": f"http://127.0.0.1:{cls.server.server_port}/live",
            "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1",
        }

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def setUp(self):
        Api.seen.clear()

    def run_it(self, *command):
        return subprocess.run(
            command, capture_output=True, text=True, env=self.environment, timeout=60, check=False, stdin=subprocess.DEVNULL
        )

    def python(self, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "steward.py"
            program.write_text(block("python", "def steward"), encoding="utf-8")
            return self.run_it(sys.executable, str(program), *arguments)

    def test_python_signs_and_prints_the_summary(self):
        ended = self.python("staging")
        self.assertEqual((ended.returncode, ended.stdout), (0, "dev: 3 services starting\n"), ended.stderr)
        body = b'{"reason": "the demo at ten"}'
        self.assertEqual(Api.seen, [("POST", "/live/v1/clusters/staging/start", body, True)])

    def test_python_says_the_code_of_a_problem(self):
        ended = self.python("nowhere")
        self.assertNotEqual(ended.returncode, 0)
        self.assertIn("notFound: no such cluster", ended.stderr)

    def shell(self, line):
        # The function alone: the block goes on with a request of its own.
        function = block("sh", "# steward METHOD PATH").partition("\n}\n")[0] + "\n}\n"
        return self.run_it("bash", "-c", function + line)

    @unittest.skipUnless(curl_signs(), "no curl that signs")
    def test_curl_signs_what_the_page_says_every_version_signs(self):
        lines = [
            line for text in re.findall(r"^ *```sh\n(.*?)^ *```$", PAGE, flags=re.M | re.S)
            for line in text.splitlines() if line.startswith("steward ") and "$" not in line
        ]
        self.assertGreaterEqual(len(lines), 2)
        for line in lines:
            ended = self.shell(line.partition(" | ")[0])
            self.assertEqual(ended.returncode, 0, f"{line}: {ended.stdout} {ended.stderr}")
        self.assertEqual([right for *_, right in Api.seen], [True] * len(lines))

    @unittest.skipUnless(curl_signs(), "no curl that signs")
    def test_curl_fails_with_the_problem_in_its_output(self):
        ended = self.shell("steward POST /v1/clusters/nowhere/start")
        self.assertEqual(ended.returncode, 22, ended.stderr)
        self.assertEqual(json.loads(ended.stdout)["code"], "notFound")

    def test_the_check_takes_what_botocore_signed_and_refuses_it_when_anything_was_changed(self):
        body, target = b'{"reason":"x"}', "/live/v1/clusters/a/tasks?query=length%28tasks%29&family=users"
        request = AWSRequest("POST", f"https://api.example.com{target}", data=body, headers={"host": "api.example.com"})
        SigV4Auth(Credentials(KEY, SECRET, TOKEN), "execute-api", REGION).add_auth(request)
        headers = request.headers
        self.assertEqual(signature("POST", target, headers, body)[1], "")
        for changed in (
            ("PUT", target, headers, body),
            ("POST", target.replace("clusters/a", "clusters/b"), headers, body),
            ("POST", target.replace("users", "threads"), headers, body),
            ("POST", target, headers, body + b" "),
        ):
            with self.subTest(changed=changed[:2]):
                self.assertEqual(signature(*changed), (None, "the signature is another"))
        del headers["Authorization"]
        self.assertEqual(signature("POST", target, headers, body), (None, "not signed"))

    def test_the_workflows_shell_function_is_the_one_of_the_page(self):
        def words(text):
            return " ".join(text.split())

        function = re.search(r"^steward\(\) \{.*?^\}", block("sh", "# steward METHOD PATH"), flags=re.M | re.S)[0]
        self.assertIn(words(function), words(block("yaml", "Wake staging")))


if __name__ == "__main__":
    unittest.main()
