"""The checks, each in a sentence. They run in the order in which they stand here."""

import contextlib
import datetime
import json
import re
import subprocess
import time
import unittest
import zoneinfo

import stack
import world
from compare import differences
from servers import ACCOUNT, REGION, clean_environment

SYSTEM = None  # set by __main__, before the checks are run

EVERY_IMAGE_BUT_ONE = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
            "action": {"type": "expire"},
        }
    ]
}


class Check(unittest.TestCase):
    maxDiff = None

    @property
    def system(self):
        return SYSTEM

    @property
    def stack(self):
        return SYSTEM.stack

    @property
    def api(self):
        return SYSTEM.api

    def aws(self, service):
        return SYSTEM.aws(service)

    def moto(self, service):
        return SYSTEM.moto(service)

    def expect(self, answer, status=200):
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def service(self, cluster, name):
        (service,) = self.aws("ecs").describe_services(cluster=cluster, services=[name], include=["TAGS"])["services"]
        return service

    def tags(self, cluster, name):
        return {tag["key"]: tag["value"] for tag in self.service(cluster, name).get("tags", [])}

    def record(self, cluster, name):
        return self.tags(cluster, name).get("steward:record", "")

    def target(self):
        (target,) = self.moto("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")[
            "ScalableTargets"
        ]
        suspended = target.get("SuspendedState", {})
        flags = [suspended.get(f"{kind}Suspended", False)
                 for kind in ("DynamicScalingIn", "DynamicScalingOut", "ScheduledScaling")]
        return target["MinCapacity"], target["MaxCapacity"], flags

    def outcomes(self, report):
        return {item["resource"]: item["outcome"] for item in report["items"]}

    def wait_for(self, what, look, seconds=20):
        """The first true value of `look`."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if seen := look():
                return seen
            time.sleep(0.1)
        self.fail(f"{what}: not within {seconds} s")

    @contextlib.contextmanager
    def nothing_is_called(self):
        """Nobody may call AWS meanwhile, so no function was reached."""
        before = len(SYSTEM.servers.door.calls)
        yield
        self.assertEqual(SYSTEM.servers.door.calls[before:], [])

    def make_due(self, cluster, name):
        """Turns the record's instant back, so that the schedule `never` is due, as it is in the evening."""
        record = self.record(cluster, name)
        self.assertRegex(record, r"^v1 on@\S+ n=2 sched=\w+ by=adoption$")
        earlier = re.sub(r"on@\S+", "on@2026-01-01T12:00:00Z", record)
        self.aws("ecs").tag_resource(
            resourceArn=self.service(cluster, name)["serviceArn"],
            tags=[{"key": "steward:record", "value": earlier}],
        )


class TheStack(Check):
    def test_it_is_deployed_whole(self):
        self.assertEqual(self.stack.status, "CREATE_COMPLETE")
        left_out = {
            name
            for name, resource in SYSTEM.template["Resources"].items()
            if name not in self.stack.resources and "Condition" not in resource
        }
        self.assertEqual(left_out, set())
        for name in stack.FUNCTIONS:
            self.assertIn(name, self.stack.resources)

    def test_its_outputs_say_where_the_api_is_and_how_to_call_it_and_where_failures_wait(self):
        outputs = self.stack.outputs
        self.assertEqual(
            outputs["ApiUrl"], f"https://{self.stack['Api']}.execute-api.{REGION}.amazonaws.com/live"
        )
        self.assertIn(f'"{outputs["ApiUrl"]}/v1/clusters"', outputs["FirstCall"])
        self.assertIn(f'--aws-sigv4 "aws:amz:{REGION}:execute-api"', outputs["FirstCall"])
        arn = self.aws("sqs").get_queue_attributes(QueueUrl=outputs["DeadLettersUrl"], AttributeNames=["QueueArn"])
        self.assertTrue(arn["Attributes"]["QueueArn"].endswith(self.stack["DeadLetters"].rsplit("/", 1)[1]))

    def test_each_function_gets_what_its_parameters_say(self):
        for logical in stack.FUNCTIONS:
            with self.subTest(function=logical):
                function = self.aws("lambda").get_function_configuration(FunctionName=self.stack[logical])
                variables = function["Environment"]["Variables"]
                self.assertEqual(variables["MODE"], "act")
                self.assertEqual(variables["CLUSTERS"], stack.PARAMETERS["Clusters"])
                self.assertEqual(json.loads(variables["SCHEDULES"])["zone"], "Europe/Berlin")
                self.assertEqual(function["Handler"], "bootstrap")
                self.assertTrue(function["LoggingConfig"]["LogGroup"].startswith("/aws/lambda/steward/"))

    def test_each_schedule_reaches_a_function_and_a_queue_of_this_stack(self):
        functions = {
            self.aws("lambda").get_function_configuration(FunctionName=self.stack[name])["FunctionArn"]
            for name in stack.FUNCTIONS
        }
        queue = self.aws("sqs").get_queue_attributes(
            QueueUrl=self.stack.outputs["DeadLettersUrl"], AttributeNames=["QueueArn"]
        )["Attributes"]["QueueArn"]
        self.assertEqual(len(self.stack.schedules), 6)
        for name, schedule in self.stack.schedules.items():
            with self.subTest(schedule=name):
                self.assertEqual(schedule["State"], "ENABLED")
                self.assertIn(schedule["Target"]["Arn"], functions)
                self.assertEqual(schedule["Target"]["DeadLetterConfig"]["Arn"], queue)
                role = schedule["Target"]["RoleArn"].rsplit("/", 1)[1]
                self.assertTrue(self.aws("iam").get_role(RoleName=role))
                # The emulator drops the zone of a schedule that CloudFormation makes: .ci/template_test.py looks.


