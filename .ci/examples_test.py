"""What examples/ promises: that its tags are ones that ecs-steward reads, that what it passes to the stack is there to be
passed, and that its pages say what its templates do. `.ci/examples` runs them.

A linter knows AWS's resources. It knows neither a schedule, nor which counts an update may set, nor who may write a list.
"""

import json
import os
import re
import shlex
import subprocess
import unittest
from pathlib import Path

import hcl2
import yaml

import release

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"

# A name, an Fn of CloudFormation: `!Ref X` is {"Ref": "X"}, `!Sub …` is {"Fn::Sub": …}.
SHORT = {"Ref": "Ref", "Condition": "Condition"}


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def short_form(loader, suffix, node):
    value = {
        yaml.ScalarNode: loader.construct_scalar,
        yaml.SequenceNode: lambda node: loader.construct_sequence(node, deep=True),
        yaml.MappingNode: lambda node: loader.construct_mapping(node, deep=True),
    }[type(node)](node)
    if suffix == "GetAtt":
        value = value.split(".", 1)
    return {SHORT.get(suffix, f"Fn::{suffix}"): value}


Loader.add_multi_constructor("!", short_form)


def template(path):
    return yaml.load(path.read_text(encoding="utf-8"), Loader)


def hcl(text):
    return hcl2.loads(
        text,
        serialization_options=hcl2.SerializationOptions(
            with_comments=False, explicit_blocks=False, strip_string_quotes=True
        ),
    )


def blocks(config, kind):
    """(type, name) -> the body of each resource or data source."""
    return {
        (of, name): body
        for entry in config.get(kind, [])
        for of, named in entry.items()
        for name, body in named.items()
    }


STEWARD = template(ROOT / "template.yaml")
# The template of a release has these besides.
STEWARD_PARAMETERS = {**STEWARD["Parameters"], **release.PARAMETERS}

MICROSERVICES = template(EXAMPLES / "microservices" / "template.yaml")
CODE_BUCKET, CENTRAL, MEMBER, STACKSET = (
    template(EXAMPLES / "multi-account" / f"{name}.yaml") for name in ("code-bucket", "central", "member", "stackset")
)
TERRAFORM_FILES = sorted((EXAMPLES / "terraform").glob("*.tf"))
TERRAFORM = hcl("\n".join(path.read_text(encoding="utf-8") for path in TERRAFORM_FILES))

COUNTS = {"Users": 2, "Threads": 1, "Posts": 5}

# docs/record.md, of a service and of a group.
SIZE = re.compile(r"n=([1-9][0-9]*)(?: min=([0-9]+) susp=([i-][o-][s-]))?")
SIZE_OF_A_GROUP = re.compile(r"n=([1-9][0-9]*)(?: min=([0-9]+) susp=([a-][s-]))?")


def properties(of, name):
    return of["Resources"][name]["Properties"]


def of_type(of, kind):
    """Resources of a type by name; none at all would make a loop over them prove nothing."""
    found = {name: r["Properties"] for name, r in of["Resources"].items() if r["Type"] == kind}
    assert found, f"the template has no {kind}"
    return found


def tags(of, name):
    return {tag["Key"]: tag["Value"] for tag in properties(of, name).get("Tags", [])}


def resolved(value, of):
    """A parameter's default in place of its name."""
    return of["Parameters"][value["Ref"]]["Default"] if isinstance(value, dict) else value


def asked(action):
    """What scale-service answers on the embedded AWS."""
    program = os.environ["STEWARD_LOCAL"]
    done = subprocess.run(
        [program, "invoke", "scale-service", "-"], input=json.dumps(action), cwd=ROOT, text=True, capture_output=True,
        check=False, timeout=60,
    )
    return done.returncode, done.stdout or done.stderr


def refused_by(parameter, value):
    """Why a template would not take this value for its parameter, if so."""
    if not re.fullmatch(parameter.get("AllowedPattern", ".*"), value):
        return f"{value} does not match {parameter['AllowedPattern']}"
    if value not in map(str, parameter.get("AllowedValues", [value])):
        return f"{value} is none of {parameter['AllowedValues']}"
    return None


