"""What examples/chat/template.yaml promises: buttons whose requests scale-service takes, and channels that may do no more.

cfn-lint knows the resources, but not the command in a button, nor what ecs-steward's messages hold. The limits are those
of the pages of AWS::Chatbot::CustomAction in
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Chatbot.html
"""

import json
import re
import unittest
from pathlib import Path

from cfnlint.decode import cfn_yaml
from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = cfn_yaml.load(str(ROOT / "examples" / "chat" / "template.yaml"))
RESOURCES = TEMPLATE["Resources"]
OPENAPI = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
SCHEMAS = {
    schema["title"]: schema
    for schema in (json.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "schemas").glob("*.json")))
}

FUNCTION = "arn:aws:lambda:sa-east-1:123456789012:function:ecs-steward-ScaleServiceFunction-AbCdEfGhIjKl"
GIVEN = {
    "Name": "n" * 40,
    "ChatTopicArn": "arn:aws:sns:sa-east-1:123456789012:ecs-steward-ChatTopic-AbCdEfGhIjKl",
    "ScaleServiceFunctionArn": FUNCTION,
}
# The names that a cluster and a service may have at most.
VALUES = {"cluster": "c" * 254 + "-", "service": "s" * 254 + "_"}

# The routes of the direct actions, to find what openapi.json says of their bodies.
SERVICE = "/v1/clusters/{cluster}/services/{service}"
ROUTES = {
    ("putOverride", True): ("put", SERVICE + "/override"),
    ("putOverride", False): ("put", "/v1/clusters/{cluster}/override"),
    ("start", True): ("post", SERVICE + "/start"),
}


