"""What template.yaml promises, checked on its translation: what AWS would deploy.

No linter notices a route without an authorizer, a schedule without a net, or a role that may do
too much; these tests do. `.ci/template` runs them.
"""

import json
import os
import re
import unittest
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parent.parent
TRANSLATED = Path(os.environ.get("STEWARD_TRANSLATED", ROOT / "target" / "template.translated.json"))
EVENTS = ROOT / "events"

TEMPLATE = json.loads(TRANSLATED.read_text(encoding="utf-8"))

# What parameters may leave out: conditions of these names are decided here, the others stay as they are written.
DECIDED = {
    "RunTaskDeployed", "StopTaskDeployed", "PruneImagesDeployed", "MayChange", "DeploymentsDenied", "EveryCluster",
    "EveryGroup", "HasKmsKey", "InVpc", "ApiLogsRoleWanted", "FunctionsRead", "SchedulesRead",
}
NOTHING = {"Ref": "AWS::NoValue"}
EVERYTHING = {
    "DeployRunTask": "true", "DeployStopTask": "true", "DeployPruneImages": "true", "CreateApiLogsRole": "true",
}


def with_parameters(value, **given):
    """A value as CloudFormation would see it, with parameters at their defaults unless given."""
    if isinstance(value, dict) and len(value) == 1:
        (word, of), = value.items()
        if word == "Ref" and of in TEMPLATE["Parameters"]:
            return given.get(of, TEMPLATE["Parameters"][of].get("Default"))
        if word == "Condition":
            return with_parameters(TEMPLATE["Conditions"][of], **given)
        if word == "Fn::Equals":
            left, right = (with_parameters(side, **given) for side in of)
            return left == right
        if word == "Fn::Not":
            return not with_parameters(of[0], **given)
        if word == "Fn::And":
            return all(with_parameters(one, **given) for one in of)
        if word == "Fn::EachMemberEquals":
            members, one = with_parameters(of[0], **given), of[1]
            return all(member == one for member in listed(members))
        if word == "Fn::Contains":
            return of[1] in listed(with_parameters(of[0], **given))
        if word == "Fn::Or":
            return any(with_parameters(one, **given) for one in of)
        if word == "Fn::Join":
            return of[0].join(with_parameters(part, **given) for part in listed(with_parameters(of[1], **given)))
        if word == "Fn::Split":
            return with_parameters(of[1], **given).split(of[0])
        if word == "Fn::Select":
            return with_parameters(of[1], **given)[of[0]]
        if word == "Fn::If":
            condition, yes, no = of
            holds = with_parameters(TEMPLATE["Conditions"][condition], **given)
            return with_parameters(yes if holds else no, **given)
        if word == "Fn::Sub" and isinstance(of, str):
            return re.sub(r"\$\{([\w:]+)}", lambda m: str(given.get(m[1]) or with_parameters({"Ref": m[1]}, **given)), of)
    return value


def listed(value):
    return value if isinstance(value, list) else [value]


def deployed(value, **given):
    """A part of the template with what these parameters leave out left out."""
    if isinstance(value, list):
        return [part for part in (deployed(part, **given) for part in value) if part != NOTHING]
    if not isinstance(value, dict):
        return value
    condition = value.get("Fn::If", [None])[0]
    if condition in DECIDED:
        holds = with_parameters(TEMPLATE["Conditions"][condition], **given)
        return deployed(value["Fn::If"][1 if holds else 2], **given)
    if condition:
        return {"Fn::If": [condition, *(deployed(part, **given) for part in value["Fn::If"][1:])]}
    return {name: part for name, part in ((n, deployed(p, **given)) for n, p in value.items()) if part != NOTHING}


def resources(**given):
    """The resources that these parameters leave in."""
    there = {
        name: resource
        for name, resource in TEMPLATE["Resources"].items()
        if resource.get("Condition") not in DECIDED
        or with_parameters(TEMPLATE["Conditions"][resource["Condition"]], **given)
    }
    return deployed(there, **given)


RESOURCES = resources(**EVERYTHING)

FUNCTIONS = {
    "ScaleServiceFunction", "DescribeClusterFunction", "RunTaskFunction", "StopTaskFunction",
    "PruneImagesFunction",
}

CLUSTER = "/v1/clusters/{cluster}"
SERVICE = CLUSTER + "/services/{service}"
ROUTES = {
    ("PUT", SERVICE + "/scale"): "ScaleServiceFunction",
    ("POST", SERVICE + "/stop"): "ScaleServiceFunction",
    ("POST", SERVICE + "/start"): "ScaleServiceFunction",
    ("POST", CLUSTER + "/stop"): "ScaleServiceFunction",
    ("POST", CLUSTER + "/start"): "ScaleServiceFunction",
    ("POST", CLUSTER + "/reconcile"): "ScaleServiceFunction",
    ("PUT", SERVICE + "/override"): "ScaleServiceFunction",
    ("DELETE", SERVICE + "/override"): "ScaleServiceFunction",
    ("PUT", CLUSTER + "/override"): "ScaleServiceFunction",
    ("DELETE", CLUSTER + "/override"): "ScaleServiceFunction",
    ("PUT", "/v1/auto-scaling-groups/{group}/scale"): "ScaleServiceFunction",
    ("POST", "/v1/schedules/preview"): "ScaleServiceFunction",
    ("POST", CLUSTER + "/tasks"): "RunTaskFunction",
    ("POST", CLUSTER + "/tasks/{task}/stop"): "StopTaskFunction",
    ("POST", CLUSTER + "/tasks/stop"): "StopTaskFunction",
    ("GET", "/v1/clusters"): "DescribeClusterFunction",
    ("GET", CLUSTER): "DescribeClusterFunction",
    ("GET", CLUSTER + "/services"): "DescribeClusterFunction",
    ("GET", SERVICE): "DescribeClusterFunction",
    ("GET", CLUSTER + "/tasks"): "DescribeClusterFunction",
    ("GET", CLUSTER + "/tasks/{task}"): "DescribeClusterFunction",
    ("GET", CLUSTER + "/agenda"): "DescribeClusterFunction",
    ("GET", CLUSTER + "/savings"): "DescribeClusterFunction",
    ("GET", CLUSTER + "/week"): "DescribeClusterFunction",
    ("GET", CLUSTER + "/wake"): "DescribeClusterFunction",
    ("GET", "/v1/task-definitions"): "DescribeClusterFunction",
    ("GET", "/v1/task-definitions/{family}/{revision}"): "DescribeClusterFunction",
    ("GET", "/v1/auto-scaling-groups"): "DescribeClusterFunction",
    ("GET", "/v1/auto-scaling-groups/{group}"): "DescribeClusterFunction",
    ("GET", "/v1/repositories"): "PruneImagesFunction",
    ("GET", "/v1/images"): "PruneImagesFunction",
    ("GET", "/v1/images/in-use"): "PruneImagesFunction",
    ("PUT", "/v1/images/in-use"): "PruneImagesFunction",
    ("POST", "/v1/images/prune"): "PruneImagesFunction",
    ("POST", "/v1/lifecycle/evaluate"): "PruneImagesFunction",
}