class Signatures(Check):
    """The emulator gives its own bodies in place of the template's gateway responses, so only statuses are tested."""

    def refused(self, how, **call):
        for method, route in SYSTEM.routes():
            path = re.sub(r"\{revision}", "1", route)
            path = re.sub(r"\{\w+}", "shop", path)
            with self.subTest(route=f"{method} {route}", how=how), self.nothing_is_called():
                answer = self.api(method, path, {} if method in ("POST", "PUT") else None, **call)
                self.assertEqual(answer.status, 403, answer)

    def test_no_route_answers_without_a_signature(self):
        self.refused("unsigned", signed=False)

    def test_no_route_answers_to_a_signature_of_another_key(self):
        key, secret = SYSTEM.caller
        self.refused("the secret is another", keys=(key, secret[:-1] + ("a" if secret[-1] != "a" else "b")))
        self.refused("nobody has the key", keys=("AKIAIOSFODNN7EXAMPLE", secret))

    def test_a_body_that_was_changed_after_it_was_signed_is_refused(self):
        for method, route in SYSTEM.routes():
            if method not in ("POST", "PUT"):
                continue
            with self.subTest(route=f"{method} {route}"), self.nothing_is_called():
                path = re.sub(r"\{\w+}", "shop", route)
                answer = self.api(method, path, {"dryRun": True}, tampered={"dryRun": False})
                self.assertEqual(answer.status, 403, answer)

    def test_who_may_only_read_changes_nothing(self):
        self.expect(self.api("GET", "/v1/clusters/shop/services/catalog", keys=SYSTEM.reader))
        with self.nothing_is_called():
            for method, path, body in (
                ("PUT", "/v1/clusters/shop/services/catalog/scale", {"desiredCount": 0}),
                ("POST", "/v1/clusters/shop/services/catalog/stop", None),
                ("POST", "/v1/images/prune", {"dryRun": False}),
            ):
                with self.subTest(path=path):
                    self.assertEqual(self.api(method, path, body, keys=SYSTEM.reader).status, 403)
        self.assertEqual(self.service("shop", "catalog")["desiredCount"], 2)


