"""What .ci/release.py makes, and that the workflows build what is deployed and attach what is made."""

import importlib.util
import io
import json
import os
import pathlib
import re
import tempfile
import unittest
import zipfile
from unittest import mock

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
TRANSLATED = pathlib.Path(os.environ.get("STEWARD_TRANSLATED", ROOT / "target" / "template.translated.json"))
SPEC = importlib.util.spec_from_file_location("release", ROOT / ".ci" / "release.py")
TOOL = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(TOOL)

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def program(machine, magic=b"\x7fELF"):
    return magic + bytes(14) + machine.to_bytes(2, "little") + b"code"


def zipped(content, name="bootstrap", mode=0o755):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = (0o100000 | mode) << 16
        archive.writestr(entry, content)
    return buffer.getvalue()


def sbom(name, *crates):
    component = lambda name, version: {"name": name, "version": version, "bom-ref": f"{name}#{version}"}
    components = [component(*crate) for crate in crates]
    refs = [c["bom-ref"] for c in components]
    return {
        "metadata": {"component": component(name, "0.2.0")},
        "components": components,
        "dependencies": [{"ref": f"{name}#0.2.0", "dependsOn": refs}] + [{"ref": ref} for ref in refs],
    }


class Build(unittest.TestCase):
    def build(self, architecture, made):
        """The files of a build in which cargo makes these zips."""
        calls = []

        def run(*command, capture=False):
            calls.append(command)
            if command[1:3] == ("lambda", "build"):
                function = command[command.index("--package") + 1]
                folder = pathlib.Path(command[command.index("--lambda-dir") + 1]) / function
                folder.mkdir(parents=True)
                (folder / "bootstrap.zip").write_bytes(made)
            elif command[1] == "cyclonedx":
                for member in ("shared", *(f"functions/{f}" for f in TOOL.FUNCTIONS)):
                    path = root / member / (command[command.index("--override-filename") + 1] + ".json")
                    path.write_text(json.dumps(sbom(path.parent.name, ("serde", "1.0.0"), ("aws-sdk-batch", "1.1.0"))))
            else:
                return f"{command[command.index('--package') + 1]} v0.2.0 (/x)\nserde v1.0.0\nserde v1.0.0 (*)\n"

        with tempfile.TemporaryDirectory() as folder:
            root, out = pathlib.Path(folder), pathlib.Path(folder) / "out"
            out.mkdir()
            members = ["shared", *(f"functions/{f}" for f in TOOL.FUNCTIONS)]
            (root / "Cargo.toml").write_text(f"[workspace]\nmembers = {json.dumps(members)}\n")
            for member in members:
                (root / member).mkdir(parents=True)
            with mock.patch.object(TOOL, "ROOT", root), mock.patch.object(TOOL, "run", run):
                TOOL.build("0.2.0", architecture, out)
            left = [str(path) for member in members for path in (root / member).iterdir()]
            self.assertEqual(left, [], "it leaves nothing beside the manifests")
            return {path.name: path.read_bytes() for path in out.iterdir()}, calls

    def test_each_function_has_its_zip_and_its_sbom_and_is_built_apart(self):
        for architecture, (flag, target, machine) in TOOL.ARCHITECTURES.items():
            made, calls = self.build(architecture, zipped(program(machine)))
            names = {f"{f}-0.2.0-{architecture}.{end}" for f in TOOL.FUNCTIONS for end in ("zip", "cdx.json")}
            self.assertEqual(set(made), names)
            builds = [call for call in calls if call[1:3] == ("lambda", "build")]
            self.assertEqual([call.count("--package") for call in builds], [1] * len(TOOL.FUNCTIONS))
            self.assertTrue(all({"--release", "--locked", flag} <= set(call) for call in builds))
            self.assertTrue(all(target in call for call in calls if call not in builds))
            listed = json.loads(made[f"scale-service-0.2.0-{architecture}.cdx.json"])
            self.assertEqual([c["name"] for c in listed["components"]], ["serde"])
            self.assertEqual(
                listed["dependencies"],
                [{"ref": "scale-service#0.2.0", "dependsOn": ["serde#1.0.0"]}, {"ref": "serde#1.0.0", "dependsOn": []}],
            )

    def test_a_zip_that_lambda_could_not_start_is_refused(self):
        for made, says in [
            (zipped(program(62)), "for the machine 62"),
            (zipped(program(183, b"#!/b")), "no ELF program"),
            (zipped(program(183), mode=0o644), "may not be executed"),
            (zipped(program(183), name="scale-service"), "and not bootstrap alone"),
        ]:
            with self.subTest(says=says), self.assertRaisesRegex(TOOL.Unfit, says):
                self.build("arm64", made)

    def test_an_sbom_that_lacks_a_crate_is_refused(self):
        with self.assertRaisesRegex(TOOL.Unfit, "does not name .*tokio"):
            TOOL.pruned(sbom("stop-task", ("serde", "1.0.0")), {("stop-task", "0.2.0"), ("tokio", "1.0.0")})


