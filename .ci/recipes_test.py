"""The programs of docs/recipes.md sign as AWS asks, and do what the page says.

They are cut out of the page and run against a server on this machine that checks each signature (sigv4.py). Python needs
botocore, so `.ci/template`'s environment runs this; curl's part is left out where curl is not there or too old to sign.
"""

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

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from sigv4 import Caller, why_refused

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "recipes.md").read_text(encoding="utf-8")

CALLER = Caller(region="eu-central-1", token="a/session+token==")


def block(language, holds):
    """The one block of the page in this language that holds this text, without its indentation."""
    found = [text for text in re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.M | re.S) if holds in text]
    assert len(found) == 1, f"{len(found)} blocks of {language} hold {holds}"
    return found[0]


class Api(http.server.BaseHTTPRequestHandler):
    """Answers a signed start of `staging`; any other cluster is not there."""

    seen: list = []

    def log_message(self, *_):
        pass

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        refused = why_refused(CALLER, self.command, self.path, self.headers, body)
        Api.seen.append((self.command, self.path, body, refused is None))
        status, said = 200, {"summary": "dev: 3 services starting", "ok": True, "items": []}
        if refused:
            status, said = 403, {"code": "badSignature", "detail": refused, "retryable": False}
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
            "PATH": os.environ["PATH"], "AWS_REGION": CALLER.region, "AWS_ACCESS_KEY_ID": CALLER.key,
            "AWS_SECRET_ACCESS_KEY": CALLER.secret, "AWS_SESSION_TOKEN": CALLER.token,
            "STEWARD_API": f"http://127.0.0.1:{cls.server.server_port}/live",
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
        SigV4Auth(Credentials(CALLER.key, CALLER.secret, CALLER.token), "execute-api", CALLER.region).add_auth(request)
        headers = request.headers
        self.assertIsNone(why_refused(CALLER, "POST", target, headers, body))
        for changed in (
            ("PUT", target, headers, body),
            ("POST", target.replace("clusters/a", "clusters/b"), headers, body),
            ("POST", target.replace("users", "threads"), headers, body),
            ("POST", target, headers, body + b" "),
        ):
            with self.subTest(changed=changed[:2]):
                self.assertIn("the signature does not match", why_refused(CALLER, *changed))
        del headers["Authorization"]
        self.assertEqual(why_refused(CALLER, "POST", target, headers, body), "Missing Authentication Token")

    def test_the_workflows_shell_function_is_the_one_of_the_page(self):
        def words(text):
            return " ".join(text.split())

        function = re.search(r"^steward\(\) \{.*?^\}", block("sh", "# steward METHOD PATH"), flags=re.M | re.S)[0]
        self.assertIn(words(function), words(block("yaml", "Wake staging")))


if __name__ == "__main__":
    unittest.main()