class Microservices(unittest.TestCase):
    def test_the_clusters_have_the_schedule_of_their_services(self):
        for cluster in of_type(MICROSERVICES, "AWS::ECS::Cluster"):
            self.assertEqual(tags(MICROSERVICES, cluster)["steward:schedule"], {"Ref": "Schedule"}, cluster)

    def test_the_group_has_a_schedule_of_its_own_and_says_whose_machines_they_are(self):
        group = tags(MICROSERVICES, "AutoScalingGroup")
        self.assertEqual(group["steward:schedule"], {"Ref": "MachineSchedule"})
        self.assertEqual(group["steward:cluster"], {"Ref": "ApiCluster"})
        user_data = properties(MICROSERVICES, "LaunchTemplate")["LaunchTemplateData"]["UserData"]
        self.assertIn("ECS_CLUSTER=${ApiCluster}", user_data["Fn::Base64"]["Fn::Sub"])

    def test_no_tag_of_the_group_for_ecs_steward_reaches_its_instances(self):
        for tag in properties(MICROSERVICES, "AutoScalingGroup")["Tags"]:
            if tag["Key"].startswith("steward:"):
                self.assertIs(tag["PropagateAtLaunch"], False, tag)

    def test_each_service_says_the_size_that_it_begins_with(self):
        target = properties(MICROSERVICES, "UsersScalableTarget")
        services = of_type(MICROSERVICES, "AWS::ECS::Service")
        self.assertEqual(services.keys(), {f"{name}Service" for name in [*COUNTS, "Api"]})
        for name, service in services.items():
            size = SIZE.fullmatch(tags(MICROSERVICES, name)["steward:size"])
            self.assertIsNotNone(size, name)
            self.assertEqual(int(size[1]), service["DesiredCount"]["Fn::If"][1], name)
            bounds = (str(target["MinCapacity"]), "---") if name == "UsersService" else (None, None)
            self.assertEqual((size[2], size[3]), bounds, name)
        for name, count in COUNTS.items():
            self.assertEqual(services[f"{name}Service"]["DesiredCount"]["Fn::If"][1], count)
        group = properties(MICROSERVICES, "AutoScalingGroup")
        size = SIZE_OF_A_GROUP.fullmatch(tags(MICROSERVICES, "AutoScalingGroup")["steward:size"])
        self.assertEqual((size[1], size[2]), (group["MinSize"], group["MinSize"]))

    def test_an_update_after_the_first_sets_no_count(self):
        nothing = {"Ref": "AWS::NoValue"}
        for name, service in of_type(MICROSERVICES, "AWS::ECS::Service").items():
            condition, _, otherwise = service["DesiredCount"]["Fn::If"]
            self.assertEqual((condition, otherwise), ("CountsAreSet", nothing), name)
        self.assertEqual(MICROSERVICES["Conditions"]["CountsAreSet"], {"Fn::Equals": [{"Ref": "SetCounts"}, "true"]})
        self.assertNotIn("DesiredCapacity", properties(MICROSERVICES, "AutoScalingGroup"))
        self.assertEqual(
            MICROSERVICES["Resources"]["AutoScalingGroup"]["UpdatePolicy"],
            {"AutoScalingScheduledAction": {"IgnoreUnmodifiedGroupSizeProperties": True}},
        )

    def test_users_is_autoscaled_from_one_to_six(self):
        target = properties(MICROSERVICES, "UsersScalableTarget")
        self.assertEqual((target["MinCapacity"], target["MaxCapacity"]), (1, 6))
        self.assertEqual(target["ResourceId"], {"Fn::Sub": "service/${Microservices}/${UsersService.Name}"})
        policy = properties(MICROSERVICES, "UsersScalingPolicy")
        self.assertEqual(policy["ScalingTargetId"], {"Ref": "UsersScalableTarget"})
        self.assertNotIn("SuspendedState", target)

    def test_each_path_leads_to_the_tasks_of_its_service(self):
        for name in COUNTS:
            service, rule = properties(MICROSERVICES, f"{name}Service"), properties(MICROSERVICES, f"{name}Rule")
            group = {"Ref": f"{name}TargetGroup"}
            (path,) = rule["Conditions"][0]["PathPatternConfig"]["Values"]
            self.assertEqual(path, f"/api/{name.lower()}*")
            self.assertEqual(rule["Actions"], [{"Type": "forward", "TargetGroupArn": group}])
            self.assertEqual(service["LoadBalancers"][0]["TargetGroupArn"], group)
            self.assertEqual(service["LoadBalancers"][0]["ContainerName"], name.lower())
            self.assertEqual(properties(MICROSERVICES, f"{name}TargetGroup")["HealthCheckPath"], f"/api/{name.lower()}")
            # A service whose target group has no load balancer yet is refused.
            self.assertEqual(MICROSERVICES["Resources"][f"{name}Service"]["DependsOn"], f"{name}Rule")
            (container,) = properties(MICROSERVICES, f"{name}TaskDefinition")["ContainerDefinitions"]
            self.assertEqual(container["Name"], name.lower())
        rules = of_type(MICROSERVICES, "AWS::ElasticLoadBalancingV2::ListenerRule").values()
        self.assertEqual(len({rule["Priority"] for rule in rules}), len(COUNTS))

    def test_the_stand_in_answers_with_the_name_of_its_service(self):
        for name in COUNTS:
            (container,) = properties(MICROSERVICES, f"{name}TaskDefinition")["ContainerDefinitions"]
            condition, own, stand_in = container["Command"]["Fn::If"]
            self.assertEqual((condition, own), ("OwnImages", {"Ref": "AWS::NoValue"}))
            shell, dash_c, script = stand_in
            script = script["Fn::Sub"].replace("${ContainerPort}", "8080")
            printf, written, rest = script.partition(">/etc/nginx/conf.d/default.conf && ")
            self.assertTrue(written, script)
            self.assertEqual(rest, "exec nginx -g 'daemon off;'")
            config = subprocess.run([shell, dash_c, printf], text=True, capture_output=True, check=True).stdout
            answer = re.fullmatch(
                r"server \{ listen 8080; default_type application/json; return 200 '([^']*)'; \}", config
            )
            self.assertIsNotNone(answer, config)
            self.assertEqual(json.loads(answer[1]), {"service": name.lower()})

    def test_until_something_is_pushed_each_service_runs_a_public_image(self):
        self.assertEqual(MICROSERVICES["Parameters"]["ImageTag"]["Default"], "")
        self.assertTrue(MICROSERVICES["Parameters"]["StandInImage"]["Default"].startswith("public.ecr.aws/"))
        for name in COUNTS:
            (container,) = properties(MICROSERVICES, f"{name}TaskDefinition")["ContainerDefinitions"]
            condition, own, stand_in = container["Image"]["Fn::If"]
            self.assertEqual((condition, stand_in), ("OwnImages", {"Ref": "StandInImage"}))
            self.assertEqual(own, {"Fn::Sub": f"${{{name}Repository.RepositoryUri}}:${{ImageTag}}"})

    def test_only_visitors_reach_the_balancer_and_only_the_balancer_the_tasks(self):
        groups = of_type(MICROSERVICES, "AWS::EC2::SecurityGroup")
        self.assertEqual(groups.keys(), {"BalancerSecurityGroup", "TaskSecurityGroup"})
        (visitors,) = groups["BalancerSecurityGroup"]["SecurityGroupIngress"]
        self.assertEqual((visitors["CidrIp"], visitors["FromPort"]), ({"Ref": "VisitorCidr"}, 80))
        self.assertNotIn("Default", MICROSERVICES["Parameters"]["VisitorCidr"])
        (balancer,) = groups["TaskSecurityGroup"]["SecurityGroupIngress"]
        self.assertEqual(balancer["SourceSecurityGroupId"], {"Ref": "BalancerSecurityGroup"})
        self.assertNotIn("CidrIp", balancer)

    def test_it_asks_one_question(self):
        asked_for = [name for name, p in MICROSERVICES["Parameters"].items() if "Default" not in p]
        self.assertEqual(asked_for, ["VisitorCidr"])

    def test_the_page_says_what_it_costs_an_hour(self):
        # List prices in us-east-1: a vCPU and a GiB on Fargate, a t2.micro, a public IPv4 address, a load balancer, and
        # a GB of gp3 for a month of 730 hours.
        vcpu, gib, t2_micro, address, balancer, disk = 0.04048, 0.004445, 0.0116, 0.005, 0.0225, 0.08 / 730
        self.assertEqual(STEWARD["Parameters"]["VcpuHourPrice"]["Default"], vcpu)
        self.assertEqual(STEWARD["Parameters"]["GibHourPrice"]["Default"], gib)
        tasks = fargate = 0
        for name in COUNTS:
            service, task = properties(MICROSERVICES, f"{name}Service"), properties(MICROSERVICES, f"{name}TaskDefinition")
            count = service["DesiredCount"]["Fn::If"][1]
            tasks += count
            fargate += count * (int(task["Cpu"]) / 1024 * vcpu + int(task["Memory"]) / 1024 * gib)
            self.assertEqual(service["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"], "ENABLED")
        machines = int(properties(MICROSERVICES, "AutoScalingGroup")["MinSize"])
        zones = len(properties(MICROSERVICES, "LoadBalancer")["Subnets"])
        rows = [
            fargate, (tasks + machines) * address, machines * t2_micro, machines * 30 * disk,
            balancer + zones * address,
        ]
        page = (EXAMPLES / "microservices" / "README.md").read_text(encoding="utf-8")
        table = [line.split("|") for line in page.splitlines() if re.match(r"\|.*\$", line)]
        said = [[re.sub(r"[^0-9.]", "", cell) for cell in row[2:4]] for row in table]
        self.assertEqual([on for on, _ in said], [f"{row:.4f}" for row in [*rows, sum(rows)]])
        self.assertEqual([off for _, off in said], ["", "", "", "", f"{rows[-1]:.4f}", f"{rows[-1]:.4f}"])
        more = fargate / tasks + address
        self.assertIn(f"each task more is ${more:.4f} an hour", " ".join(page.split()))
        self.assertIn(f"some ${sum(rows) * 24:.0f} a day", page)