ENVIRONMENT = {
    "MODE", "RECONCILE", "CLUSTERS", "LABEL", "TAG_PREFIX", "MAX_DESIRED", "BUDGET_SHARE", "LOG_LEVEL",
    "SCHEDULES", "WAKE_LEAD", "REPEAT_OFF", "LATE_AFTER", "DEPLOYING_WAIT", "DEFAULT_SCHEDULE", "OVERRIDE_MAX", "NOTIFY_BEFORE", "EVENT_BUS", "DRIFT", "HALF",
    "RUN_FAMILIES", "RUN_OVERRIDES", "STOP_MAX",
}

# What a function reads beside that.
OWN_ENVIRONMENT = {
    "PruneImagesFunction": {
        "PRUNE_REPOSITORIES", "PRUNE_POLICY", "MAX_DELETE", "MAX_DELETE_PERCENT", "KEEP_AT_LEAST",
        "PROTECTED_TAGS", "KEEP_PULLED_DAYS", "KEEP_PUSHED_HOURS", "IN_USE_REVISIONS", "IN_USE", "IN_USE_REGIONS",
        "IN_USE_FROM", "IN_USE_TO", "SOURCES_OFF",
        "ROLE_ARN",
    },
}

# X-Ray knows no resources, so these writes can't be narrowed.
WRITES_WITHOUT_A_RESOURCE = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}

# Every kind of answer that API Gateway gives by itself.
EVERY_GATEWAY_RESPONSE = {
    "DEFAULT_4XX", "DEFAULT_5XX", "RESOURCE_NOT_FOUND", "UNAUTHORIZED", "INVALID_API_KEY",
    "ACCESS_DENIED", "AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR", "INVALID_SIGNATURE",
    "EXPIRED_TOKEN", "MISSING_AUTHENTICATION_TOKEN", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT",
    "API_CONFIGURATION_ERROR", "UNSUPPORTED_MEDIA_TYPE", "BAD_REQUEST_PARAMETERS",
    "BAD_REQUEST_BODY", "REQUEST_TOO_LARGE", "THROTTLED", "QUOTA_EXCEEDED", "WAF_FILTERED",
}


def of_type(kind):
    """Resources of a type by name; none at all would make a loop over them prove nothing."""
    found = of_type_in(RESOURCES, kind)
    assert found, f"the template has no {kind}"
    return found


def arns(split, repositories):
    """What CloudFormation makes of the ARNs of a list of repositories."""
    comma, joined = split["Fn::Split"]
    empty, (first, rest) = joined["Fn::Join"]
    between, inner = rest["Fn::Join"]
    assert inner == {"Fn::Split": [",", {"Ref": "PruneRepositories"}]}
    return empty.join([first, between.join(repositories.split(","))]).split(comma)


def body():
    return RESOURCES["Api"]["Properties"]["Body"]


def routes():
    """(method, path) -> its operation."""
    return {
        (method.upper(), path): operation
        for path, methods in body()["paths"].items()
        for method, operation in methods.items()
    }


def function_of(operation):
    uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
    return re.search(r"/functions/\$\{(\w+)\.Arn}/invocations$", uri).group(1)


def of_type_in(there, kind):
    return {name: r["Properties"] for name, r in there.items() if r["Type"] == kind}


