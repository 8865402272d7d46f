"""docs/runbook.md has a section for each alarm of the template and each event, and no other.

It reads the translation that `.ci/translate.py` makes: STEWARD_TRANSLATED, or target/template.translated.json.
"""

import json
import os
import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TRANSLATED = Path(os.environ.get("STEWARD_TRANSLATED", ROOT / "target" / "template.translated.json"))
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")

# What somebody wants to know who was woken, in this order.
QUESTIONS = ["What it means", "Is anyone hurt?", "What to type", "What mends it", "It goes away by itself"]


def alarms():
    """Logical id -> the alarm."""
    resources = json.loads(TRANSLATED.read_text(encoding="utf-8"))["Resources"]
    return {name: r["Properties"] for name, r in resources.items() if r["Type"] == "AWS::CloudWatch::Alarm"}


def events():
    """The detail types, which are the titles of their schemas."""
    files = (ROOT / "schemas").glob("*.json")
    return {json.loads(file.read_text(encoding="utf-8"))["title"] for file in files}


def anchor(heading):
    """What a heading is linked by."""
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


def without_fences(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def sections(text):
    """Chapter -> heading -> its text."""
    chapters = {}
    for chapter in re.split(r"^## ", without_fences(text), flags=re.M)[1:]:
        name, _, rest = chapter.partition("\n")
        parts = [part.partition("\n") for part in re.split(r"^### ", rest, flags=re.M)[1:]]
        headings = [heading.strip() for heading, _, _ in parts]
        assert len(headings) == len(set(headings)), f"a section of {name} is there twice"
        chapters[name.strip()] = {heading.strip(): body for heading, _, body in parts}
    return chapters


class TheRunbook(unittest.TestCase):
    def setUp(self):
        self.chapters = sections(RUNBOOK)
        self.assertGreater(len(alarms()), 10, "the translation has its alarms")

    def test_every_alarm_has_a_section_and_no_section_is_without_an_alarm(self):
        self.assertEqual(set(self.chapters["Alarms"]), set(alarms()))

    def test_every_event_has_a_section_and_no_section_is_without_an_event(self):
        self.assertEqual(set(self.chapters["Events"]), events())

    def test_the_page_on_events_names_the_same_events(self):
        page = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
        table = page[page.index("| detail type |"):].partition("\n\n")[0]
        self.assertEqual(set(re.findall(r"^\| `([^`]+)` \|", table, flags=re.M)), events())

    def test_sections_stand_nowhere_else(self):
        elsewhere = {name for name, parts in self.chapters.items() if parts} - {"Alarms", "Events"}
        self.assertEqual(elsewhere, set())

    def test_every_section_answers_the_same_questions_in_the_same_order(self):
        for chapter in ("Alarms", "Events"):
            for heading, body in self.chapters[chapter].items():
                with self.subTest(section=heading):
                    asked = re.findall(r"^\*\*(.+?)\.?\*\*", body, flags=re.M)
                    self.assertEqual(asked, QUESTIONS)

    def test_every_alarm_says_where_its_page_is(self):
        for name, alarm in alarms().items():
            with self.subTest(alarm=name):
                self.assertTrue(
                    alarm["AlarmDescription"].endswith(f" docs/runbook.md#{anchor(name)}"), alarm["AlarmDescription"]
                )

    def test_every_link_to_a_section_of_a_page_leads_to_one(self):
        anchors, links = {}, []
        for page in (ROOT / "docs").glob("*.md"):
            text = without_fences(page.read_text(encoding="utf-8"))
            # A heading's code marks are not part of its anchor.
            anchors[page.name] = {anchor(heading) for heading in re.findall(r"^#+ (.+)$", text, flags=re.M)}
            for target, section in re.findall(r"\]\(([A-Za-z0-9-]*(?:\.md)?)#([^)]+)\)", text):
                links.append((page.name, target or page.name, section))
        self.assertGreater(len(links), 20)
        for page, target, section in links:
            with self.subTest(page=page, link=f"{target}#{section}"):
                self.assertIn(section, anchors.get(target, set()))


if __name__ == "__main__":
    unittest.main()