class Schedules(unittest.TestCase):
    def schedules(self):
        found = {
            f"microservices {name}": MICROSERVICES["Parameters"][name]["Default"] for name in ("Schedule", "MachineSchedule")
        }
        for name in ("schedule", "machine_schedule"):
            found[f"terraform {name}"] = variable(name)["default"]
        for page in sorted(EXAMPLES.glob("*/README.md")):
            for command in deployments(page):
                for name, value in command["given"].items():
                    if name in ("Schedule", "MachineSchedule"):
                        found[f"{page.parent.name}/README.md {name}"] = value
        return found

    def test_every_schedule_is_one_that_ecs_steward_reads(self):
        found = self.schedules()
        self.assertGreaterEqual(len(found), 6)
        for where, schedule in found.items():
            status, answer = asked({"action": "previewSchedule", "schedule": schedule, "count": 2})
            self.assertEqual(status, 0, f"{where}: {answer}")
            self.assertEqual(len(json.loads(answer)["transitions"]), 2, where)

    def test_a_schedule_that_is_none_would_be_noticed(self):
        status, answer = asked({"action": "previewSchedule", "schedule": "Mon-Fri 08:00-25:00 Europe/Berlin"})
        self.assertEqual(status, 1, answer)
        self.assertIn("is not a schedule", answer)

    def test_machines_are_up_before_their_services_and_not_down_before_them(self):
        at = {"action": "previewSchedule", "at": "2026-11-23T00:00:00Z", "count": 2}
        found = self.schedules()
        for services, machines in (
            ("microservices Schedule", "microservices MachineSchedule"),
            ("terraform schedule", "terraform machine_schedule"),
        ):
            first, second = (
                [t["at"] for t in json.loads(asked({**at, "schedule": found[name]})[1])["transitions"]]
                for name in (services, machines)
            )
            self.assertLess(second[0], first[0])
            self.assertEqual(second[1], first[1])