def statements(there=RESOURCES):
    """(role, statement) of every role's policies, of those too that a condition adds."""
    for name, role in of_type_in(there, "AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            for statement in listed(policy["PolicyDocument"]["Statement"]):
                yield name, statement
    for policy in of_type_in(there, "AWS::IAM::Policy").values():
        for role in policy["Roles"]:
            for statement in listed(policy["PolicyDocument"]["Statement"]):
                yield role["Ref"], statement


def role_of(function):
    return RESOURCES[function]["Properties"]["Role"]["Fn::GetAtt"][0]


def statements_of(function, effect, action, there=RESOURCES):
    return [
        s
        for role, s in statements(there)
        if role == role_of(function) and s["Effect"] == effect and action in listed(s["Action"])
    ]


def function_schedules():
    """Name -> the schedule, and its input as JSON."""
    found = of_type("AWS::Scheduler::Schedule")
    # An input may hold parameters.
    return {name: (s, json.loads(with_parameters(s["Target"]["Input"]))) for name, s in found.items()}


def event_files():
    """(path, JSON) of every event that is JSON."""
    for path in sorted(EVENTS.glob("**/*.json")):
        try:
            yield path, json.loads(path.read_bytes())
        except ValueError:
            if not path.name.startswith("bad"):
                raise AssertionError(f"{path} is not JSON, and its name does not begin with bad") from None


class TheApi(unittest.TestCase):
    def test_it_has_the_routes_of_the_design_each_with_its_function(self):
        self.assertEqual({route: function_of(op) for route, op in routes().items()}, ROUTES)

    def test_every_route_takes_signed_requests_only(self):
        scheme = body()["components"]["securitySchemes"]["AWS_IAM"]
        self.assertEqual(scheme["x-amazon-apigateway-authtype"], "awsSigv4")
        for route, operation in routes().items():
            with self.subTest(route=route):
                self.assertEqual(operation.get("security"), [{"AWS_IAM": []}])

    def test_every_route_reaches_a_function_that_exists_and_lets_this_route_in(self):
        allowed = [
            (p["FunctionName"]["Ref"], p["SourceArn"]["Fn::Sub"][0].split("${__Stage__}/", 1)[1])
            for p in of_type("AWS::Lambda::Permission").values()
        ]
        for (method, path), operation in routes().items():
            with self.subTest(route=(method, path)):
                function = function_of(operation)
                self.assertEqual(RESOURCES[function]["Type"], "AWS::Lambda::Function")
                self.assertIn((function, method + re.sub(r"\{\w+}", "*", path)), allowed)

    def test_only_this_api_may_invoke_a_function_from_outside(self):
        for name, permission in of_type("AWS::Lambda::Permission").items():
            with self.subTest(permission=name):
                self.assertEqual(permission["Principal"], "apigateway.amazonaws.com")
                arn, names = permission["SourceArn"]["Fn::Sub"]
                self.assertIn("${AWS::AccountId}:${__ApiId__}/", arn)
                self.assertEqual(names["__ApiId__"], {"Ref": "Api"})
        self.assertNotIn("AWS::Lambda::Url", {r["Type"] for r in RESOURCES.values()})

    def test_functions_run_as_themselves_and_not_as_the_caller(self):
        for route, operation in routes().items():
            with self.subTest(route=route):
                integration = operation["x-amazon-apigateway-integration"]
                self.assertEqual(integration["type"], "aws_proxy")
                self.assertNotIn("credentials", integration)

    def test_it_is_deployed_anew_whenever_a_parameter_may_have_changed_its_routes(self):
        # A stage serves the routes of its deployment, which another body alone does not replace.
        source = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
        self.assertIs(source["Resources"]["Api"]["Properties"]["AlwaysDeploy"], True)

    def test_it_takes_no_tls_below_1_2(self):
        (api,) = of_type("AWS::ApiGateway::RestApi").values()
        # GovCloud knows none of these policies. Elsewhere AWS takes one only together with a mode of access.
        for name, value in (("SecurityPolicy", "SecurityPolicy_TLS13_1_2_2021_06"), ("EndpointAccessMode", "BASIC")):
            self.assertEqual(api[name], {"Fn::If": ["InGovCloud", NOTHING, value]})
        self.assertEqual(api["EndpointConfiguration"], {"Types": ["REGIONAL"]})
        # The stage comes after the account's setting for logs, where this stack makes it.
        self.assertIn("${ApiAccount}", json.dumps(api["Description"]))

    def test_there_is_one_stage_throttled_traced_and_logged_without_bodies(self):
        (stage,) = of_type("AWS::ApiGateway::Stage").values()
        self.assertTrue(stage["TracingEnabled"])
        json.loads(stage["AccessLogSetting"]["Format"])
        self.assertEqual(stage["AccessLogSetting"]["DestinationArn"], {"Fn::GetAtt": ["ApiLogs", "Arn"]})
        (settings,) = stage["MethodSettings"]
        self.assertEqual((settings["ResourcePath"], settings["HttpMethod"]), ("/*", "*"))
        self.assertGreater(with_parameters(settings["ThrottlingRateLimit"]), 0)
        self.assertGreater(with_parameters(settings["ThrottlingBurstLimit"]), 0)
        self.assertFalse(settings["DataTraceEnabled"])
        # They are custom metrics, for each route.
        self.assertFalse(settings["MetricsEnabled"])

    def test_every_answer_of_the_gateway_itself_is_a_problem(self):
        responses = body()["x-amazon-apigateway-gateway-responses"]
        self.assertEqual(set(responses), EVERY_GATEWAY_RESPONSE)
        for kind, response in responses.items():
            with self.subTest(kind=kind):
                self.assertEqual(
                    response["responseParameters"]["gatewayresponse.header.Content-Type"],
                    "'application/problem+json'",
                )
                problem = json.loads(response["responseTemplates"]["application/json"])
                self.assertEqual(
                    set(problem),
                    {"type", "title", "status", "detail", "code", "retryable", "requestId"},
                )
                self.assertEqual(str(problem["status"]), str(response["statusCode"]))
                self.assertEqual(problem["requestId"], "$context.requestId")
                self.assertIsInstance(problem["retryable"], bool)
                self.assertRegex(problem["code"], r"^[a-z][A-Za-z]+$")
                self.assertNotIn("$", problem["title"] + problem["detail"])


class TheFunctions(unittest.TestCase):
    def test_they_are_those_of_the_design_as_arm64_binaries(self):
        functions = of_type("AWS::Lambda::Function")
        self.assertEqual(set(functions), FUNCTIONS)
        for name, function in functions.items():
            with self.subTest(function=name):
                self.assertEqual(function["Runtime"], "provided.al2023")
                self.assertEqual(function["Architectures"], ["arm64"])
                self.assertEqual(function["Handler"], "bootstrap")
                self.assertEqual(function["Timeout"], 600 if name == "DescribeClusterFunction" else 900)
                self.assertEqual(function["TracingConfig"], {"Mode": "Active"})

    def test_the_smallest_deployment_has_two_functions_and_their_routes_alone(self):
        there = {
            name: resource
            for name, resource in resources().items()
            if with_parameters(TEMPLATE["Conditions"].get(resource.get("Condition"), True))
        }
        functions = set(of_type_in(there, "AWS::Lambda::Function"))
        self.assertEqual(functions, {"ScaleServiceFunction", "DescribeClusterFunction"})
        routed = {
            function_of(operation)
            for methods in there["Api"]["Properties"]["Body"]["paths"].values()
            for operation in methods.values()
        }
        self.assertEqual(routed, functions)
        # Nothing names what is not there.
        named = set(re.findall(r'"(?:Ref|Fn::GetAtt)": \[?"(\w+)"|\$\{(\w+)[.}]', json.dumps(there)))
        known = set(there) | set(TEMPLATE["Parameters"])
        for name in {one or other for one, other in named} - known:
            self.assertFalse(name in TEMPLATE["Resources"], f"{name} is named, and is not deployed")

    def test_each_of_the_others_is_deployed_by_a_parameter_of_its_own(self):
        for name in ("RunTask", "StopTask", "PruneImages"):
            with self.subTest(function=name):
                there = resources(**{f"Deploy{name}": "true"})
                self.assertEqual(
                    set(of_type_in(there, "AWS::Lambda::Function")),
                    {"ScaleServiceFunction", "DescribeClusterFunction", f"{name}Function"},
                )

    def test_a_switch_that_would_do_nothing_is_refused_before_anything_is_deployed(self):
        def refused(**given):
            return sorted(
                name
                for name, rule in TEMPLATE["Rules"].items()
                if with_parameters(rule["RuleCondition"], **given)
                and not all(with_parameters(it["Assert"], **given) for it in rule["Assertions"])
            )

        self.assertEqual(refused(), [])
        self.assertEqual(refused(EnableChat="true", EventBus=""), ["ChatNeedsABus"])
        self.assertEqual(refused(EnableChat="true"), [])
        self.assertEqual(refused(SubnetIds=["subnet-1"]), ["SubnetsNeedSecurityGroups"])
        self.assertEqual(refused(SubnetIds=["subnet-1"], SecurityGroupIds=["sg-1"]), [])
        self.assertEqual(refused(EnablePrune="true"), ["NightlyPruneNeedsItsFunction"])
        self.assertEqual(refused(EnablePrune="true", DeployPruneImages="true"), [])
        self.assertEqual(refused(EnableNightlyJob="true"), ["NightlyJobNeedsItsFunction"])
        self.assertEqual(refused(InUseTo="s3://lists/a/"), ["ListsOfImagesNeedTheirFunction"])
        self.assertEqual(refused(InUseFrom="s3://lists/a/", DeployPruneImages="true"), [])

    def test_their_concurrency_is_reserved_where_a_parameter_says_how_much(self):
        for name, function in of_type("AWS::Lambda::Function").items():
            with self.subTest(function=name):
                condition, given, none = function["ReservedConcurrentExecutions"]["Fn::If"]
                self.assertEqual(none, NOTHING)
                holds = TEMPLATE["Conditions"][condition]
                self.assertFalse(with_parameters(holds))
                self.assertTrue(with_parameters(holds, **{given["Ref"]: 1}))
                self.assertTrue(name.startswith(given["Ref"].removesuffix("Concurrency")))

    def test_they_are_in_a_vpc_and_under_a_key_where_parameters_say(self):
        inside = resources(**EVERYTHING, SubnetIds=["subnet-1"], SecurityGroupIds=["sg-1"], KmsKey="a-key")
        for name, function in of_type_in(inside, "AWS::Lambda::Function").items():
            with self.subTest(function=name):
                self.assertEqual(function["VpcConfig"]["SubnetIds"], {"Ref": "SubnetIds"})
                self.assertTrue(statements_of(name, "Allow", "ec2:CreateNetworkInterface", inside))
                (decrypt,) = statements_of(name, "Allow", "kms:Decrypt", inside)
                self.assertEqual(decrypt["Resource"], {"Ref": "KmsKey"})
                self.assertEqual(function["KmsKeyArn"], {"Ref": "KmsKey"})
        for name, function in of_type("AWS::Lambda::Function").items():
            with self.subTest(function=name):
                self.assertNotIn("VpcConfig", function)
                self.assertEqual(statements_of(name, "Allow", "ec2:CreateNetworkInterface"), [])
        for name, group in of_type_in(inside, "AWS::Logs::LogGroup").items():
            self.assertEqual(group["KmsKeyId"], {"Ref": "KmsKey"}, name)

    def test_they_get_the_variables_that_they_read(self):
        for name, function in of_type("AWS::Lambda::Function").items():
            with self.subTest(function=name):
                own = OWN_ENVIRONMENT.get(name, set())
                self.assertEqual(set(function["Environment"]["Variables"]), ENVIRONMENT | own)

    def test_a_new_deployment_observes_until_it_is_set_to_act(self):
        for name, function in of_type("AWS::Lambda::Function").items():
            with self.subTest(function=name):
                mode = function["Environment"]["Variables"]["MODE"]
                self.assertEqual(with_parameters(mode), "observe")
                self.assertEqual(with_parameters(mode, Mode="act"), "act")

    def test_the_named_schedules_are_in_the_stacks_zone(self):
        for name, function in of_type("AWS::Lambda::Function").items():
            with self.subTest(function=name):
                text = function["Environment"]["Variables"]["SCHEDULES"]
                self.assertEqual(
                    json.loads(with_parameters(text, TimeZone="Europe/Berlin", Holidays='["2026-12-25"]')),
                    {
                        "zone": "Europe/Berlin",
                        "schedules": {"office-hours": "Mon-Fri 08:00-20:00"},
                        "holidays": ["2026-12-25"],
                    },
                )
                self.assertEqual(json.loads(with_parameters(text))["holidays"], [])

    def test_holidays_are_a_list_of_dates(self):
        pattern = re.compile(TEMPLATE["Parameters"]["Holidays"]["AllowedPattern"])
        for days in ("[]", '["2026-12-25"]', '["2026-12-25", "2027-01-01"]'):
            self.assertRegex(days, pattern)
        for days in ("", "2026-12-25", '["25.12.2026"]', '["2026-12-25",]', '["2026-12-25" "2027-01-01"]'):
            self.assertNotRegex(days, pattern)

    def test_durations_are_iso_8601(self):
        for parameter in ("WakeLead", "LateAfter", "DeployingWait", "OverrideMax", "NotifyBefore"):
            with self.subTest(parameter=parameter):
                pattern = re.compile(TEMPLATE["Parameters"][parameter]["AllowedPattern"])
                self.assertRegex(TEMPLATE["Parameters"][parameter]["Default"], pattern)
                for duration in ("PT15M", "PT1H30M", "P1D", "P1DT1H"):
                    self.assertRegex(duration, pattern)
                for duration in ("", "P", "PT", "P1DT", "15M", "-PT15M", "P1M", "P1Y", "15 minutes"):
                    self.assertNotRegex(duration, pattern)

    def test_what_it_may_reach_must_be_said(self):
        self.assertNotIn("Default", TEMPLATE["Parameters"]["Clusters"])
        pattern = re.compile(TEMPLATE["Parameters"]["Clusters"]["AllowedPattern"])
        for clusters in ("", "*", "prod", "dev-*,staging"):
            self.assertRegex(clusters, pattern)
        for clusters in ("prod,", ",", "a b", "dev-*, staging", "arn:aws:ecs:x"):
            self.assertNotRegex(clusters, pattern)

    def test_no_tag_prefix_reaches_beyond_its_own_tags(self):
        pattern = re.compile(TEMPLATE["Parameters"]["TagPrefix"]["AllowedPattern"])
        for prefix in ("steward", "team-steward", "awsome"):
            self.assertRegex(prefix, pattern)
        for prefix in ("", "*", "st*", "st?ward", "team.steward", "aws", "AWS", "a:b", "x" * 33):
            self.assertNotRegex(prefix, pattern)

    def test_they_log_into_their_own_groups_which_forget_one_day(self):
        groups = of_type("AWS::Logs::LogGroup")
        seen = set()
        for name, function in of_type("AWS::Lambda::Function").items():
            with self.subTest(function=name):
                group = function["LoggingConfig"]["LogGroup"]["Ref"]
                self.assertNotIn(group, seen)
                seen.add(group)
                (allowed,) = statements_of(name, "Allow", "logs:PutLogEvents")
                self.assertEqual(allowed["Resource"], {"Fn::GetAtt": [group, "Arn"]})
        for name, group in groups.items():
            with self.subTest(group=name):
                self.assertGreater(with_parameters(group["RetentionInDays"]), 0)


class TheSchedules(unittest.TestCase):
    def test_there_is_a_reconcile_a_job_a_nightly_prune_a_nightly_list_and_a_bedtime_check_twice(self):
        actions = sorted(given["action"] for _, given in function_schedules().values())
        self.assertEqual(actions, ["prune", "reconcile", "runTask", "wakeCheck", "wakeCheck", "writeInUse"])

    def test_reconcile_and_the_check_are_enabled_and_the_others_are_not_until_parameters_say_otherwise(self):
        enabling = {"runTask": "EnableNightlyJob", "prune": "EnablePrune"}
        for name, (schedule, given) in function_schedules().items():
            if given["action"] == "writeInUse":
                continue
            with self.subTest(schedule=name):
                parameter, state = (enabling.get(given["action"]), "DISABLED")
                if given["action"] == "reconcile":
                    parameter, state = ("EnableReconcile", "ENABLED")
                if given["action"] == "wakeCheck":
                    parameter, state = ("EnableWakeCheck", "ENABLED")
                self.assertEqual(with_parameters(schedule["State"]), state)
                self.assertEqual(with_parameters(schedule["State"], **{parameter: "true"}), "ENABLED")
                self.assertEqual(with_parameters(schedule["State"], **{parameter: "false"}), "DISABLED")

    def test_the_list_of_what_is_in_use_is_written_where_there_is_a_place_for_it(self):
        ((schedule, given),) = [s for s in function_schedules().values() if s[1]["action"] == "writeInUse"]
        self.assertNotIn("dryRun", given)
        self.assertEqual(with_parameters(schedule["State"]), "DISABLED")
        there = {"DeployPruneImages": "true", "InUseTo": "s3://lists/a/"}
        self.assertEqual(with_parameters(schedule["State"], **there), "ENABLED")

    def test_reconcile_comes_every_five_minutes(self):
        every = [
            schedule["ScheduleExpression"]
            for schedule, given in function_schedules().values()
            if given["action"] == "reconcile"
        ]
        self.assertEqual(every, ["cron(0/5 * * * ? *)"])

    def test_they_run_on_the_clock_in_the_zone_that_was_asked_for(self):
        for name, (schedule, given) in function_schedules().items():
            with self.subTest(schedule=name):
                # Every five minutes is the same in every zone.
                if given["action"] != "reconcile":
                    zone = with_parameters(schedule["ScheduleExpressionTimezone"], TimeZone="Europe/Berlin")
                    self.assertEqual(zone, "Europe/Berlin")
                self.assertEqual(schedule["FlexibleTimeWindow"], {"Mode": "OFF"})
                self.assertRegex(with_parameters(schedule["ScheduleExpression"]), r"^cron\(.+\)$")

    def test_they_say_when_they_were_due_and_which_they_are(self):
        for name, (_, given) in function_schedules().items():
            with self.subTest(schedule=name):
                self.assertEqual(given["at"], "<aws.scheduler.scheduled-time>")
                self.assertEqual(given["schedule"], "<aws.scheduler.schedule-arn>")

    def test_they_send_what_the_example_event_shows(self):
        stop = EVENTS / "scale-service" / "scheduled-stop.json"
        examples = {
            "runTask": EVENTS / "run-task" / "nightly.json",
            "prune": EVENTS / "prune-images" / "scheduled-prune.json",
            "writeInUse": EVENTS / "prune-images" / "scheduled-write-in-use.json",
            "wakeCheck": EVENTS / "describe-cluster" / "scheduled-wake-check.json",
        }
        for name, (_, given) in function_schedules().items():
            with self.subTest(schedule=name):
                example = examples.get(given["action"], stop)
                self.assertEqual(set(given), set(json.loads(example.read_bytes())))

    def test_an_event_that_is_not_delivered_is_tried_again_and_then_kept(self):
        for name, (schedule, _) in function_schedules().items():
            with self.subTest(schedule=name):
                target = schedule["Target"]
                self.assertGreater(target["RetryPolicy"]["MaximumRetryAttempts"], 0)
                self.assertGreater(target["RetryPolicy"]["MaximumEventAgeInSeconds"], 0)
                self.assert_is_a_queue(target["DeadLetterConfig"]["Arn"])

    def test_an_event_that_fails_is_tried_again_and_then_kept(self):
        nets = {c["FunctionName"]["Ref"]: c for c in of_type("AWS::Lambda::EventInvokeConfig").values()}
        for name, (schedule, given) in function_schedules().items():
            with self.subTest(schedule=name):
                net = nets[schedule["Target"]["Arn"]["Fn::GetAtt"][0]]
                # What a night leaves, the next one does.
                tries, age = (0, 3600) if given["action"] in ("prune", "writeInUse") else (2, 900)
                self.assertEqual(net["MaximumRetryAttempts"], tries)
                self.assertEqual(net["MaximumEventAgeInSeconds"], age)
                self.assert_is_a_queue(net["DestinationConfig"]["OnFailure"]["Destination"])

    def test_who_may_lose_an_event_may_also_write_it_into_the_queue(self):
        may_send = {
            (role, s["Resource"]["Fn::GetAtt"][0])
            for role, s in statements()
            if "sqs:SendMessage" in listed(s["Action"])
        }
        for schedule, _ in function_schedules().values():
            target = schedule["Target"]
            queue = target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0]
            self.assertIn((target["RoleArn"]["Fn::GetAtt"][0], queue), may_send)
        for net in of_type("AWS::Lambda::EventInvokeConfig").values():
            queue = net["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]
            self.assertIn((role_of(net["FunctionName"]["Ref"]), queue), may_send)

    def test_the_queue_is_encrypted_and_keeps_its_messages_for_two_weeks(self):
        for name, queue in of_type("AWS::SQS::Queue").items():
            with self.subTest(queue=name):
                self.assertTrue(queue["SqsManagedSseEnabled"])
                self.assertEqual(queue["MessageRetentionPeriod"], 14 * 24 * 3600)

    def assert_is_a_queue(self, arn):
        self.assertEqual(RESOURCES[arn["Fn::GetAtt"][0]]["Type"], "AWS::SQS::Queue")


class TheRoles(unittest.TestCase):
    def test_each_function_has_its_own(self):
        roles = [role_of(function) for function in FUNCTIONS]
        self.assertEqual(len(set(roles)), len(FUNCTIONS))
        for role in roles:
            self.assertEqual(RESOURCES[role]["Type"], "AWS::IAM::Role")
            self.assertNotIn("ManagedPolicyArns", RESOURCES[role]["Properties"])

    def test_each_is_taken_by_the_one_service_that_runs_it(self):
        services = {name: "lambda.amazonaws.com" for name in (role_of(function) for function in FUNCTIONS)}
        services["ApiLogsRole"] = "apigateway.amazonaws.com"
        for name, role in of_type("AWS::IAM::Role").items():
            with self.subTest(role=name):
                (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
                service = services.get(name, "scheduler.amazonaws.com")
                self.assertEqual((trust["Effect"], listed(trust["Action"])), ("Allow", ["sts:AssumeRole"]))
                self.assertEqual({key: listed(of) for key, of in trust["Principal"].items()}, {"Service": [service]})

    def test_tasks_are_run_and_roles_are_passed_as_parameters_say(self):
        (run,) = statements_of("RunTaskFunction", "Allow", "ecs:RunTask")
        self.assertEqual(run["Resource"], {"Ref": "RunTaskDefinitionArns"})
        (tag,) = statements_of("RunTaskFunction", "Allow", "ecs:TagResource")
        self.assertEqual(tag["Condition"]["StringEquals"]["ecs:CreateAction"], "RunTask")
        passed = {
            statement["Resource"]["Ref"]: statement["Condition"]["StringEquals"]["iam:PassedToService"]
            for statement in statements_of("RunTaskFunction", "Allow", "iam:PassRole")
        }
        self.assertEqual(
            passed, {"RunPassRoleArns": "ecs-tasks.amazonaws.com", "RunVolumeRoleArns": "ecs.amazonaws.com"}
        )
        for parameter in ("RunTaskDefinitionArns", "RunPassRoleArns", "RunVolumeRoleArns"):
            # A partition that is not its own would be refused by IAM.
            self.assertRegex(TEMPLATE["Parameters"][parameter]["Default"], r"^arn:\*:.*:000000000000:.*none")

    def test_what_a_function_or_schedule_holds_is_read_only_where_that_source_is_on(self):
        for source, action in (("functions", "lambda:GetFunction"), ("schedules", "scheduler:GetSchedule")):
            with self.subTest(source=source):
                self.assertTrue(statements_of("PruneImagesFunction", "Allow", action))
                for off in (source, f"tasks,{source}", f"{source},pipes"):
                    there = resources(**EVERYTHING, SourcesOff=off)
                    self.assertEqual(statements_of("PruneImagesFunction", "Allow", action, there), [])
                there = resources(**EVERYTHING, SourcesOff="tasks,pipes")
                self.assertTrue(statements_of("PruneImagesFunction", "Allow", action, there))

    def test_the_largest_policy_is_one_that_iam_takes(self):
        longest = ",".join(["c" * 34] * 10)
        given = {"ClusterPatterns": longest, "GroupPatterns": longest}
        self.assertEqual(TEMPLATE["Parameters"]["ClusterPatterns"]["MaxLength"], 350)
        self.assertEqual(TEMPLATE["Parameters"]["GroupPatterns"]["MaxLength"], 350)
        there = resources(**EVERYTHING, **given, DenyDeployments="true", KmsKey="k" * 75, SubnetIds=["subnet-1"])
        listed_arns = json.dumps(
            [self.arns_of(s["Resource"], **given) for _, s in statements(there) if "Fn::Split" in s["Resource"]
             and "PruneRepositories" not in json.dumps(s["Resource"])]
        )
        (policy,) = there["ScaleServiceRole"]["Properties"]["Policies"]
        # Its own text, with the lists (those of other roles too) and what ${…} stands for in the place of the functions.
        size = len(json.dumps(policy["PolicyDocument"], separators=(",", ":"))) + len(listed_arns)
        self.assertLess(size, 10_240)

    def test_no_action_is_a_wildcard(self):
        for role, statement in statements():
            with self.subTest(role=role, sid=statement.get("Sid")):
                self.assertNotIn("NotAction", statement)
                for action in listed(statement["Action"]):
                    self.assertNotIn("*", action)

    def test_nothing_is_written_to_just_any_resource(self):
        for role, statement in statements():
            if statement["Effect"] != "Allow" or "*" not in listed(statement["Resource"]):
                continue
            for action in listed(statement["Action"]):
                if re.match(r"^[a-z-]+:(List|Describe|Get|BatchGet)", action) or action in WRITES_WITHOUT_A_RESOURCE:
                    continue
                with self.subTest(role=role, action=action):
                    self.assertIn("Condition", statement)

    def test_describe_cluster_only_reads(self):
        writes = [
            action
            for role, s in statements()
            if role == role_of("DescribeClusterFunction")
            for action in listed(s["Action"])
            if not re.match(r"^[a-z-]+:(List|Describe|Get)", action)
        ]
        own = WRITES_WITHOUT_A_RESOURCE | {
            "logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage", "events:PutEvents",
        }
        self.assertEqual(set(writes), own)

    def test_pruning_says_out_loud_that_it_deletes(self):
        (given,) = [given for _, given in function_schedules().values() if given["action"] == "prune"]
        self.assertIs(given["dryRun"], False)

    def test_images_are_deleted_only_in_the_repositories_that_were_named(self):
        for action in ("ecr:BatchDeleteImage", "ecr:UpdateImageStorageClass"):
            with self.subTest(action=action):
                (allowed,) = statements_of("PruneImagesFunction", "Allow", action)
                self.assertEqual(
                    arns(allowed["Resource"], "users,team/*"),
                    ["arn:*:ecr:*:*:repository/users", "arn:*:ecr:*:*:repository/team/*"],
                )
                own = {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}, "aws:RequestedRegion": {"Ref": "AWS::Region"}}
                self.assertEqual(allowed["Condition"]["StringEquals"], own)
        self.assertEqual(TEMPLATE["Parameters"]["PruneRepositories"]["Default"], "")
        pattern = re.compile(TEMPLATE["Parameters"]["PruneRepositories"]["AllowedPattern"])
        for repositories in ("", "*", "team/*", "users", "users,team/*"):
            self.assertRegex(repositories, pattern)
        for repositories in ("a,", ",", "a b", "a, b", "arn:aws:ecr:x", "${x}"):
            self.assertNotRegex(repositories, pattern)

    def test_lists_of_what_is_in_use_are_read_and_written_only_where_parameters_say(self):
        place = {"InUseFrom": "s3://lists/images/", "InUseTo": "s3://lists/images/"}

        def made(split_sub):
            text, names = split_sub["Fn::Sub"]
            for name, value in names.items():
                at, (mark, of) = value["Fn::Select"][0], value["Fn::Select"][1]["Fn::Split"]
                text = text.replace("${" + name + "}", place[of["Ref"]].split(mark)[at])
            return text

        wanted = {
            "s3:ListBucket": ("ReadsInUse", "arn:${AWS::Partition}:s3:::lists"),
            "s3:GetObject": ("ReadsInUse", "arn:${AWS::Partition}:s3:::lists/images/*"),
            "s3:PutObject": (
                "WritesInUse",
                "arn:${AWS::Partition}:s3:::lists/images/${AWS::AccountId}-${AWS::Region}.json",
            ),
        }
        seen = {}
        for name, resource in RESOURCES.items():
            if resource["Type"] != "AWS::IAM::Policy":
                continue
            self.assertEqual(resource["Properties"]["Roles"], [{"Ref": "PruneImagesRole"}], name)
            for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
                seen[statement["Action"]] = (resource["Condition"], made(statement["Resource"]))
        self.assertEqual(seen, wanted)
        for condition, parameter in (("ReadsInUse", "InUseFrom"), ("WritesInUse", "InUseTo")):
            holds = TEMPLATE["Conditions"][condition]
            self.assertFalse(with_parameters(holds, DeployPruneImages="true"))
            self.assertTrue(with_parameters(holds, DeployPruneImages="true", **{parameter: "s3://lists/images/"}))
            pattern = re.compile(TEMPLATE["Parameters"][parameter]["AllowedPattern"])
            for text in ("", "s3://lists/", "s3://lists.example/images/of/", "s3://lists/a/"):
                self.assertRegex(text, pattern)
            for text in ("lists", "s3://lists", "s3://lists/a", "s3://lists//", "s3://Lists/a", "s3://lists/a*", "s3://lists/${x}", "s3://l/a b"):
                self.assertNotRegex(text, pattern)

    def test_a_deployment_is_denied_where_a_parameter_says_so(self):
        there = resources(DenyDeployments="true")
        denied = [s["Condition"] for s in statements_of("ScaleServiceFunction", "Deny", "ecs:UpdateService", there)]
        # One key a statement: keys in one condition are and-ed.
        for key in ("ecs:task-definition", "ecs:capacity-provider", "ecs:namespace"):
            with self.subTest(key=key):
                self.assertIn({"Null": {key: "false"}}, denied)
        # What AWS does not document must not stop every stop.
        self.assertEqual(statements_of("ScaleServiceFunction", "Deny", "ecs:UpdateService"), [])

    BOUNDED_BY_CLUSTER = {
        ("ScaleServiceFunction", "ecs:UpdateService"): ["service/{}/*"],
        ("ScaleServiceFunction", "ecs:TagResource"): ["service/{}/*", "cluster/{}"],
        ("ScaleServiceFunction", "ecs:UntagResource"): ["service/{}/*", "cluster/{}"],
        ("RunTaskFunction", "ecs:TagResource"): ["task/{}/*"],
        ("StopTaskFunction", "ecs:StopTask"): ["task/{}/*"],
    }

    def arns_of(self, resource, **given):
        """What CloudFormation makes of a list of patterns."""
        comma, joined = resource["Fn::Split"]
        empty, parts = joined["Fn::Join"]
        first, (between, inner) = parts[0], parts[1]["Fn::Join"]
        self.assertEqual(inner["Fn::Split"][0], ",")
        (parameter,) = inner["Fn::Split"][1].values()
        return empty.join([first, between.join(given[parameter].split(",")), *parts[2:]]).split(comma)

    def test_what_is_changed_in_ecs_is_bounded_to_cluster_patterns(self):
        there = resources(**EVERYTHING, ClusterPatterns="dev-*,staging")
        for (function, action), kinds in self.BOUNDED_BY_CLUSTER.items():
            with self.subTest(function=function, action=action):
                bounded = [
                    arn
                    for statement in statements_of(function, "Allow", action, there)
                    for arn in self.arns_of(statement["Resource"], ClusterPatterns="dev-*,staging")
                ]
                wanted = [f"arn:*:ecs:*:*:{kind.format(name)}" for kind in kinds for name in ("dev-*", "staging")]
                self.assertEqual(bounded, wanted)
                for statement in statements_of(function, "Allow", action, there):
                    # The list names no region.
                    region = statement["Condition"]["StringEquals"]["aws:RequestedRegion"]
                    self.assertEqual(region, {"Ref": "AWS::Region"})
                for statement in statements_of(function, "Allow", action):
                    # Without patterns, all of the account and region.
                    self.assertRegex(
                        statement["Resource"]["Fn::Sub"],
                        r"^arn:\$\{AWS::Partition}:ecs:\$\{AWS::Region}:\$\{AWS::AccountId}:(service|cluster|task)/\*$",
                    )
        (run,) = statements_of("RunTaskFunction", "Allow", "ecs:RunTask", there)
        self.assertEqual(
            self.arns_of(run["Condition"]["ArnLike"]["ecs:cluster"], ClusterPatterns="dev-*,staging"),
            ["arn:*:ecs:*:*:cluster/dev-*", "arn:*:ecs:*:*:cluster/staging"],
        )
        # No other statement changes something in ECS.
        for role, statement in statements(there):
            for action in listed(statement["Action"]):
                if action.startswith("ecs:") and not re.match(r"ecs:(List|Describe|Get)", action):
                    pairs = {(role_of(function), name) for function, name in self.BOUNDED_BY_CLUSTER}
                    self.assertIn((role, action), pairs | {("RunTaskRole", "ecs:RunTask")})

    def test_groups_are_sized_and_tagged_within_group_patterns(self):
        there = resources(GroupPatterns="dev-*,build")
        for action in ("autoscaling:UpdateAutoScalingGroup", "autoscaling:SuspendProcesses",
                       "autoscaling:ResumeProcesses", "autoscaling:CreateOrUpdateTags"):
            with self.subTest(action=action):
                (bounded,) = statements_of("ScaleServiceFunction", "Allow", action, there)
                self.assertEqual(
                    self.arns_of(bounded["Resource"], GroupPatterns="dev-*,build"),
                    [f"arn:*:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/{name}" for name in ("dev-*", "build")],
                )
                region = bounded["Condition"]["StringEquals"]["aws:RequestedRegion"]
                self.assertEqual(region, {"Ref": "AWS::Region"})
                (free,) = statements_of("ScaleServiceFunction", "Allow", action)
                self.assertIn("autoScalingGroup:*:autoScalingGroupName/*", free["Resource"]["Fn::Sub"])

    def test_only_steward_tags_can_be_written(self):
        for action in ("ecs:TagResource", "ecs:UntagResource", "autoscaling:CreateOrUpdateTags"):
            for allowed in statements_of("ScaleServiceFunction", "Allow", action):
                with self.subTest(action=action, sid=allowed["Sid"]):
                    self.assertEqual(
                        allowed["Condition"],
                        {
                            "ForAllValues:StringLike": {"aws:TagKeys": {"Fn::Sub": "${TagPrefix}:*"}},
                            "Null": {"aws:TagKeys": "false"},
                        },
                    )

    def test_where_nothing_may_be_changed_no_role_may_change_anything(self):
        own = WRITES_WITHOUT_A_RESOURCE | {
            "logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage", "events:PutEvents", "lambda:InvokeFunction",
            # What other accounts read, and no image.
            "s3:PutObject",
        }
        for role, statement in statements(resources(**EVERYTHING, Mode="readonly")):
            for action in listed(statement["Action"]):
                with self.subTest(role=role, action=action):
                    if not re.match(r"^[a-z0-9-]+:(List|Describe|Get|BatchGet)", action):
                        self.assertIn(action, own)

    def test_a_boundary_bounds_every_role(self):
        for name, role in of_type("AWS::IAM::Role").items():
            with self.subTest(role=name):
                self.assertEqual(
                    role["PermissionsBoundary"],
                    {"Fn::If": ["HasBoundary", {"Ref": "PermissionsBoundary"}, NOTHING]},
                )

    def test_only_the_counts_of_services_can_be_registered(self):
        (allowed,) = statements_of(
            "ScaleServiceFunction", "Allow", "application-autoscaling:RegisterScalableTarget"
        )
        self.assertEqual(
            allowed["Condition"]["StringEquals"],
            {
                "application-autoscaling:service-namespace": "ecs",
                "application-autoscaling:scalable-dimension": "ecs:service:DesiredCount",
            },
        )


class TheAlarms(unittest.TestCase):
    def test_they_watch_errors_throttles_failed_items_late_services_and_dead_letters(self):
        watched = {
            (alarm["Namespace"], alarm["MetricName"], json.dumps(alarm["Dimensions"][0]["Value"]))
            for alarm in of_type("AWS::CloudWatch::Alarm").values()
        }
        for function in FUNCTIONS:
            for metric in ("Errors", "Throttles"):
                self.assertIn(("AWS/Lambda", metric, json.dumps({"Ref": function})), watched)
        for metric in ("Failed", "LateToWake", "AtRisk", "Faults", "Reconciled"):
            self.assertIn(("ecs-steward", metric, json.dumps({"Ref": "ScaleServiceFunction"})), watched)
        self.assertIn(("ecs-steward", "Failed", json.dumps({"Ref": "PruneImagesFunction"})), watched)
        self.assertIn(("ecs-steward", "AtRisk", json.dumps({"Ref": "DescribeClusterFunction"})), watched)
        self.assertIn(("AWS/ApiGateway", "5XXError", json.dumps({"Ref": "AWS::StackName"})), watched)
        for queue in of_type("AWS::SQS::Queue"):
            name = json.dumps({"Fn::GetAtt": [queue, "QueueName"]})
            self.assertIn(("AWS/SQS", "ApproximateNumberOfMessagesVisible", name), watched)

    def test_they_ring_at_the_first_that_happens(self):
        for name, alarm in of_type("AWS::CloudWatch::Alarm").items():
            with self.subTest(alarm=name):
                rule = tuple(alarm[key] for key in ("Threshold", "ComparisonOperator", "EvaluationPeriods", "TreatMissingData"))
                if alarm["MetricName"] == "Reconciled":
                    self.assertEqual(rule, (1, "LessThanThreshold", 3, "breaching"))
                else:
                    self.assertEqual(rule, (0, "GreaterThanThreshold", 1, "notBreaching"))
                self.assertEqual(alarm["Period"], 43200 if name == "DescribeClusterAtRisk" else 300)

    def test_they_reach_the_topic_where_there_is_one(self):
        for name, alarm in of_type("AWS::CloudWatch::Alarm").items():
            with self.subTest(alarm=name):
                topic = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]}
                self.assertEqual((alarm["AlarmActions"], alarm["OKActions"]), (topic, topic))

    def test_a_reconcile_that_does_not_come_is_an_alarm_where_one_should(self):
        for name, resource in RESOURCES.items():
            if resource["Type"] == "AWS::CloudWatch::Alarm" and resource["Properties"]["MetricName"] == "Reconciled":
                self.assertEqual(resource["Condition"], "ReconcileEnabled", name)
                self.assertEqual(resource["Properties"]["TreatMissingData"], "breaching", name)
                break
        else:
            self.fail("no alarm watches Reconciled")