def resolved(value):
    """A value as CloudFormation would make it, for the functions that the template uses."""
    if isinstance(value, list):
        return [resolved(one) for one in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (word, of), = value.items()
        if word == "Ref":
            return GIVEN.get(of, {"Ref": of})
        if word == "Fn::Split":
            return resolved(of[1]).split(of[0])
        if word == "Fn::Select":
            return resolved(of[1])[int(of[0])]
        if word == "Fn::Sub":
            text, names = of if isinstance(of, list) else (of, {})
            names = {**GIVEN, **{name: resolved(one) for name, one in names.items()}}
            return re.sub(r"\$\{(\w+)}", lambda m: names[m[1]], text)
    return {name: resolved(one) for name, one in value.items()}


def of_type(of):
    return {name: resolved(it["Properties"]) for name, it in RESOURCES.items() if it["Type"] == of}


ACTIONS = of_type("AWS::Chatbot::CustomAction")
CHANNELS = {
    **of_type("AWS::Chatbot::SlackChannelConfiguration"),
    **of_type("AWS::Chatbot::MicrosoftTeamsChannelConfiguration"),
}
BUTTONS = [(name, it, button) for name, it in ACTIONS.items() for button in it["Attachments"]]


def command(action):
    return action["Definition"]["CommandText"]


def payload(action):
    """The text after --payload, with its variables."""
    return command(action).split(" --payload ", 1)[1]


def variables(text):
    return set(re.findall(r"\$([A-Za-z0-9_-]+)", text))


def request(action):
    """The request that a press sends."""
    return json.loads(re.sub(r"\$([A-Za-z0-9_-]+)", lambda m: VALUES[m[1]], payload(action)))


def held(message, path):
    """Whether the messages of a kind may hold what a variable's path names."""
    steps = path.split(".")
    schema = SCHEMAS[message]
    if steps[0] != "event":
        return False
    at = schema["properties"]["chat"]
    for step in steps[1:]:
        if "$ref" in at:
            at = schema["$defs"][at["$ref"].rsplit("/", 1)[1]]
        inner = at.get("properties", {}).get(step)
        # What additionalContext holds is said in its description.
        if inner is None and f"`{step}`" in at.get("description", "") and at.get("additionalProperties"):
            inner = {"type": "string"}
        if inner is None:
            return False
        at = inner
    return at.get("type") == "string"


def checked(schema, value):
    """A value held against a schema of openapi.json."""
    Draft202012Validator({**schema, "components": OPENAPI["components"]}).validate(value)


def parameters(operation, path):
    """An operation's parameters and those of its path, with references followed."""
    given = [*OPENAPI["paths"][path].get("parameters", []), *operation.get("parameters", [])]
    return [OPENAPI["components"]["parameters"][it["$ref"].rsplit("/", 1)[1]] if "$ref" in it else it for it in given]


class ChatButtons(unittest.TestCase):
    def test_there_are_three(self):
        self.assertEqual({it["ActionName"].removeprefix(GIVEN["Name"]) for it in ACTIONS.values()},
                         {"-keep-on", "-hold", "-wake-now"})

    def test_each_invokes_scale_service_where_it_is(self):
        for name, action in ACTIONS.items():
            with self.subTest(button=name):
                name = FUNCTION.rsplit(":", 1)[1]
                head = f"lambda invoke --function-name {name} --region sa-east-1 --payload {{"
                self.assertTrue(command(action).startswith(head), command(action))

    def test_each_sends_a_request_that_an_example_shows(self):
        shown = {}
        for path in sorted((ROOT / "events" / "scale-service").glob("direct-*.json")):
            event = json.loads(path.read_text(encoding="utf-8"))
            shown.setdefault(event["action"], set()).add(frozenset(event))
        for name, action in ACTIONS.items():
            with self.subTest(button=name):
                self.assertIn(request(action)["action"], shown)

    def test_each_request_is_as_openapi_says(self):
        for name, action in ACTIONS.items():
            with self.subTest(button=name):
                fields = request(action)
                method, path = ROUTES[fields.pop("action"), "service" in fields]
                operation = OPENAPI["paths"][path][method]
                for parameter in (it for it in parameters(operation, path) if it["in"] == "path"):
                    checked(parameter["schema"], fields.pop(parameter["name"]))
                checked(operation["requestBody"]["content"]["application/json"]["schema"], fields)

    def test_no_press_lasts_for_ever_and_none_stops_anything(self):
        for name, action in ACTIONS.items():
            with self.subTest(button=name):
                fields = request(action)
                if fields["action"] == "putOverride":
                    self.assertEqual(fields["for"], "PT2H")
                    self.assertIn(fields["state"], {"on", "hold"})
                    # An override `on` of a whole cluster would start what is to stay off.
                    self.assertEqual(fields["state"] == "on", "service" in fields)
                else:
                    self.assertEqual(fields["action"], "start")
                    self.assertIn("service", fields)

    def test_no_value_needs_quoting(self):
        # What the messages hold are names; a quote or a space in a payload would end an argument of the command.
        for name, action in ACTIONS.items():
            with self.subTest(button=name):
                self.assertNotIn(" ", payload(action))
                self.assertNotIn("'", payload(action))
                for variable in variables(payload(action)):
                    self.assertIn(f'"${variable}"', payload(action))

    def test_each_is_shown_on_a_message_that_holds_its_variables(self):
        for name, action, button in BUTTONS:
            criteria = {it["VariableName"]: it for it in button["Criteria"]}
            message = criteria["event"].get("Value")
            with self.subTest(button=name, message=message):
                self.assertEqual(criteria["event"]["Operator"], "EQUALS")
                self.assertIn(message, SCHEMAS)
                self.assertEqual(button["NotificationType"], "Custom")
                for variable, path in button["Variables"].items():
                    self.assertTrue(held(message, path), path)
                # A command with an empty variable would be a request that is refused.
                needed = variables(payload(action))
                self.assertEqual(set(button["Variables"]), needed | {"event"})
                for variable in needed:
                    self.assertEqual(criteria[variable]["Operator"], "HAS_VALUE")

    def test_the_look_for_variables_can_say_no(self):
        self.assertTrue(held("Going Off Soon", "event.metadata.additionalContext.cluster"))
        for path in ("event.metadata.additionalContext.region", "event.metadata.cluster", "metadata.eventType",
                     "event.metadata.additionalContext", "event.content.cluster"):
            self.assertFalse(held("Going Off Soon", path), path)

    def test_texts_and_lists_are_within_the_limits(self):
        for name, action in ACTIONS.items():
            with self.subTest(button=name):
                self.assertRegex(action["ActionName"], r"^[a-zA-Z0-9_-]{1,64}$")
                self.assertLessEqual(len(command(action)), 5000)
        for name, action, button in BUTTONS:
            with self.subTest(button=name, text=button["ButtonText"]):
                self.assertTrue(1 <= len(button["ButtonText"]) <= 50)
                self.assertRegex(button["NotificationType"], r"^[a-zA-Z0-9-]{1,100}$")
                self.assertTrue(1 <= len(button["Criteria"]) <= 5)
                self.assertTrue(1 <= len(button["Variables"]) <= 5)
                for variable, path in button["Variables"].items():
                    self.assertRegex(variable, r"^[A-Za-z0-9_-]{1,100}$")
                    self.assertRegex(path, r"^[\x21-\x7F]{1,1024}$")
                for criterion in button["Criteria"]:
                    self.assertLessEqual(len(criterion.get("Value", "")), 1024)


class ChatChannels(unittest.TestCase):
    def test_role_and_guardrail_let_them_invoke_scale_service_and_nothing_else(self):
        only = [{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": FUNCTION}]
        role, = of_type("AWS::IAM::Role").values()
        policy, = role["Policies"]
        self.assertEqual(policy["PolicyDocument"]["Statement"], only)
        self.assertNotIn("ManagedPolicyArns", role)
        trust, = role["AssumeRolePolicyDocument"]["Statement"]
        self.assertEqual(trust["Principal"], {"Service": "chatbot.amazonaws.com"})
        guardrail, = of_type("AWS::IAM::ManagedPolicy").values()
        self.assertEqual(guardrail["PolicyDocument"]["Statement"], only)
        self.assertEqual(of_type("AWS::IAM::Policy"), {})

    def test_every_channel_has_them_and_the_buttons(self):
        self.assertEqual(set(CHANNELS), {"SlackChannel", "TeamsChannel"})
        buttons = [{"Fn::GetAtt": [name, "CustomActionArn"]} for name in ACTIONS]
        for name, channel in CHANNELS.items():
            with self.subTest(channel=name):
                self.assertEqual(channel["IamRoleArn"], {"Fn::GetAtt": ["ChannelRole", "Arn"]})
                # Without a guardrail AWS takes AdministratorAccess.
                self.assertEqual(channel["GuardrailPolicies"], [{"Ref": "ChannelGuardrail"}])
                self.assertEqual(channel["SnsTopicArns"], [GIVEN["ChatTopicArn"]])
                self.assertCountEqual(channel["CustomizationResourceArns"], buttons)

    def test_each_is_left_out_where_its_ids_are_not_given(self):
        self.assertEqual(RESOURCES["SlackChannel"]["Condition"], "SlackWanted")
        self.assertEqual(RESOURCES["TeamsChannel"]["Condition"], "TeamsWanted")
        for parameter in ("SlackWorkspaceId", "SlackChannelId", "TeamsTenantId", "TeamsTeamId", "TeamsChannelId"):
            with self.subTest(parameter=parameter):
                it = TEMPLATE["Parameters"][parameter]
                self.assertEqual(it["Default"], "")
                self.assertRegex("", it["AllowedPattern"])
                wanted = "SlackWanted" if parameter.startswith("Slack") else "TeamsWanted"
                self.assertIn(f'{{"Ref": "{parameter}"}}', json.dumps(TEMPLATE["Conditions"][wanted]))


if __name__ == "__main__":
    unittest.main()