class Template(unittest.TestCase):
    def setUp(self):
        self.translated = json.loads(TRANSLATED.read_text(encoding="utf-8"))
        self.made = TOOL.retargeted(self.translated, "0.2.0")

    def test_each_set_of_routes_has_a_deployment_of_its_own(self):
        conditions = ["PruneImagesDeployed", "RunTaskDeployed", "StopTaskDeployed"]
        paths = self.made["Resources"]["Api"]["Properties"]["Body"]["paths"]
        self.assertEqual(sorted(TOOL.conditions_of(paths)), conditions)
        (stage,) = [it for it in self.made["Resources"].values() if it["Type"] == "AWS::ApiGateway::Stage"]

        def decided(value, holding):
            while "Fn::If" in value:
                condition, yes, no = value["Fn::If"]
                value = yes if condition in holding else no
            return value["Ref"]

        def holds(test, holding):
            ((word, of),) = test.items()
            if word == "Condition":
                return of in holding
            return all(holds(it, holding) for it in of) if word == "Fn::And" else not holds(of[0], holding)

        served = set()
        for number in range(8):
            holding = {condition for bit, condition in enumerate(conditions) if number >> bit & 1}
            name = decided(stage["Properties"]["DeploymentId"], holding)
            served.add(name)
            # It is there, and it is the only one.
            there = [
                name
                for name, resource in self.made["Resources"].items()
                if resource["Type"] == "AWS::ApiGateway::Deployment"
                and holds(self.made["Conditions"][resource["Condition"]], holding)
            ]
            self.assertEqual(there, [name])
        self.assertEqual(len(served), 8)

    def test_each_function_takes_its_own_zip_of_this_version(self):
        keys = {}
        for name, resource in self.made["Resources"].items():
            if resource["Type"] == "AWS::Lambda::Function":
                keys[name] = resource["Properties"]["Code"]["S3Key"]["Fn::Sub"]
                self.assertEqual(resource["Properties"]["Architectures"], [{"Ref": "Architecture"}])
        self.assertEqual(keys["PruneImagesFunction"], "${CodePrefix}prune-images-0.2.0-${Architecture}.zip")
        zips = {key.removeprefix("${CodePrefix}").replace("${Architecture}", "arm64") for key in keys.values()}
        self.assertEqual(zips, {f"{TOOL.stem(f, '0.2.0', 'arm64')}.zip" for f in TOOL.FUNCTIONS})
        self.assertNotIn("function.zip", json.dumps(self.made), "nothing of the made-up place is left")

    def test_where_the_zips_are_is_asked_first_and_the_rest_is_as_it_was(self):
        groups = self.made["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        self.assertEqual(groups[0]["Parameters"], list(TOOL.PARAMETERS))
        for name, parameter in TOOL.PARAMETERS.items():
            self.assertEqual(self.made["Parameters"].pop(name), parameter)
            if "Default" in parameter:
                self.assertRegex(parameter["Default"], parameter.get("AllowedPattern", "."))
        self.assertEqual(self.made["Parameters"], self.translated["Parameters"])
        self.assertEqual(self.made["Outputs"], self.translated["Outputs"])
        # The deployments of the API have a test of their own.
        names = lambda template: {n for n, it in template["Resources"].items() if it["Type"] != "AWS::ApiGateway::Deployment"}
        self.assertEqual(names(self.made), names(self.translated))

    def test_it_fits_into_what_cloudformation_takes_from_s3(self):
        with tempfile.TemporaryDirectory() as folder:
            TOOL.template(TRANSLATED, "0.2.0", pathlib.Path(folder))
            (path,) = pathlib.Path(folder).iterdir()
            self.assertLess(path.stat().st_size, 1_000_000)

    def test_a_function_that_the_workspace_has_not_is_refused(self):
        self.translated["Resources"]["OtherFunction"] = dict(self.translated["Resources"]["StopTaskFunction"])
        with self.assertRaisesRegex(TOOL.Unfit, "other"):
            TOOL.retargeted(self.translated, "0.2.0")


class Sums(unittest.TestCase):
    def test_they_name_every_file_but_themselves(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in [("b.zip", "b"), ("a.json", "a")]:
                (pathlib.Path(folder) / name).write_text(text)
            for _ in range(2):
                TOOL.sums(pathlib.Path(folder))
            self.assertEqual(
                (pathlib.Path(folder) / TOOL.SUMS).read_text(),
                "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb  a.json\n"
                "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d  b.zip\n",
            )

    def test_nothing_at_all_is_refused(self):
        with tempfile.TemporaryDirectory() as folder, self.assertRaises(TOOL.Unfit):
            TOOL.sums(pathlib.Path(folder))


class Workflows(unittest.TestCase):
    """What zizmor does not look at."""

    def test_an_action_is_pinned_by_a_whole_digest_and_its_version_stands_beside_it(self):
        seen = 0
        for path in WORKFLOWS:
            for line in path.read_text(encoding="utf-8").splitlines():
                if re.match(r"\s*(- )?uses:", line) and "uses: $/" not in line:
                    self.assertRegex(line, r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", path.name)
                    seen += 1
        self.assertGreater(seen, 5)

    def test_one_action_has_one_digest(self):
        uses = set(re.findall(r"uses: (\S+)@(\S+)", "\n".join(p.read_text() for p in WORKFLOWS)))
        actions = [action for action, _ in uses]
        self.assertEqual(len(actions), len(set(actions)), sorted(uses))

    def test_every_job_says_what_it_may_do_and_how_long(self):
        for path in WORKFLOWS:
            for name, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items():
                with self.subTest(workflow=path.name, job=name):
                    self.assertIn("permissions", job)
                    # A job that calls a workflow has the times of that one.
                    self.assertTrue("timeout-minutes" in job or "uses" in job)

    def test_only_publishing_may_write_and_it_runs_nothing_of_the_repository(self):
        jobs = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))["jobs"]
        may = {name: job["permissions"].items() for name, job in jobs.items()}
        writes = {name: {key for key, value in items if value == "write"} for name, items in may.items()}
        writers = {name: what for name, what in writes.items() if what}
        self.assertEqual(writers, {"attest": {"id-token", "attestations"}, "publish": {"contents"}})
        for name in writers:
            steps = json.dumps(jobs[name]["steps"])
            self.assertNotIn("checkout", steps)
            self.assertNotRegex(steps, r"cargo|python|pip ")

    def test_a_release_is_built_for_both_architectures(self):
        jobs = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))["jobs"]
        self.assertEqual(jobs["build"]["strategy"]["matrix"]["architecture"], list(TOOL.ARCHITECTURES))


if __name__ == "__main__":
    unittest.main()