class TheChat(unittest.TestCase):
    HERE = {"AWS::Region": "eu-central-1", "AWS::AccountId": "123456789012", "EnableChat": "true"}

    def is_made(self, name, **given):
        return with_parameters({"Condition": TEMPLATE["Resources"][name]["Condition"]}, **{**self.HERE, **given})

    def test_its_topic_and_rule_are_there_where_they_are_wanted(self):
        for name in ("ChatTopic", "ChatTopicPolicy", "ChatRule", "ChatDeadLettersPolicy"):
            with self.subTest(resource=name):
                self.assertTrue(self.is_made(name))
                self.assertFalse(self.is_made(name, EnableChat="false"))

    def test_its_rule_is_made_on_a_bus_of_this_account_and_region_only(self):
        bus = "arn:aws:events:{}:{}:event-bus/all"
        self.assertTrue(self.is_made("ChatRule", EventBus="ours"))
        self.assertTrue(self.is_made("ChatRule", EventBus=bus.format("eu-central-1", "123456789012")))
        self.assertFalse(self.is_made("ChatRule", EventBus=bus.format("eu-west-1", "123456789012")))
        self.assertFalse(self.is_made("ChatRule", EventBus=bus.format("eu-central-1", "210987654321")))
        self.assertFalse(self.is_made("ChatRule", EventBus=""))

    def test_it_is_told_the_message_of_this_stacks_events_and_what_is_not_delivered_is_kept(self):
        (rule,) = of_type("AWS::Events::Rule").values()
        pattern = rule["EventPattern"]
        self.assertEqual(pattern["source"], ["ecs-steward"])
        self.assertEqual(pattern["account"], [{"Ref": "AWS::AccountId"}])
        self.assertEqual(pattern["detail-type"], {"Ref": "ChatEvents"})
        (target,) = rule["Targets"]
        self.assertEqual((target["Arn"], target["InputPath"]), ({"Ref": "ChatTopic"}, "$.detail.chat"))
        queue = target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0]
        (policy,) = of_type("AWS::SQS::QueuePolicy").values()
        self.assertEqual(policy["Queues"], [{"Ref": queue}])
        (allowed,) = policy["PolicyDocument"]["Statement"]
        self.assertEqual((allowed["Action"], allowed["Principal"]), ("sqs:SendMessage", {"Service": "events.amazonaws.com"}))
        self.assertEqual(allowed["Condition"], {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["ChatRule", "Arn"]}}})

    def test_eventbridge_alone_may_publish_to_its_topic(self):
        (policy,) = of_type("AWS::SNS::TopicPolicy").values()
        (allowed,) = policy["PolicyDocument"]["Statement"]
        self.assertEqual(allowed["Principal"], {"Service": "events.amazonaws.com"})
        self.assertEqual((allowed["Action"], allowed["Resource"]), ("sns:Publish", {"Ref": "ChatTopic"}))

    def test_it_names_events_that_there_are(self):
        kinds = {json.loads(path.read_bytes())["title"] for path in (ROOT / "schemas").glob("*.json")}
        self.assertEqual(len(kinds), 7)
        self.assertLessEqual(set(TEMPLATE["Parameters"]["ChatEvents"]["Default"].split(",")), kinds)


