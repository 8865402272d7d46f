"""What tools/with_authorizer.py makes of template.yaml, checked on its translation. `.ci/template` runs it."""

import importlib.util
import json
import logging
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent


def module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


TOOL = module(ROOT / "tools" / "with_authorizer.py")
TRANSLATE = module(ROOT / ".ci" / "translate.py").translate
TEMPLATE = (ROOT / "template.yaml").read_text(encoding="utf-8")
USER_POOL = "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_abcdef123"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:authorizer"


def operations(value):
    """Each operation of a body, whatever conditions stand around it."""
    if isinstance(value, dict):
        if "x-amazon-apigateway-integration" in value:
            yield value
        for part in value.values():
            yield from operations(part)
    elif isinstance(value, list):
        for part in value:
            yield from operations(part)


class WithAuthorizer(unittest.TestCase):
    def body(self, **given):
        return TRANSLATE(TOOL.with_authorizer(TEMPLATE, **given))["Resources"]["Api"]["Properties"]["Body"]

    def assert_every_route_has_it(self, body, scopes=()):
        routes = list(operations(body["paths"]))
        self.assertGreater(len(routes), 30)
        for operation in routes:
            self.assertEqual(operation["security"], [{"People": list(scopes)}])
        self.assertEqual(set(body["components"]["securitySchemes"]), {"People"})

    def test_every_route_asks_for_a_token_of_the_user_pool(self):
        body = self.body(user_pool=USER_POOL)
        self.assert_every_route_has_it(body)
        scheme = body["components"]["securitySchemes"]["People"]
        self.assertEqual(scheme["x-amazon-apigateway-authtype"], "cognito_user_pools")
        self.assertEqual(scheme["x-amazon-apigateway-authorizer"]["providerARNs"], [USER_POOL])

    def test_a_token_may_have_to_have_a_scope(self):
        scopes = ["steward/operate", "https://example.com/a:b"]
        self.assert_every_route_has_it(self.body(user_pool=USER_POOL, scopes=scopes), scopes)

    def test_every_route_asks_the_function_about_each_request(self):
        body = self.body(function=FUNCTION)
        self.assert_every_route_has_it(body)
        asked = body["components"]["securitySchemes"]["People"]["x-amazon-apigateway-authorizer"]
        self.assertEqual((asked["type"], asked["authorizerResultTtlInSeconds"]), ("request", 0))
        self.assertIn(FUNCTION, json.dumps(asked["authorizerUri"]))

    def test_the_first_call_carries_a_token_in_place_of_a_signature(self):
        made = TRANSLATE(TOOL.with_authorizer(TEMPLATE, user_pool=USER_POOL))
        first = json.dumps(made["Outputs"]["FirstCall"])
        self.assertIn("authorization: $TOKEN", first)
        self.assertNotIn("sigv4", first)

    def test_another_template_is_refused(self):
        with self.assertRaises(TOOL.NotTheTemplate):
            TOOL.with_authorizer(TEMPLATE.replace("AWS_IAM", "NONE"), user_pool=USER_POOL)

    def test_what_is_no_arn_and_a_scope_of_a_function_are_refused(self):
        for arguments in (
            ["--user-pool", "eu-central-1_abcdef123"],
            ["--lambda", FUNCTION + "\n  Bad: true"],
            ["--lambda", FUNCTION, "--scope", "a"],
            ["--user-pool", USER_POOL, "--scope", 'a"b'],
            ["--user-pool", USER_POOL, "--lambda", FUNCTION],
            [],
        ):
            with self.subTest(arguments=arguments):
                ran = subprocess.run(
                    [sys.executable, ROOT / "tools" / "with_authorizer.py", *arguments, ROOT / "template.yaml"],
                    capture_output=True, text=True, check=False,
                )
                self.assertEqual((ran.returncode, ran.stdout), (2, ""))


if __name__ == "__main__":
    # SAM says which of its own experiments are off.
    logging.disable(logging.WARNING)
    unittest.main()