class Reads(Check):
    """The same reads by boto3, at the emulators themselves, must say the same."""

    def same(self, ours, theirs):
        self.assertTrue(ours)
        self.assertEqual(differences(ours, theirs), [])

    def test_clusters(self):
        theirs = self.aws("ecs").describe_clusters(clusters=list(world.CLUSTERS))["clusters"]
        self.same(self.expect(self.api("GET", "/v1/clusters"))["clusters"], theirs)

    def test_a_cluster_with_its_services_and_tasks(self):
        ours = self.expect(self.api("GET", "/v1/clusters/idle"))
        ecs = self.aws("ecs")
        self.same(ours["clusters"], ecs.describe_clusters(clusters=["idle"])["clusters"])
        arns = ecs.list_services(cluster="idle")["serviceArns"]
        self.same(ours["services"], ecs.describe_services(cluster="idle", services=arns)["services"])
        arns = ecs.list_tasks(cluster="idle")["taskArns"]
        self.assertEqual(len(arns), 3)
        self.same(ours["tasks"], ecs.describe_tasks(cluster="idle", tasks=arns)["tasks"])

    def test_services(self):
        ours = self.expect(self.api("GET", "/v1/clusters/idle/services"))["services"]
        theirs = self.aws("ecs").describe_services(cluster="idle", services=["batch-1", "batch-2"])["services"]
        self.same(ours, theirs)

    def test_a_service(self):
        ours = self.expect(self.api("GET", "/v1/clusters/shop/services/catalog"))["services"]
        self.same(ours, [self.service("shop", "catalog")])
        nobody = self.api("GET", "/v1/clusters/shop/services/nobody")
        self.assertEqual(self.expect(nobody, 404)["code"], "notFound")
        self.assertEqual(nobody.headers["content-type"], "application/problem+json")

    def test_tasks(self):
        ours = self.expect(self.api("GET", "/v1/clusters/shop/tasks", query={"service": "catalog"}))["tasks"]
        ecs = self.aws("ecs")
        arns = ecs.list_tasks(cluster="shop", serviceName="catalog")["taskArns"]
        self.assertEqual(len(ours), 2)
        self.same(ours, ecs.describe_tasks(cluster="shop", tasks=arns)["tasks"])

    def test_a_task(self):
        ecs = self.aws("ecs")
        arn = ecs.list_tasks(cluster="shop", serviceName="catalog")["taskArns"][0]
        ours = self.expect(self.api("GET", f"/v1/clusters/shop/tasks/{arn.rsplit('/', 1)[1]}"))["tasks"]
        self.same(ours, ecs.describe_tasks(cluster="shop", tasks=[arn])["tasks"])

    def test_task_definitions(self):
        ours = self.expect(self.api("GET", "/v1/task-definitions"))["taskDefinitionArns"]
        self.assertEqual(sorted(ours), sorted(self.aws("ecs").list_task_definitions()["taskDefinitionArns"]))

    def test_a_task_definition_without_its_environment(self):
        answer = self.api("GET", "/v1/task-definitions/catalog/1")
        theirs = self.aws("ecs").describe_task_definition(taskDefinition="catalog:1")["taskDefinition"]
        self.same(self.expect(answer)["taskDefinition"], theirs)
        self.assertIn("PASSWORD", json.dumps(theirs, default=str))
        self.assertNotIn("PASSWORD", answer.body.decode())
        self.assertNotIn("correct horse", answer.body.decode())

    def test_auto_scaling_groups(self):
        theirs = self.moto("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        for path in ("/v1/auto-scaling-groups", f"/v1/auto-scaling-groups/{world.GROUP}"):
            with self.subTest(path=path):
                wanted = [g for g in theirs if path.endswith(("groups", f"/{g['AutoScalingGroupName']}"))]
                self.same(self.expect(self.api("GET", path))["AutoScalingGroups"], wanted)

    def test_what_schedules_will_do(self):
        # The coming midnight, which is up to 25 hours away where the clock is put back.
        agenda = self.expect(self.api("GET", "/v1/clusters/shop/agenda", query={"hours": "26"}))["agenda"]
        line = next(line for line in agenda if line["service"] == "reports")
        self.assertEqual((line["to"], line["cause"]), ("off", "schedule"))

    def test_the_week(self):
        ours = self.expect(self.api("GET", "/v1/clusters/shop/week"))
        services = self.aws("ecs").list_services(cluster="shop")["serviceArns"]
        shown = {line["service"] for line in ours["week"] if "service" in line}
        self.assertEqual(shown, {arn.rsplit("/", 1)[-1] for arn in services})
        self.assertEqual(len(ours["days"]), 7)
        reports = next(line for line in ours["week"] if line.get("service") == "reports")
        self.assertIn("off", {span["state"] for span in reports["spans"]})

    def test_what_schedules_save(self):
        ours = self.expect(self.api("GET", "/v1/clusters/shop/savings", query={"days": "1"}))
        self.assertEqual({line["service"] for line in ours["savings"]}, {"reports", "ledger"})

    def test_what_will_not_wake(self):
        """The emulator pins no image in a service revision, so the check can't tell, and says so."""
        ours = self.expect(self.api("GET", "/v1/clusters/shop/wake"))
        self.assertEqual({line["service"]: line["canWake"] for line in ours["wake"]},
                         {"reports": "unknown", "ledger": "unknown"})

    def test_repositories(self):
        ours = self.expect(self.api("GET", "/v1/repositories"))["repositories"]
        self.same(ours, self.aws("ecr").describe_repositories()["repositories"])
        prunable = {r["repositoryName"] for r in ours if r["steward"]["prunable"]}
        self.assertEqual(prunable, {"users", "tools/migrate"})

    def test_images(self):
        ours = self.expect(self.api("GET", "/v1/images", query={"repository": "users"}))["imageDetails"]
        theirs = self.aws("ecr").describe_images(repositoryName="users")["imageDetails"]
        self.same(ours, theirs)

    def test_images_in_use(self):
        ours = self.expect(self.api("GET", "/v1/images/in-use"))
        self.assertTrue(ours["complete"])
        digests = {
            f"{repository}:{image['imageTags'][0]}": image["imageDigest"]
            for repository in ("users", "tools/migrate")
            for image in self.aws("ecr").describe_images(repositoryName=repository)["imageDetails"]
        }
        self.assertEqual(
            {f"{image['repository']}:{image['tag']}": image["digest"] for image in ours["images"]},
            {name: digests[name] for name in ("users:v2", "tools/migrate:v1")},
        )
        (migrate,) = [image for image in ours["images"] if image["repository"] == "tools/migrate"]
        for user in ("task-definition/migrate:1", "weekly", "monthly"):
            self.assertTrue(any(user in used for used in migrate["usedBy"]), (user, migrate))

    def test_a_jmespath_expression_over_a_signed_query(self):
        answer = self.api("GET", "/v1/clusters", query={"query": "clusters[?clusterName=='shop'].runningTasksCount"})
        theirs = self.aws("ecs").describe_clusters(clusters=["shop"])["clusters"][0]["runningTasksCount"]
        self.assertEqual(self.expect(answer), [theirs])

    def test_a_table_for_people(self):
        answer = self.api("GET", "/v1/clusters", headers={"Accept": "text/plain"})
        self.assertEqual(answer.status, 200, answer)
        self.assertIn("night-shift", answer.body.decode())


class Rehearsals(Check):
    """`cargo local rehearse` on an AWS that is not ours: it reads this world, and plays a day of it on its own."""

    SCHEDULE = "Mon-Sun 08:00-20:00 Europe/Berlin"
    BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")

    @classmethod
    def setUpClass(cls):
        local = SYSTEM.binaries / "local"
        if not local.exists():
            raise unittest.SkipTest(f"{local} is not there: only the functions were built")
        before = len(SYSTEM.servers.door.calls)
        cls.file = SYSTEM.work / "world.json"
        environment = clean_environment(SYSTEM.work) | {
            "AWS_ENDPOINT_URL": SYSTEM.servers.url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        done = subprocess.run(
            [local, "rehearse", "--aws", "profile", "--days", "2", "--json", "--save", cls.file,
             "--default-schedule", cls.SCHEDULE, "--clusters", "shop,idle,night-metal"],
            env=environment, capture_output=True, text=True, timeout=120, check=False,
        )
        if done.returncode:
            raise AssertionError(f"exit status {done.returncode}: {done.stderr}")
        cls.errors, cls.said = done.stderr, json.loads(done.stdout)
        cls.calls = SYSTEM.servers.door.calls[before:]

    def turns(self, cluster, name, to):
        courses = {course["resource"]: course for course in self.said["courses"]}
        turns = courses.get(f"service/{cluster}/{name}", {"turns": []})["turns"]
        return [(datetime.datetime.fromisoformat(turn["at"]).astimezone(self.BERLIN), turn.get("after"))
                for turn in turns if turn["to"] == to]

    def test_it_only_reads(self):
        self.assertEqual(self.errors, "", "no progress where nobody looks")
        actions = {action for _, action, _, _ in self.calls}
        self.assertIn("ecs:DescribeServices", actions)
        self.assertIn("application-autoscaling:DescribeScalableTargets", actions)
        self.assertEqual([a for a in actions if not re.match(r"[a-z-]+:(Describe|List|Get)", a)], [])

    def test_it_has_the_fleet_as_boto3_sees_it(self):
        paginator = self.aws("ecs").get_paginator("list_services")
        services = [arn for cluster in world.CLUSTERS for page in paginator.paginate(cluster=cluster)
                    for arn in page["serviceArns"]]
        self.assertEqual(self.said["fleet"]["services"], len(services))
        self.assertEqual((self.said["account"], self.said["region"]), (ACCOUNT, REGION))

    def test_services_go_off_and_come_back_by_the_default_schedule(self):
        for cluster, name, count in [("shop", "catalog", 2), ("shop", "cart", 2), ("idle", "batch-2", 2)]:
            off, on = self.turns(cluster, name, "off"), self.turns(cluster, name, "starting")
            self.assertTrue(off and on, (name, self.said["courses"]))
            self.assertEqual({(at.hour, at.minute, after) for at, after in off[-1:]}, {(20, 0, 0)}, name)
            self.assertEqual({(at.hour, at.minute, after) for at, after in on}, {(8, 0, count)}, name)
            self.assertTrue(self.turns(cluster, name, "on"), f"{name} does not come back whole")
        # `never` is off already when the days begin; who is outside the clusters that were named is left alone.
        self.assertEqual(self.turns("night-watch", "later", "off"), [])

    def test_it_says_what_it_does_not_play(self):
        said = {one["what"]: one.get("concerns", []) for one in self.said["leftOut"]}
        # ministack's service revisions are empty.
        (unknown,) = [concerns for what, concerns in said.items() if "no revision tells" in what]
        self.assertIn("service/shop/catalog", unknown)

    def test_what_it_saves_has_no_secret(self):
        text = self.file.read_text(encoding="utf-8")
        self.assertIn('"catalog"', text)
        for secret in ("correct horse", "PASSWORD", "environment"):
            self.assertNotIn(secret, text)
        self.assertEqual([path.name for path in self.file.parent.glob("world.json*")], ["world.json"])


class Changes(Check):
    def test_a_service_is_scaled(self):
        report = self.expect(self.api("PUT", "/v1/clusters/shop/services/orders/scale", {"desiredCount": 5}))
        self.assertEqual(self.outcomes(report), {"service/shop/orders": "changed"})
        service = self.service("shop", "orders")
        self.assertEqual((service["desiredCount"], service["runningCount"]), (5, 5))
        # A count, and no deployment.
        self.assertEqual(len(service["deployments"]), 1)

    def test_a_dry_run_changes_nothing(self):
        before = self.service("shop", "orders")
        report = self.expect(
            self.api("PUT", "/v1/clusters/shop/services/orders/scale", {"desiredCount": 0, "dryRun": True})
        )
        self.assertTrue(report["dryRun"])
        self.assertEqual(self.outcomes(report), {"service/shop/orders": "changed"})
        after = self.service("shop", "orders")
        self.assertEqual((before["desiredCount"], before.get("tags")), (after["desiredCount"], after.get("tags")))

    def test_a_service_is_stopped_and_started_and_comes_back_as_it_was(self):
        report = self.expect(self.api("POST", "/v1/clusters/shop/services/mail/stop", {"reason": "lunch"}))
        self.assertTrue(report["ok"])
        self.assertEqual(self.service("shop", "mail")["desiredCount"], 0)
        self.assertRegex(self.record("shop", "mail"), r"^v1 off@\S+ n=2 by=request$")
        self.assertEqual(self.aws("ecs").list_tasks(cluster="shop", serviceName="mail")["taskArns"], [])
        self.expect(self.api("POST", "/v1/clusters/shop/services/mail/start"))
        self.assertEqual(self.service("shop", "mail")["desiredCount"], 2)

    def test_autoscaling_goes_to_sleep_with_its_service_and_comes_back(self):
        path = f"/v1/clusters/shop/services/{world.SCALED['service']}"
        self.assertEqual(self.target(), (1, 6, [False, False, False]))
        self.expect(self.api("PUT", path + "/scale", {"desiredCount": 0}))
        self.assertEqual(self.target(), (0, 6, [True, True, True]))
        self.assertEqual(self.service("shop", "cart")["desiredCount"], 0)
        self.expect(self.api("POST", path + "/start"))
        self.assertEqual(self.service("shop", "cart")["desiredCount"], 2)
        # Scale-in sleeps until the service was seen whole.
        self.assertEqual(self.target(), (1, 6, [True, False, False]))
        self.expect(self.api("POST", "/v1/clusters/shop/reconcile", {"services": ["cart"]}))
        self.assertEqual(self.target(), (1, 6, [False, False, False]))

    def test_a_whole_cluster_is_stopped_and_started(self):
        report = self.expect(self.api("POST", "/v1/clusters/idle/stop"))
        self.assertEqual(self.outcomes(report), {"service/idle/batch-1": "changed", "service/idle/batch-2": "changed"})
        self.assertEqual([self.service("idle", name)["desiredCount"] for name in ("batch-1", "batch-2")], [0, 0])
        self.expect(self.api("POST", "/v1/clusters/idle/start"))
        self.assertEqual([self.service("idle", name)["desiredCount"] for name in ("batch-1", "batch-2")], [1, 2])

    def test_a_reconcile_adopts_what_has_a_schedule_and_reaches_only_what_the_parameter_names(self):
        report = self.expect(self.api("POST", "/v1/clusters/shop/reconcile", {"services": ["ledger"]}))
        self.assertEqual(self.outcomes(report), {"service/shop/ledger": "changed"})
        self.assertRegex(self.record("shop", "ledger"), r"^v1 on@\S+ n=1 sched=\w+ by=adoption$")
        self.assertEqual(self.service("shop", "ledger")["desiredCount"], 1)
        answer = self.api("POST", "/v1/clusters/idle/reconcile")
        self.assertEqual(self.expect(answer, 403)["code"], "notConfigured")

    def test_an_override_switches_a_service_and_ends(self):
        self.expect(self.api("POST", "/v1/clusters/shop/reconcile", {"services": ["reports"]}))
        path = "/v1/clusters/shop/services/reports/override"
        self.expect(self.api("PUT", path, {"state": "off", "for": "PT2H"}))
        self.assertEqual(self.service("shop", "reports")["desiredCount"], 0)
        self.assertIn("off", self.tags("shop", "reports")["steward:override"])
        self.expect(self.api("DELETE", path))
        # It has ended, and the next run takes the tag away.
        self.expect(self.api("POST", "/v1/clusters/shop/reconcile", {"services": ["reports"]}))
        self.assertNotIn("steward:override", self.tags("shop", "reports"))

    def test_an_override_of_a_cluster_is_a_tag_of_the_cluster(self):
        def tags():
            (cluster,) = self.aws("ecs").describe_clusters(clusters=["night-hold"], include=["TAGS"])["clusters"]
            return {tag["key"]: tag["value"] for tag in cluster["tags"]}

        path = "/v1/clusters/night-hold/override"
        self.expect(self.api("PUT", path, {"state": "hold", "for": "PT2H"}))
        self.assertIn("hold", tags()["steward:override"])
        self.expect(self.api("DELETE", path))
        self.expect(self.api("POST", "/v1/clusters/night-hold/reconcile"))
        self.assertEqual(tags(), {"team": "web"})

    def group(self, name):
        (group,) = self.moto("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
            "AutoScalingGroups"
        ]
        return group

    def test_a_group_of_machines_is_sized_within_its_bounds(self):
        path = f"/v1/auto-scaling-groups/{world.GROUP}/scale"
        self.expect(self.api("PUT", path, {"desiredCapacity": 3}))
        self.assertEqual(self.group(world.GROUP)["DesiredCapacity"], 3)
        self.assertEqual(len(self.group(world.GROUP)["Instances"]), 3)
        self.assertEqual(self.api("PUT", path, {"desiredCapacity": 5}).status, 422)
        self.assertEqual(self.group(world.GROUP)["DesiredCapacity"], 3)

    def test_machines_go_to_sleep_with_the_services_on_them_and_come_back(self):
        report = self.expect(self.api("POST", "/v1/clusters/night-metal/stop", {"capacity": True}), 202)
        self.assertEqual(report["counts"]["changed"], 2)
        group = self.group(world.SLEEPING_GROUP)
        # Tasks may still end on the machines: it waits, and says so on the group itself.
        self.assertEqual(group["DesiredCapacity"], 2)
        (record,) = [tag["Value"] for tag in group["Tags"] if tag["Key"] == "steward:record"]
        self.assertRegex(record, r"^v1 stopping@\S+ n=2 min=0 susp=-- cluster=night-metal by=request$")
        self.expect(self.api("POST", "/v1/clusters/night-metal/reconcile"))
        group = self.group(world.SLEEPING_GROUP)
        self.assertEqual((group["DesiredCapacity"], group["Instances"]), (0, []))
        self.assertTrue({"AlarmNotification", "ScheduledActions"}
                        <= {process["ProcessName"] for process in group["SuspendedProcesses"]})
        self.expect(self.api("POST", "/v1/clusters/night-metal/start", {"capacity": True}))
        group = self.group(world.SLEEPING_GROUP)
        self.assertEqual((group["DesiredCapacity"], len(group["Instances"])), (2, 2))
        self.assertEqual(self.service("night-metal", "press")["desiredCount"], 1)

    def test_a_schedule_is_previewed_in_the_zone_of_the_stack(self):
        preview = self.expect(
            self.api("POST", "/v1/schedules/preview",
                     {"schedule": "office-hours", "at": "2026-11-27T00:00:00Z", "count": 1})
        )
        self.assertEqual(preview["transitions"], [{"at": "2026-11-27T08:00:00+01:00", "to": "on"}])


class Tasks(Check):
    def run_two(self, key):
        wanted = {"taskDefinition": "migrate", "like": "catalog", "count": 2, "idempotencyKey": key}
        return self.expect(self.api("POST", "/v1/clusters/shop/tasks", wanted))

    def arns(self, report):
        return sorted(task["taskArn"] for task in report["started"])

    def described(self, arns):
        return self.aws("ecs").describe_tasks(cluster="shop", tasks=arns, include=["TAGS"])["tasks"]

    def test_tasks_are_run_as_a_service_would_and_once_for_a_key(self):
        first = self.run_two("migration-1")
        self.assertEqual(len(first["started"]), 2)
        self.assertEqual(self.arns(self.run_two("migration-1")), self.arns(first))
        for task in self.described(self.arns(first)):
            self.assertEqual(task["taskDefinitionArn"].rsplit("/", 1)[1], "migrate:1")
            self.assertIn(f"arn:aws:iam::{ACCOUNT}:user/operator", [tag["value"] for tag in task["tags"]])

    def test_only_the_families_that_the_parameter_names_are_run(self):
        answer = self.api("POST", "/v1/clusters/shop/tasks", {"taskDefinition": "catalog", "like": "catalog"})
        self.assertEqual(self.expect(answer, 403)["code"], "notConfigured")

    def test_one_task_is_stopped_and_then_the_rest_of_its_family(self):
        one, other = self.arns(self.run_two("migration-2"))
        path = f"/v1/clusters/shop/tasks/{one.rsplit('/', 1)[1]}/stop"
        self.assertTrue(self.expect(self.api("POST", path, {"reason": "enough"}))["ok"])
        self.assertEqual([task["desiredStatus"] for task in self.described([one, other])], ["STOPPED", "RUNNING"])
        self.assertTrue(self.expect(self.api("POST", "/v1/clusters/shop/tasks/stop", {"family": "migrate"}))["ok"])
        self.assertEqual([task["desiredStatus"] for task in self.described([one, other])], ["STOPPED", "STOPPED"])

    def test_a_task_of_a_service_is_not_stopped(self):
        arn = self.aws("ecs").list_tasks(cluster="shop", serviceName="catalog")["taskArns"][0]
        answer = self.api("POST", f"/v1/clusters/shop/tasks/{arn.rsplit('/', 1)[1]}/stop")
        self.assertEqual(answer.status, 409, answer)
        self.assertEqual(self.described([arn])[0]["desiredStatus"], "RUNNING")


class Images(Check):
    def tags(self, repository):
        images = self.aws("ecr").describe_images(repositoryName=repository)["imageDetails"]
        return sorted(tag for image in images for tag in image["imageTags"])

    def prune(self, repository, **fields):
        return self.api("POST", "/v1/images/prune",
                        {"repositories": [repository], "policy": EVERY_IMAGE_BUT_ONE, **fields})

    def test_what_was_planned_is_deleted_and_what_is_in_use_is_kept(self):
        plan = self.expect(self.prune("tools/migrate"))
        self.assertTrue(plan["dryRun"])
        self.assertEqual(self.tags("tools/migrate"), ["v1", "v2", "v3", "v4", "v5"])
        self.assertTrue(self.expect(self.prune("tools/migrate", dryRun=False, planId=plan["planId"]))["ok"])
        # The rule keeps one, and the task definition needs v1. Which is the newest of one second, nobody knows.
        left = self.tags("tools/migrate")
        self.assertIn("v1", left)
        self.assertLessEqual(len(left), 2)

    def test_nothing_is_deleted_where_it_is_not_known_what_a_service_starts_with(self):
        """AWS pins digests in service revisions
        (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-revision.html). The emulator's are empty,
        so for every service it is unknown, and the whole repository is left."""
        report = self.expect(self.prune("users", dryRun=False), 207)
        self.assertEqual({item["code"] for item in report["items"] if item["outcome"] == "failed"},
                         {"unknownPinnedDigest"})
        self.assertEqual(self.tags("users"), ["v1", "v2", "v3", "v4", "v5"])

    def test_a_repository_that_the_parameter_does_not_name_is_left(self):
        report = self.expect(self.prune("private", dryRun=False))
        self.assertEqual(self.outcomes(report), {"repository/private": "skipped"})

    def test_the_list_of_what_is_in_use_is_written_for_others(self):
        self.expect(self.api("PUT", "/v1/images/in-use"))
        text = self.aws("s3").get_object(Bucket=stack.LISTS, Key=f"images/{ACCOUNT}-{REGION}.json")["Body"].read()
        written = json.loads(text)
        self.assertTrue(written["complete"])
        self.assertIn(f"{world.REGISTRY}/users:v2", text.decode())

    def test_a_policy_is_evaluated_without_any_registry(self):
        images = [
            {"digest": "sha256:" + letter * 64, "tags": [letter], "pushedAt": f"2026-01-0{day}T00:00:00Z"}
            for day, letter in ((1, "a"), (2, "b"))
        ]
        verdicts = self.expect(
            self.api("POST", "/v1/lifecycle/evaluate",
                     {"policy": EVERY_IMAGE_BUT_ONE, "images": images, "at": "2026-02-01T00:00:00Z"})
        )
        self.assertEqual([image["verdict"] for image in verdicts["images"]], ["expire", "keep"])


class Invocations(Check):
    """Direct events, schedules that fire, and what becomes of failures."""

    def test_a_direct_invocation_answers(self):
        answer, error = SYSTEM.invoke(self.stack, "DescribeClusterFunction", {"action": "listClusters"})
        self.assertIsNone(error)
        self.assertEqual({c["clusterName"] for c in answer["clusters"]}, set(world.CLUSTERS))

    def test_a_problem_of_a_direct_invocation_is_a_lambda_error(self):
        answer, error = SYSTEM.invoke(
            self.stack, "ScaleServiceFunction",
            {"action": "scale", "cluster": "shop", "service": "nobody", "desiredCount": 1},
        )
        self.assertEqual(error, "notFound")
        self.assertEqual(json.loads(answer["errorMessage"])["status"], 404)

    def test_an_event_that_fails_becomes_a_dead_letter(self):
        """The emulator counts three attempts whatever there were, so how many is not tested."""
        for logical in stack.FUNCTIONS:
            with self.subTest(function=logical):
                self.aws("lambda").invoke(
                    FunctionName=self.stack[logical], InvocationType="Event",
                    Payload=json.dumps({"action": f"nothing that {logical} knows"}).encode(),
                )
        for logical in stack.FUNCTIONS:
            with self.subTest(function=logical):
                letter = self.letter(lambda payload: payload["action"] == f"nothing that {logical} knows")
                self.assertEqual(letter["responsePayload"]["errorType"], "unknownAction")

    def letter(self, of):
        def look():
            return [x for x in SYSTEM.dead_letters(self.stack) if of(x["requestPayload"])]

        return self.wait_for("a dead letter", look)[0]

    def test_schedules_fire(self):
        """All at once, because the emulator looks only every ten seconds which are due.

        It invokes functions for a schedule whatever the schedule's role allows, and a failure is neither tried again
        nor made a dead letter, so neither is tested here. AWS invokes asynchronously
        (https://docs.aws.amazon.com/lambda/latest/dg/with-eventbridge-scheduler.html): the check before this one shows
        what becomes of such an event.
        """
        self.expect(self.api("POST", "/v1/clusters/night-shift/reconcile"))
        self.make_due("night-shift", "late")
        schedules, before = self.stack.schedules, self.running()
        SYSTEM.fire(schedules["ScaleServiceFunctionReconcile"])
        SYSTEM.fire(schedules["DescribeClusterFunctionWakeCheckInTheEvening"])
        SYSTEM.fire(schedules["RunTaskFunctionNightlyJob"])
        with self.subTest("reconcile does what is due"):
            self.wait_for("late is off", lambda: self.service("night-shift", "late")["desiredCount"] == 0)
            written = re.compile(r"v1 off@\S+ n=2 sched=\w+ by=schedule")
            self.wait_for("its record", lambda: written.fullmatch(self.record("night-shift", "late")))
        with self.subTest("the wake check writes its metric"):
            self.wait_for("the metric AtRisk in the log", lambda: '"AtRisk"' in self.log("describe-cluster"))
        with self.subTest("the nightly job runs a task and tells how it ended"):
            (task,) = self.wait_for("a task of migrate", lambda: self.running() - before)
            self.aws("ecs").stop_task(cluster="shop", task=task)
            # Whatever the emulator stops has an exit code of 0. AWS would give this one 137 or 143, and the job fails.
            told = f"{task.rsplit('/', 1)[1]}: exit 0"
            self.wait_for("how it ended in the log", lambda: told in self.log("run-task"))

    def running(self):
        """Tasks of migrate."""
        ecs = self.aws("ecs")
        return set(ecs.list_tasks(cluster="shop", family="migrate", desiredStatus="RUNNING")["taskArns"])

    def log(self, function):
        events = self.aws("logs").filter_log_events(logGroupName=f"/aws/lambda/steward/{function}")["events"]
        return "\n".join(event["message"] for event in events)

    def test_a_run_that_changed_something_is_told_on_the_bus(self):
        sqs, events = self.aws("sqs"), self.aws("events")
        url = sqs.create_queue(QueueName="listener")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_rule(Name="listener", EventPattern=json.dumps({"source": ["ecs-steward"]}))
        events.put_targets(Rule="listener", Targets=[{"Id": "listener", "Arn": arn}])
        self.expect(self.api("PUT", "/v1/clusters/shop/services/told/scale", {"desiredCount": 2}))
        heard = self.wait_for("an event", lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
        event = json.loads(heard[0]["Body"])
        self.assertEqual((event["source"], event["detail-type"]), ("ecs-steward", "Run Finished"))
        self.assertIn("told", json.dumps(event["detail"]))


class Modes(Check):
    def test_while_a_stack_observes_its_schedule_changes_nothing_and_then_it_does(self):
        """The control of everything that acts by schedule: it fails where `Mode` is ignored."""
        self.expect(self.api("POST", "/v1/clusters/night-watch/reconcile"))
        self.make_due("night-watch", "later")
        before = self.service("night-watch", "later")
        watching = SYSTEM.deploy("watching", Mode="observe", Clusters="night-watch")
        event = SYSTEM.event_of(watching.schedules["ScaleServiceFunctionReconcile"])
        report, error = SYSTEM.invoke(watching, "ScaleServiceFunction", event)
        self.assertIsNone(error)
        self.assertTrue(report["dryRun"], report)
        self.assertEqual(self.outcomes(report), {"service/night-watch/later": "changed"})
        after = self.service("night-watch", "later")
        self.assertEqual((after["desiredCount"], after["tags"]), (before["desiredCount"], before["tags"]))
        # It was due indeed: the stack that acts does it.
        report, error = SYSTEM.invoke(self.stack, "ScaleServiceFunction", event)
        self.assertIsNone(error)
        self.assertEqual(self.service("night-watch", "later")["desiredCount"], 0)

    def test_a_stack_that_is_readonly_refuses_every_change(self):
        reading = SYSTEM.deploy("reading", Mode="readonly")
        api = SYSTEM.api_of(reading, world.make_person(self.aws("iam"), "visitor", SYSTEM.reach(reading, "*")))
        self.expect(api("GET", "/v1/clusters/shop/services/catalog"))
        answer = api("PUT", "/v1/clusters/shop/services/catalog/scale", {"desiredCount": 7})
        self.assertEqual(answer.status, 403, answer)
        self.assertEqual(self.service("shop", "catalog")["desiredCount"], 2)


class Roles(Check):
    def test_a_function_whose_role_lacks_an_action_says_which_and_changes_nothing(self):
        """The control of this class: the emulator does refuse what a role does not allow."""
        short = SYSTEM.deploy("short", taken=("ScaleServiceRole", "ecs:UpdateService"))
        api = SYSTEM.api_of(short, world.make_person(self.aws("iam"), "clerk", SYSTEM.reach(short, "*")))
        problem = self.expect(api("POST", "/v1/clusters/shop/services/denied/stop"), 502)
        self.assertIn("ecs:UpdateService", problem["detail"])
        self.assertEqual(self.service("shop", "denied")["desiredCount"], 2)
        # The size is written down ahead, so that the next run can finish it.
        self.assertRegex(self.record("shop", "denied"), r"^v1 stopping@\S+ n=2")

    def test_everything_that_was_called_is_in_the_role_of_its_function(self):
        """ministack refuses by itself what a role lacks, but moto and the door do not."""
        allowed = self.allowed()
        beyond = {
            (function, action) for function, action in self.called() if action not in allowed.get(function, {action})
        }
        self.assertEqual(beyond, set())
        # It would prove nothing if nobody had called.
        for action in ("application-autoscaling:RegisterScalableTarget", "autoscaling:UpdateAutoScalingGroup"):
            self.assertIn((self.stack["ScaleServiceFunction"], action), self.called())

    @staticmethod
    def called():
        functions = SYSTEM.keys_of_functions()
        return {
            (functions[key], iam_action(action)) for key, action, _, _ in SYSTEM.servers.door.calls if key in functions
        }

    @staticmethod
    def allowed():
        """The functions of the stack under test -> the actions of their roles."""
        iam, found = SYSTEM.aws("iam"), {}
        for logical in stack.FUNCTIONS:
            role = SYSTEM.stack[logical.removesuffix("Function") + "Role"]
            found[SYSTEM.stack[logical]] = {
                action
                for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
                for statement in iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]
                if statement["Effect"] == "Allow"
                for action in stack.listed(statement["Action"])
            }
        return found


# What stands in no header: method and path -> the action.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
PATHS = (
    (r"scheduler:GET /schedules", "scheduler:ListSchedules"),
    (r"scheduler:GET /schedules/.+", "scheduler:GetSchedule"),
    (r"pipes:GET /v1/pipes", "pipes:ListPipes"),
    (r"lambda:GET /2015-03-31/functions/?", "lambda:ListFunctions"),
    (r"lambda:GET /2015-03-31/functions/.+", "lambda:GetFunction"),
    (r"batch:POST /v1/describejobdefinitions", "batch:DescribeJobDefinitions"),
    (r"s3:PUT /.+", "s3:PutObject"),
)


def iam_action(call):
    for pattern, action in PATHS:
        if re.fullmatch(pattern, call):
            return action
    return call


class EveryRoute(Check):
    """The last: it needs what the others did."""

    def test_every_route_of_the_template_was_answered_with_success(self):
        answered = {SYSTEM.route_of(method, path) for method, path in self.api.answered}
        self.assertEqual(answered - {None}, set(SYSTEM.routes()))


CHECKS = (TheStack, Signatures, Reads, Rehearsals, Changes, Tasks, Images, Invocations, Modes, Roles, EveryRoute)
