"""Signed calls of the deployed REST API, as any client of AWS makes them."""

import http.client
import json
from urllib.parse import quote, urlencode, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, {k.lower(): v for k, v in headers}, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body.decode(errors='replace')[:1500]}"


class Api:
    """The API at `url` (the output ApiUrl), which an emulator answers at `served_by`. `keys` sign the calls."""

    def __init__(self, url, served_by, region, keys):
        self.url, self.served_by, self.region, self.keys = url, served_by, region, keys
        # (method, path without the stage) of what was answered with success.
        self.answered = []

    def __call__(self, method, path, body=None, *, query=None, keys=None, signed=True, tampered=None, headers=None):
        """`tampered` is the body that is sent in place of the one that was signed."""
        url = self.url + path
        if query:
            # Encoded strictly: the signature is of that form.
            url += "?" + urlencode(sorted(query.items()), quote_via=quote, safe="")
        content = b"" if body is None else json.dumps(body).encode()
        request = AWSRequest(method, url, data=content, headers=headers or {})
        if content:
            request.headers["Content-Type"] = "application/json"
        if signed:
            SigV4Auth(Credentials(*(keys or self.keys)), "execute-api", self.region).add_auth(request)
        if tampered is not None:
            content = json.dumps(tampered).encode()
        place = urlsplit(url)
        connection = http.client.HTTPConnection(urlsplit(self.served_by).netloc, timeout=40)
        try:
            connection.request(
                method,
                place.path + ("?" + place.query if place.query else ""),
                body=content,
                headers={**request.headers, "Host": place.netloc},
            )
            answer = connection.getresponse()
            answer = Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()
        if answer.status < 300:
            self.answered.append((method, path))
        return answer
