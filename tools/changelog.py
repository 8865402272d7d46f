#!/usr/bin/env python3
"""Reads CHANGELOG.md: the text of one version, and whether the file keeps its form.

    tools/changelog.py 0.2.0            prints what changed in that version
    tools/changelog.py --check          says what is wrong with the file; status 1 where something is
    tools/changelog.py --release v0.2.0 the same, and that this tag may be released; then prints its text

The form is that of https://keepachangelog.com/en/1.1.0/, and versions are those of https://semver.org.
"""

import argparse
import datetime
import pathlib
import re
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent

UNRELEASED = "Unreleased"
KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
NUMBER = r"(?:0|[1-9]\d*)"
WORD = rf"(?:{NUMBER}|\d*[A-Za-z-][0-9A-Za-z-]*)"
VERSION = re.compile(rf"({NUMBER})\.({NUMBER})\.({NUMBER})(?:-({WORD}(?:\.{WORD})*))?")
HEADING = re.compile(r"## \[([^\]]+)\](?: - (\S+))?")
LINK = re.compile(r"\[[^\]]+\]:\s")


class Section:
    """A version, its day, and the lines under it."""

    def __init__(self, name, date):
        self.name, self.date, self.lines = name, date, []

    def text(self):
        """Its lines without the link definitions at its end, and without empty lines around them."""
        lines = [line for line in self.lines if not LINK.match(line)]
        return "\n".join(lines).strip("\n")


def order(version):
    """What versions are sorted by (https://semver.org/#spec-item-11), or None where it is none."""
    match = VERSION.fullmatch(version)
    if match is None:
        return None
    *numbers, before = match.groups()
    words = [(0, int(word), "") if word.isdigit() else (1, 0, word) for word in before.split(".")] if before else []
    return (*map(int, numbers), not before, words)


def sections(text):
    """All headings of the second level with what stands under them, and what is wrong with the headings."""
    found, faults = [], []
    fenced = False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if line.startswith("## ") and not fenced:
            match = HEADING.fullmatch(line)
            if match is None:
                faults.append(f"{line!r} is neither '## [{UNRELEASED}]' nor '## [1.2.3] - 2026-11-24'")
            name, date = match.groups() if match else (line[3:], None)
            found.append(Section(name, date))
        elif found:
            found[-1].lines.append(line)
    return found, faults


def dated(date):
    try:
        return datetime.date.fromisoformat(date) if date and len(date) == 10 else None
    except ValueError:
        return None


def check(text, version):
    """What is wrong with a changelog, beside the version that the workspace has."""
    found, faults = sections(text)
    names = [section.name for section in found]
    if names[:1] != [UNRELEASED]:
        faults.append(f"its first section is not [{UNRELEASED}]")
    for section in found:
        if section.name == UNRELEASED:
            if section.date is not None:
                faults.append(f"[{UNRELEASED}] has a date")
        else:
            if order(section.name) is None:
                faults.append(f"[{section.name}] is not a version such as 1.2.3")
            if dated(section.date) is None:
                faults.append(f"[{section.name}] has no day such as 2026-11-24")
            if not section.text():
                faults.append(f"[{section.name}] says nothing")
        for line in section.lines:
            if line.startswith("### ") and line[4:] not in KINDS:
                faults.append(f"[{section.name}] has the heading {line[4:]!r}, which is none of {', '.join(KINDS)}")
    for name in sorted(set(names)):
        if names.count(name) > 1:
            faults.append(f"[{name}] stands {names.count(name)} times")
    released = [section for section in found if order(section.name) and dated(section.date)]
    for newer, older in zip(released, released[1:]):
        if order(newer.name) < order(older.name):
            faults.append(f"[{older.name}] stands under [{newer.name}], which is lower")
        if dated(newer.date) < dated(older.date):
            faults.append(f"[{newer.name}] is older than [{older.name}]")
    if order(version) is None:
        faults.append(f"the workspace's version {version!r} is not a version such as 1.2.3")
    elif released and order(version) < order(released[0].name):
        faults.append(f"Cargo.toml has version {version}, and [{released[0].name}] is released already")
    return faults


def check_release(text, version, tag):
    """What stands against a release under this tag."""
    faults = check(text, version)
    released = [section for section in sections(text)[0] if section.name != UNRELEASED]
    if tag != f"v{version}":
        faults.append(f"the tag is {tag}, and Cargo.toml has version {version}: the tag would be v{version}")
    if not released or released[0].name != version:
        newest = f"[{released[0].name}]" if released else "none"
        faults.append(f"the newest section of a version is {newest}: [{version}] is still to be written")
    unreleased = next((s for s in sections(text)[0] if s.name == UNRELEASED), None)
    if unreleased is not None and unreleased.text():
        faults.append(f"[{UNRELEASED}] says something that belongs into [{version}]")
    return faults


def of_version(text, version):
    """The text under a version; None where there is none."""
    return next((s.text() for s in sections(text)[0] if s.name == version), None)


def unwrapped(text):
    """The same without the line breaks inside paragraphs and items.

    GitHub shows each line break of a release's text as one, which the file's own 120 columns are not.
    """
    lines, fenced, open_ = [], False, False
    for line in text.splitlines():
        fence = line.lstrip().startswith("```")
        begins = fence or fenced or not line.strip() or re.match(r"\s*([-*+]|\d+\.)\s|#|\|", line)
        if begins or not open_:
            lines.append(line)
        else:
            lines[-1] = f"{lines[-1]} {line.strip()}"
        fenced ^= fence
        open_ = not fence and not fenced and bool(line.strip()) and not line.startswith(("#", "|"))
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("version", nargs="?")
    what.add_argument("--check", action="store_true")
    what.add_argument("--release", metavar="TAG")
    given = parser.parse_args()

    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"]["version"]
    faults = []
    if given.check:
        faults = check(text, version)
    elif given.release:
        faults = check_release(text, version, given.release)
    elif of_version(text, given.version) is None:
        faults = [f"there is no section [{given.version}]"]
    if faults:
        sys.exit("\n".join(f"CHANGELOG.md: {fault}" for fault in faults))
    if not given.check:
        print(unwrapped(of_version(text, given.version or version)))


if __name__ == "__main__":
    main()
