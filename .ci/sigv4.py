"""What API Gateway looks at in a signed request: the check behind the doubles of these tests, which is not botocore's."""

import hashlib
import hmac
import urllib.parse
from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """Whose signature is right, and for which region. The key is AWS's documented example
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html)."""

    region: str
    token: str
    key: str = "AKIAIOSFODNN7EXAMPLE"
    secret: str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def encoded(text):
    return urllib.parse.quote(text, safe="-_.~")


def why_refused(caller, method, target, headers, body):
    """Why API Gateway would answer 403; None where the signature is right.

    The canonical request is made anew from what was received, as AWS does it
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html). So a query that was
    signed as it was written, and not sorted and strictly encoded, is refused.
    """
    algorithm, _, rest = headers.get("Authorization", "").partition(" ")
    if algorithm != "AWS4-HMAC-SHA256":
        return "Missing Authentication Token"
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    key, date, region, service, end = parts["Credential"].split("/")
    if (key, region, service, end) != (caller.key, caller.region, "execute-api", "aws4_request"):
        return f"the credential is {parts['Credential']}"
    signed = parts["SignedHeaders"].split(";")
    if not {"host", "x-amz-date", "x-amz-security-token"} <= set(signed):
        return f"only {signed} are signed"
    if headers.get("X-Amz-Security-Token") != caller.token:
        return "the session token is another's"
    path, _, query = target.partition("?")
    pairs = sorted(
        (encoded(name), encoded(value)) for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True)
    )
    request = [
        method,
        "/".join(encoded(part) for part in path.split("/")),
        "&".join(f"{name}={value}" for name, value in pairs),
        *(f"{name}:{' '.join(headers[name].split())}" for name in signed),
        "",
        ";".join(signed),
        hashlib.sha256(body).hexdigest(),
    ]
    scope = f"{date}/{region}/{service}/{end}"
    digest = hashlib.sha256("\n".join(request).encode()).hexdigest()
    text = "\n".join([algorithm, headers["X-Amz-Date"], scope, digest])
    signature = f"AWS4{caller.secret}".encode()
    for part in (date, region, service, end, text):
        signature = hmac.new(signature, part.encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(signature.hex(), parts["Signature"]):
        return f"the signature does not match that of {request[:3]}"
    return None
