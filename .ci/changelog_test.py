"""What tools/changelog.py says of changelogs, and that CHANGELOG.md keeps its form."""

import importlib.util
import pathlib
import tomllib
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SPEC = importlib.util.spec_from_file_location("changelog", ROOT / "tools" / "changelog.py")
TOOL = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(TOOL)

GOOD = """\
# Changelog

Words before the first section.

## [Unreleased]

## [0.10.0] - 2026-12-01

### Added

- A thing that takes
  two lines.
- Another.

```text
## [not a heading]
  kept as it is
```

## [0.9.1] - 2026-11-24

### Fixed

- A bug.

[0.9.1]: https://example.com/0.9.1
"""


class Form(unittest.TestCase):
    def test_the_changelog_of_this_project_keeps_it(self):
        version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
        self.assertEqual(TOOL.check((ROOT / "CHANGELOG.md").read_text(), version), [])

    def test_a_good_one_has_no_fault_before_a_release_and_after_it(self):
        for version in ("0.10.0", "0.10.1", "0.11.0", "1.0.0-rc.1"):
            self.assertEqual(TOOL.check(GOOD, version), [], version)

    def test_each_fault_is_named(self):
        for old, new, says in [
            ("## [Unreleased]\n", "", "its first section is not [Unreleased]"),
            ("## [Unreleased]", "## [Unreleased] - 2026-12-02", "[Unreleased] has a date"),
            ("## [Unreleased]", "## Unreleased", "is neither"),
            ("[0.10.0]", "[v0.10.0]", "[v0.10.0] is not a version"),
            ("[0.10.0]", "[0.010.0]", "[0.010.0] is not a version"),
            ("2026-12-01", "2026-13-01", "[0.10.0] has no day"),
            (" - 2026-12-01", "", "[0.10.0] has no day"),
            ("2026-12-01", "2026-11-01", "[0.10.0] is older than [0.9.1]"),
            ("[0.10.0]", "[0.9.0]", "[0.9.1] stands under [0.9.0]"),
            ("[0.10.0]", "[0.9.1]", "[0.9.1] stands 2 times"),
            ("### Fixed\n\n- A bug.\n", "", "[0.9.1] says nothing"),
            ("### Fixed", "### Bugs", "the heading 'Bugs'"),
        ]:
            with self.subTest(new=new):
                self.assertIn(old, GOOD)
                faults = TOOL.check(GOOD.replace(old, new, 1), "0.10.0")
                self.assertTrue(any(says in fault for fault in faults), faults)

    def test_the_workspace_never_has_a_version_that_is_past(self):
        self.assertIn("is released already", " ".join(TOOL.check(GOOD, "0.9.9")))
        self.assertIn("is released already", " ".join(TOOL.check(GOOD, "0.10.0-rc.1")))
        self.assertIn("is not a version", " ".join(TOOL.check(GOOD, "0.10")))

    def test_versions_have_the_order_of_semantic_versioning(self):
        rising = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
                  "1.0.0-rc.1", "1.0.0", "1.2.0", "1.10.0", "2.0.0"]
        self.assertEqual(sorted(reversed(rising), key=TOOL.order), rising)


class Release(unittest.TestCase):
    def test_the_text_of_a_version_is_what_stands_under_it(self):
        self.assertEqual(TOOL.of_version(GOOD, "0.9.1"), "### Fixed\n\n- A bug.")
        self.assertIsNone(TOOL.of_version(GOOD, "0.9.0"))

    def test_paragraphs_and_items_lose_their_line_breaks_and_blocks_keep_theirs(self):
        text = TOOL.unwrapped(TOOL.of_version(GOOD, "0.10.0"))
        self.assertIn("- A thing that takes two lines.\n- Another.\n", text)
        self.assertIn("```text\n## [not a heading]\n  kept as it is\n```", text)

    def test_a_tag_is_released_only_where_it_is_what_the_files_say(self):
        self.assertEqual(TOOL.check_release(GOOD, "0.10.0", "v0.10.0"), [])
        more = GOOD.replace("## [Unreleased]\n", "## [Unreleased]\n\n- Something.\n")
        for text, version, tag, says in [
            (GOOD, "0.10.0", "v0.10.1", "the tag is v0.10.1"),
            (GOOD, "0.10.0", "0.10.0", "the tag is 0.10.0"),
            (GOOD, "0.11.0", "v0.11.0", "[0.11.0] is still to be written"),
            ("## [Unreleased]\n", "0.1.0", "v0.1.0", "[0.1.0] is still to be written"),
            (more, "0.10.0", "v0.10.0", "belongs into [0.10.0]"),
        ]:
            with self.subTest(version=version, tag=tag):
                faults = TOOL.check_release(text, version, tag)
                self.assertTrue(any(says in fault for fault in faults), faults)


if __name__ == "__main__":
    unittest.main()