class TheDashboard(unittest.TestCase):
    def widgets(self, **given):
        there = resources(**{**EVERYTHING, **given})
        (board,) = of_type_in(there, "AWS::CloudWatch::Dashboard").values()
        text, parts = board["DashboardBody"]["Fn::Sub"]
        for name, part in parts.items():
            text = text.replace("${" + name + "}", part if isinstance(part, str) else part["Fn::Sub"])
        names = set(re.findall(r"\$\{([\w:]+)}", text))
        values = {name: given.get(name, TEMPLATE["Parameters"].get(name, {}).get("Default", name)) for name in names}
        return json.loads(re.sub(r"\$\{([\w:]+)}", lambda m: str(values[m[1]]), text))["widgets"]

    def test_it_shows_metrics_that_the_functions_write(self):
        written = {
            "AsleepTasks", "AsleepVcpu", "AsleepMemoryGiB", "Changed", "Failed", "AtRisk", "LateToWake", "Faults",
            "AwsCalls", "Throttles", "Reconciled",
        }
        shown = set()
        for widget in self.widgets():
            for metric in widget["properties"]["metrics"]:
                if not isinstance(metric[0], dict):
                    self.assertEqual((metric[0], metric[2]), ("ecs-steward", "Function"))
                    self.assertIn(metric[3], FUNCTIONS)
                    shown.add(metric[1])
        self.assertEqual(shown, written)

    def test_what_is_saved_is_worked_out_with_the_prices_of_the_stack(self):
        (saved,) = [
            metric[0]["expression"]
            for widget in self.widgets(VcpuHourPrice=0.05, GibHourPrice=0.006)
            for metric in widget["properties"]["metrics"]
            if isinstance(metric[0], dict)
        ]
        self.assertEqual(saved, "(vcpu * 0.05 + gib * 0.006) * PERIOD(vcpu) / 3600")

    def test_it_shows_no_function_that_is_not_deployed(self):
        text = json.dumps(self.widgets(DeployPruneImages="false"))
        self.assertNotIn("PruneImages", text)
        self.assertIn("scale-service failed", text)

    def test_it_is_there_unless_it_is_not_wanted(self):
        wanted = TEMPLATE["Conditions"]["DashboardWanted"]
        self.assertTrue(with_parameters(wanted))
        self.assertFalse(with_parameters(wanted, EnableDashboard="false"))


class TheExampleEvents(unittest.TestCase):
    def test_every_rest_event_is_of_a_route_of_the_function_it_lies_beside(self):
        for path, event in event_files():
            # Whose route is wrong on purpose.
            if path.name.startswith("bad-route"):
                continue
            if not (isinstance(event, dict) and {"httpMethod", "resource"} <= event.keys()):
                continue
            with self.subTest(event=str(path.relative_to(ROOT))):
                operation = routes().get((str(event["httpMethod"]), str(event["resource"])))
                self.assertIsNotNone(operation, "no such route in the template")
                words = path.relative_to(EVENTS).parts[0].split("-")
                function = "".join(word.capitalize() for word in words) + "Function"
                self.assertEqual(function_of(operation), function)


class TheOutputs(unittest.TestCase):
    def test_they_say_where_the_api_is_and_how_to_call_it(self):
        outputs = TEMPLATE["Outputs"]
        self.assertIn("execute-api", json.dumps(outputs["ApiUrl"]["Value"]))
        self.assertIn("--aws-sigv4", json.dumps(outputs["FirstCall"]["Value"]))


if __name__ == "__main__":
    unittest.main()