def variable(name):
    (found,) = [body for entry in TERRAFORM["variable"] for of, body in entry.items() if of == name]
    return found


class Terraform(unittest.TestCase):
    def page(self):
        """The hcl block of the page on infrastructure as code."""
        text = (ROOT / "docs" / "infrastructure-as-code.md").read_text(encoding="utf-8")
        (block,) = re.findall(r"^```hcl\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        return hcl(block)

    def test_it_ignores_exactly_the_tags_that_ecs_steward_writes(self):
        for config in (TERRAFORM, self.page()):
            (provider,) = config["provider"]
            (ignored,) = provider["aws"]["ignore_tags"]
            self.assertEqual(ignored, {"keys": ["steward:record", "steward:override"]})

    def test_it_leaves_to_ecs_steward_what_the_page_says(self):
        def ignored(config):
            return {
                of: body["lifecycle"][0]["ignore_changes"]
                for (of, _), body in blocks(config, "resource").items()
                if "lifecycle" in body
            }

        self.assertEqual(
            ignored(self.page()),
            {
                "aws_ecs_service": ["desired_count"],
                "aws_appautoscaling_target": ["min_capacity", "suspended_state"],
                "aws_autoscaling_group": ["min_size", "desired_capacity", "suspended_processes"],
            },
        )
        self.assertEqual(ignored(TERRAFORM), ignored(self.page()))
        page = (EXAMPLES / "terraform" / "README.md").read_text(encoding="utf-8")
        for fields in ignored(TERRAFORM).values():
            self.assertIn(f"ignore_changes = [{', '.join(fields)}]", page)

    def test_the_stack_takes_every_parameter_that_it_is_given(self):
        (stack,) = [body for (of, _), body in blocks(TERRAFORM, "resource").items() if of == "aws_cloudformation_stack"]
        given = stack["parameters"]
        self.assertLessEqual(given.keys(), STEWARD_PARAMETERS.keys())
        required = {name for name, parameter in STEWARD_PARAMETERS.items() if "Default" not in parameter}
        self.assertLessEqual(required, given.keys())
        checked = 0
        for name, value in given.items():
            if match := re.fullmatch(r"\$\{var\.(\w+)}", value):
                self.assertIsNone(refused_by(STEWARD_PARAMETERS[name], variable(match[1])["default"]))
                checked += 1
        self.assertGreaterEqual(checked, 4)
        self.assertEqual(variable("mode")["default"], "observe")
        # It makes roles, but names none.
        self.assertEqual(stack["capabilities"], ["CAPABILITY_IAM"])

    def test_the_files_are_those_of_a_release(self):
        local = {name: value for entry in TERRAFORM["locals"] for name, value in entry.items()}
        version = "${var.release_version}"
        self.assertEqual(local["template"], f"ecs-steward-{version}.template.json")
        self.assertEqual(local["zips"], f'${{fileset(var.release, "*-{version}-arm64.zip")}}')
        self.assertEqual(STEWARD_PARAMETERS["Architecture"]["Default"], "arm64")
        self.assertEqual(release.stem("run-task", version, "arm64"), f"run-task-{version}-arm64")
        self.assertIsNone(refused_by(release.PARAMETERS["CodePrefix"], local["prefix"].replace(version, "0.2.0")))

    def test_its_sizes_are_those_that_it_begins_with(self):
        resources = blocks(TERRAFORM, "resource")
        service, target = resources["aws_ecs_service", "web"], resources["aws_appautoscaling_target", "web"]
        size = SIZE.fullmatch(service["tags"]["steward:size"])
        self.assertEqual((int(size[1]), int(size[2])), (service["desired_count"], target["min_capacity"]))
        group = resources["aws_autoscaling_group", "machines"]
        found = {tag["key"]: tag for tag in group["tag"]}
        size = SIZE_OF_A_GROUP.fullmatch(found["steward:size"]["value"])
        self.assertEqual((int(size[1]), int(size[2])), (group["min_size"], group["min_size"]))
        for key, tag in found.items():
            self.assertIs(tag["propagate_at_launch"], False, key)

    def test_every_variable_is_used_and_none_is_missing(self):
        text = "\n".join(path.read_text(encoding="utf-8") for path in TERRAFORM_FILES)
        declared = {name for entry in TERRAFORM["variable"] for name in entry}
        self.assertEqual(declared, set(re.findall(r"\bvar\.(\w+)", text)))
        page = (EXAMPLES / "terraform" / "README.md").read_text(encoding="utf-8")
        passed = set(re.findall(r"-var (\w+)=", page))
        self.assertLessEqual(passed, declared)
        needed = {name for name in declared if "default" not in variable(name)}
        self.assertLessEqual(needed, passed)


class ManyAccounts(unittest.TestCase):
    def passed(self, name):
        return {p["ParameterKey"]: p["ParameterValue"] for p in properties(STACKSET, name)["Parameters"]}

    def test_each_stack_set_passes_what_its_template_takes_and_needs(self):
        for name, takes in (("Steward", STEWARD_PARAMETERS), ("Events", MEMBER["Parameters"])):
            passed = self.passed(name)
            self.assertLessEqual(passed.keys(), takes.keys(), name)
            needed = {key for key, parameter in takes.items() if "Default" not in parameter}
            self.assertLessEqual(needed, passed.keys(), name)
            for key, value in passed.items():
                if isinstance(value, str):
                    self.assertIsNone(refused_by(takes[key], value), key)

    def test_no_account_prunes_by_itself_and_each_writes_its_list(self):
        passed = self.passed("Steward")
        self.assertEqual(passed["DeployPruneImages"], "true")
        self.assertEqual(passed["InUseTo"], {"Ref": "InUse"})
        self.assertFalse(passed.keys() & {"EnablePrune", "PruneRepositories"})
        self.assertEqual(STEWARD["Parameters"]["EnablePrune"]["Default"], "false")
        self.assertEqual(STEWARD["Parameters"]["PruneRepositories"]["Default"], "")

    def test_a_new_fleet_only_observes(self):
        self.assertEqual(STACKSET["Parameters"]["Mode"]["Default"], "observe")
        self.assertNotIn("Default", STACKSET["Parameters"]["Clusters"])
        self.assertEqual(self.passed("Steward")["Mode"], {"Ref": "Mode"})

    def test_each_region_takes_the_zips_from_a_bucket_of_its_own(self):
        passed = self.passed("Steward")
        self.assertEqual(passed["CodeBucketPerRegion"], "true")
        # The template appends the region to CodeBucket: that must be the bucket that code-bucket.yaml makes.
        prefix = CODE_BUCKET["Outputs"]["CodeBucket"]["Value"]["Fn::Sub"]
        bucket = properties(CODE_BUCKET, "Code")["BucketName"]["Fn::Sub"]
        self.assertEqual(bucket, f"{prefix}-${{AWS::Region}}")
        filled = prefix.replace("${Prefix}", CODE_BUCKET["Parameters"]["Prefix"]["Default"])
        filled = filled.replace("${AWS::AccountId}", "111122223333")
        self.assertIsNone(refused_by(STEWARD_PARAMETERS["CodeBucket"], filled))
        self.assertIsNone(refused_by(STACKSET["Parameters"]["CodeBucket"], filled))

    def test_the_template_and_the_zips_are_where_the_page_copies_them(self):
        folder = "ecs-steward/${Version}/"
        self.assertEqual(self.passed("Steward")["CodePrefix"], {"Fn::Sub": folder})
        url, names = properties(STACKSET, "Steward")["TemplateURL"]["Fn::Sub"]
        host = "https://${CodeBucket}-${AWS::Region}.s3.${AWS::Region}.${AWS::URLSuffix}/"
        self.assertEqual(url, f"{host}{folder}${{File}}")
        self.assertEqual(names, {"File": {"Fn::Sub": "ecs-steward-${Version}.template.json"}})
        self.assertEqual(properties(STACKSET, "Events")["TemplateURL"], {"Fn::Sub": f"{host}{folder}member.yaml"})
        page = (EXAMPLES / "multi-account" / "README.md").read_text(encoding="utf-8")
        self.assertIn("to=s3://ecs-steward-code-111122223333-$region/ecs-steward/$version/\n", page)
        self.assertIn('aws s3 cp examples/multi-account/member.yaml "$to"', page)

    def test_deleting_an_account_from_the_fleet_does_not_strand_what_sleeps(self):
        self.assertIs(properties(STACKSET, "Steward")["AutoDeployment"]["RetainStacksOnAccountRemoval"], True)

    def test_whatever_is_open_to_everybody_is_so_for_the_organisation_alone(self):
        open_to_all = 0
        for of in (CODE_BUCKET, CENTRAL):
            statements = [
                statement
                for policy in of_type(of, "AWS::S3::BucketPolicy").values()
                for statement in policy["PolicyDocument"]["Statement"]
            ]
            statements += [
                resource["Properties"]["Statement"]
                for resource in of["Resources"].values()
                if resource["Type"] == "AWS::Events::EventBusPolicy"
            ]
            for statement in statements:
                if statement["Effect"] == "Allow" and statement["Principal"] == "*":
                    self.assertEqual(
                        statement["Condition"], {"StringEquals": {"aws:PrincipalOrgID": {"Ref": "OrganizationId"}}}
                    )
                    open_to_all += 1
        self.assertEqual(open_to_all, 3)
        for of in (CODE_BUCKET, CENTRAL):
            for name, bucket in of_type(of, "AWS::S3::Bucket").items():
                self.assertEqual(set(bucket["PublicAccessBlockConfiguration"].values()), {True}, name)

    def test_each_account_writes_its_own_list_and_no_other(self):
        statements = {s["Sid"]: s for s in properties(CENTRAL, "InUsePolicy")["PolicyDocument"]["Statement"]}
        own = {"Fn::Sub": "${InUse.Arn}/nightly/${!aws:PrincipalAccount}-*"}
        self.assertEqual(statements["WriteYourOwnListOnly"]["Action"], "s3:PutObject")
        self.assertEqual(statements["WriteYourOwnListOnly"]["Resource"], own)
        # In the bucket's own account a role's policy suffices without any Allow here.
        self.assertEqual(statements["NobodyElsesList"]["Effect"], "Deny")
        self.assertEqual(statements["NobodyElsesList"]["Principal"], "*")
        self.assertEqual(statements["NobodyElsesList"]["NotResource"], own)
        writers = [s["Sid"] for s in statements.values() if s["Effect"] == "Allow" and "s3:Put" in str(s["Action"])]
        self.assertEqual(writers, ["WriteYourOwnListOnly"])
        # What prune-images writes is such a name.
        (writes,) = properties(STEWARD, "PruneImagesWritesInUse")["PolicyDocument"]["Statement"]
        self.assertTrue(writes["Resource"]["Fn::Sub"][0].endswith("${Place}${AWS::AccountId}-${AWS::Region}.json"))
        place = CENTRAL["Outputs"]["InUse"]["Value"]["Fn::Sub"]
        self.assertEqual(place, "s3://${InUse}/nightly/")
        for name in ("InUseTo", "InUseFrom"):
            filled = place.replace("${InUse}", "ecs-steward-in-use-111122223333-eu-central-1")
            self.assertIsNone(refused_by(STEWARD["Parameters"][name], filled))

    def test_only_the_account_with_the_registry_reads_the_lists(self):
        statements = properties(CENTRAL, "InUsePolicy")["PolicyDocument"]["Statement"]
        registry = {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${RegistryAccount}:root"}}
        readers = {
            s["Sid"]: s["Principal"]
            for s in statements
            if s["Effect"] == "Allow" and re.search("s3:(Get|List)", str(s["Action"]))
        }
        self.assertEqual(readers, {"ReadByTheRegistry": registry, "ListByTheRegistry": registry})

    def test_the_events_of_each_account_reach_the_one_bus(self):
        rule = properties(MEMBER, "SendEvents")
        self.assertEqual(rule["EventPattern"], {"source": ["ecs-steward"]})
        # ecs-steward sends to that bus unless it is told otherwise.
        self.assertEqual(STEWARD["Parameters"]["EventBus"]["Default"], "default")
        self.assertNotIn("EventBusName", rule)
        (target,) = rule["Targets"]
        self.assertEqual(target["Arn"], {"Ref": "CentralBus"})
        self.assertEqual(target["RoleArn"], {"Fn::GetAtt": ["SendEventsRole", "Arn"]})
        (policy,) = properties(MEMBER, "SendEventsRole")["Policies"]
        (statement,) = policy["PolicyDocument"]["Statement"]
        self.assertEqual((statement["Action"], statement["Resource"]), ("events:PutEvents", {"Ref": "CentralBus"}))
        self.assertEqual(properties(CENTRAL, "BusPolicy")["Statement"]["Action"], "events:PutEvents")
        written = properties(CENTRAL, "EventsMayBeWritten")["PolicyDocument"]["Fn::Sub"]
        self.assertEqual(json.loads(written)["Statement"][0]["Action"], ["logs:CreateLogStream", "logs:PutLogEvents"])
        self.assertEqual(properties(CENTRAL, "LogEvents")["EventPattern"], {"source": ["ecs-steward"]})


def deployments(page):
    """The `aws cloudformation deploy` lines of a page: the template's file, and the parameters that are given."""
    text = page.read_text(encoding="utf-8")
    found = []
    for block in re.findall(r"^[ \t]*```sh\n(.*?)^[ \t]*```", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if line.strip().startswith("aws cloudformation deploy "):
                words = shlex.split(line)
                options = [index for index, word in enumerate(words) if word.startswith("--")] + [len(words)]
                values = {words[a]: words[a + 1 : b] for a, b in zip(options, options[1:])}
                (file,) = values["--template-file"]
                given = dict(word.split("=", 1) for word in values.get("--parameter-overrides", []))
                found.append({"file": file, "given": given, "options": values})
    return found


class Pages(unittest.TestCase):
    def test_every_example_has_a_page(self):
        for folder in EXAMPLES.iterdir():
            if folder.is_dir():
                self.assertTrue((folder / "README.md").is_file(), folder)

    def test_every_link_leads_somewhere(self):
        checked = 0
        for page in sorted(EXAMPLES.glob("*/README.md")):
            for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
                file, _, anchor = link.partition("#")
                if link.startswith("https:") or not file:
                    continue
                target = (page.parent / file).resolve()
                self.assertTrue(target.exists(), f"{page}: {link}")
                if anchor:
                    titles = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
                    anchors = {re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-") for title in titles}
                    self.assertIn(anchor, anchors, f"{page}: {link}")
                checked += 1
        self.assertGreater(checked, 10)

    def test_every_deployment_gives_its_template_what_it_takes(self):
        checked = 0
        for page in sorted(EXAMPLES.glob("*/README.md")):
            for command in deployments(page):
                # The template of a release is made from the project's own.
                of_a_release = command["file"].endswith(".template.json")
                takes = STEWARD_PARAMETERS if of_a_release else template(ROOT / command["file"])["Parameters"]
                self.assertLessEqual(command["given"].keys(), takes.keys(), f"{page}: {command}")
                for name, value in command["given"].items():
                    if "$" not in value:
                        self.assertIsNone(refused_by(takes[name], value), f"{page}: {name}")
                checked += 1
        self.assertGreaterEqual(checked, 7)

    def test_the_first_deployment_gives_each_template_all_that_it_needs(self):
        seen = set()
        for page in sorted(EXAMPLES.glob("*/README.md")):
            for command in deployments(page):
                if command["file"] in seen:
                    continue
                seen.add(command["file"])
                of_a_release = command["file"].endswith(".template.json")
                of = {"Parameters": STEWARD_PARAMETERS, **STEWARD} if of_a_release else template(ROOT / command["file"])
                takes = STEWARD_PARAMETERS if of_a_release else of["Parameters"]
                needed = {name for name, parameter in takes.items() if "Default" not in parameter}
                self.assertLessEqual(needed, command["given"].keys(), f"{page}: {command['file']}")
                if any(resource["Type"] == "AWS::IAM::Role" for resource in of["Resources"].values()):
                    self.assertIn("--capabilities", command["options"], f"{page}: {command['file']}")
        self.assertGreaterEqual(len(seen), 5)

    def test_every_block_that_needs_an_account_says_so(self):
        for page in sorted(EXAMPLES.glob("*/README.md")):
            lines = page.read_text(encoding="utf-8").splitlines()
            for before, line in zip(lines, lines[1:]):
                if line.strip() in ("```sh", "```console"):
                    self.assertEqual(before.strip(), "<!-- needs an account -->", f"{page}: {line}")


if __name__ == "__main__":
    unittest.main()
