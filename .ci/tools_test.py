"""What the tools make."""

import importlib.util
import pathlib
import unittest
from datetime import datetime, timezone

PATH = pathlib.Path(__file__).parent.parent / "tools" / "in_use_of_pods.py"
SPEC = importlib.util.spec_from_file_location("in_use_of_pods", PATH)
TOOL = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(TOOL)

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
DIGEST = "sha256:" + "a" * 64
NOW = datetime(2026, 11, 24, 20, 0, tzinfo=timezone.utc)


def pod(name, image, image_id=None):
    status = {"containerStatuses": [{"name": "app", "image": image, "imageID": image_id}]} if image_id else {}
    return {
        "kind": "Pod",
        "metadata": {"namespace": "shop", "name": name},
        "spec": {"containers": [{"name": "app", "image": image}]},
        "status": status,
    }


class InUseOfPods(unittest.TestCase):
    def images(self, *things):
        return TOOL.document({"items": list(things)}, "123456789012", "eu-west-1", NOW, True)["images"]

    def test_a_pod_that_runs_uses_the_digest_that_its_node_pulled_and_its_tag_for_when_it_is_restarted(self):
        image = f"{HOST}/users:prod"
        for image_id in (f"{HOST}/users@{DIGEST}", f"docker-pullable://{HOST}/users@{DIGEST}"):
            self.assertEqual(
                self.images(pod("users-1", image, image_id)),
                [
                    {"image": image, "digest": DIGEST, "usedBy": ["pod/shop/users-1"]},
                    {"image": image, "usedBy": ["pod/shop/users-1"]},
                ],
            )

    def test_what_only_a_template_names_is_in_use_by_its_tag(self):
        image = f"{HOST}/nightly:v1"
        template = {"spec": {"containers": [{"name": "app", "image": image}], "initContainers": None}}
        cron = {
            "kind": "CronJob",
            "metadata": {"namespace": "shop", "name": "nightly"},
            "spec": {"jobTemplate": {"spec": {"template": template}}},
        }
        deployment = {
            "kind": "Deployment",
            "metadata": {"namespace": "shop", "name": "asleep"},
            "spec": {"replicas": 0, "template": template},
        }
        self.assertEqual(
            self.images(cron, deployment),
            [{"image": image, "usedBy": ["cronjob/shop/nightly", "deployment/shop/asleep"]}],
        )

    def test_an_image_volume_is_in_use(self):
        thing = pod("model", "busybox")
        thing["spec"]["volumes"] = [{"name": "model", "image": {"reference": f"{HOST}/model:v1"}}, {"name": "other"}]
        self.assertIn({"image": f"{HOST}/model:v1", "usedBy": ["pod/shop/model"]}, self.images(thing))

    def test_what_is_no_list_or_has_no_pod_is_refused(self):
        cron = {"kind": "CronJob", "metadata": None, "spec": None}
        for listed in (None, [], {"items": None}, {"items": []}, {"items": [cron]}, {"items": ["pod"]},
                       {"kind": "Status", "code": 403}):
            with self.subTest(listed=listed), self.assertRaises(TOOL.NoList):
                TOOL.document(listed, "123456789012", "eu-west-1", NOW)
        self.assertEqual(self.images(cron), [])

    def test_the_document_says_whose_it_is_and_when_it_was_made(self):
        made = TOOL.document(pod("one", "nginx"), "123456789012", "eu-west-1", NOW)
        self.assertEqual((made["account"], made["at"], made["complete"]), ("123456789012", "2026-11-24T20:00:00Z", True))
        self.assertEqual(made["images"], [{"image": "nginx", "usedBy": ["pod/shop/one"]}])


if __name__ == "__main__":
    unittest.main()
