#!/usr/bin/env python3
"""Makes a template whose API is for people who have no IAM credentials.

    tools/with_authorizer.py --user-pool arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_abcdef123 \\
        template.yaml >template.people.yaml
    tools/with_authorizer.py --lambda arn:aws:lambda:eu-central-1:123456789012:function:authorizer \\
        template.yaml >template.people.yaml

Then `sam build -t template.people.yaml`, and deploy it as a stack. It is a template of its own because SAM takes the
default authorizer as a word and not as a parameter.

--user-pool: whoever has a token of that Cognito user pool may do all that the API does. With --scope (more than once)
    the token must have one of these OAuth scopes.
--lambda: your function answers with an IAM policy for each caller, so it says who may do what where, as IAM does
    (https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html). It gets the
    whole request. The answer is not kept, since a policy for one path would then be used for another.

Every route has it, and none is left without. It needs nothing but Python 3.
"""

import argparse
import re
import sys

IAM = """\
      Auth:
        # Every route, so that IAM alone says who may do what where.
        DefaultAuthorizer: AWS_IAM
        # The function runs as itself; without this API Gateway would invoke it as the caller.
        InvokeRole: NONE
"""
FIRST_CALL = re.compile(r"  FirstCall:\n    Description: .*\n    Value: !Sub >-\n(?:      .*\n)+")
USER_POOL = re.compile(r"arn:aws[a-z-]*:cognito-idp:[a-z0-9-]+:[0-9]{12}:userpool/[A-Za-z0-9_-]+")
FUNCTION = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?")
SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


class NotTheTemplate(Exception):
    """What came in is not the template of this version."""


def authorizer(user_pool, scopes, function):
    lines = ["      Auth:", "        # Every route.", "        DefaultAuthorizer: People", "        Authorizers:",
             "          People:"]
    if user_pool:
        lines.append(f"            UserPoolArn: {user_pool}")
        if scopes:
            # JSON is YAML, and keeps a colon in a scope from being read as a key.
            quoted = ", ".join('"' + scope + '"' for scope in scopes)
            lines.append(f"            AuthorizationScopes: [{quoted}]")
    else:
        lines += [
            f"            FunctionArn: {function}",
            "            FunctionPayloadType: REQUEST",
            "            Identity:",
            "              Headers: [Authorization]",
            "              # A policy that is kept would be used for other paths, too.",
            "              ReauthorizeEvery: 0",
        ]
    return "\n".join(lines) + "\n"


def with_authorizer(template, user_pool=None, scopes=(), function=None):
    """The template with this authorizer on every route in place of IAM."""
    if template.count(IAM) != 1 or len(FIRST_CALL.findall(template)) != 1:
        raise NotTheTemplate("this is not the template that this tool belongs to: take both from one version")
    first_call = (
        "  FirstCall:\n"
        "    Description: A first call, with a token of yours.\n"
        "    Value: !Sub >-\n"
        '      curl -H "authorization: $TOKEN"\n'
        '      "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live/v1/clusters"\n'
    )
    return FIRST_CALL.sub(lambda _: first_call, template.replace(IAM, authorizer(user_pool, scopes, function)))


def checked(pattern, what):
    def check(text):
        if not pattern.fullmatch(text):
            raise argparse.ArgumentTypeError(f"{text!r} is no {what}")
        return text

    return check


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--user-pool", metavar="ARN", type=checked(USER_POOL, "ARN of a Cognito user pool"))
    kind.add_argument("--lambda", dest="function", metavar="ARN", type=checked(FUNCTION, "ARN of a Lambda function"))
    parser.add_argument("--scope", action="append", default=[], type=checked(SCOPE, "OAuth scope"))
    parser.add_argument("template", help="the path of template.yaml")
    given = parser.parse_args()
    if given.scope and not given.user_pool:
        parser.error("--scope belongs to --user-pool: with --lambda your function decides")
    with open(given.template, encoding="utf-8") as file:
        template = file.read()
    try:
        sys.stdout.write(with_authorizer(template, given.user_pool, given.scope, given.function))
    except NotTheTemplate as fault:
        sys.exit(f"{given.template}: {fault}")


if __name__ == "__main__":
    main()
