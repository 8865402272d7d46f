"""Holds the embedded AWS against two opinions that this project did not write: botocore's models, and moto.

It starts both emulators, makes the same world in them, and sends the same calls to both: those of the functions, and
the writes that their world is made of, good and bad. Every answer of the embedded AWS must be of the form that
botocore's model gives it, and every refusal one that the model or the service's page of common errors names. Then
both answers are compared field by field; ids, digests, tokens and dates count as equal if both have one. Messages of
errors are not compared, as AWS documents none. Lists are compared without their order, as AWS promises none.

Where the two differ stands in differences.py, with who is right by AWS's documentation. A difference that is not there
fails, and one that is there and does not occur any more fails too.

    .ci/second_opinion_test target/debug/examples/second_opinion
"""

import json
import re
import sys
import urllib.request
from pathlib import Path

from calls import replay
from compare import Comparison, known, normal
from differences import NOT_IN_MOTO, differences, pages
from models import of_the_model
from sides import embedded, moto
from world import same_world

ROOT = Path(__file__).resolve().parent.parent.parent

# A service is the same whether it stands alone or in a list.
ONE_OF = {
    "services[]": "service", "clusters[]": "cluster", "tasks[]": "task", "containerInstances[]": "containerInstance",
    "Functions[]": "function", "Versions[]": "function", "Configuration": "function",
}


def outcome(answer):
    if answer.code is None:
        return "an answer"
    return "fails" if answer.status >= 500 else f"{answer.status} {answer.code}"


class Judge:
    """Sends each call to both, and keeps what the two opinions say of the answers."""

    def __init__(self, ours, theirs):
        self.ours, self.theirs = ours, theirs
        self.calls, self.fields, self.compared = 0, 0, 0
        self.called = set()
        self.wrong_form, self.found = [], {}

    def call(self, service, operation, case="", /, save=None, **parameters):
        answers = []
        for side in (self.ours, self.theirs):
            asked = {k: v(side.memory) if callable(v) else v for k, v in parameters.items()}
            answer = side.call(service, operation, asked)
            for name, find in (save or {}).items():
                try:
                    side.memory[name] = find(answer.body)
                except (LookupError, TypeError):
                    # Later calls would ask for nothing. Moto may have nothing: that is a difference by itself.
                    if side is self.ours:
                        raise
            answers.append(answer)
        ours, theirs = answers
        self.calls += 1
        self.called.add((service, operation))
        where = f"{service} {operation}" + (f" ({case})" if case else "")
        self.wrong_form += [f"{where}: {problem}" for problem in of_the_model(ours)]
        name = f"{service}:{operation}"
        if operation in NOT_IN_MOTO.get(service, ()):
            if theirs.body is not None:
                self.note(name, "the answer", "moto answers by now", case, None, None)
            return
        self.compared += 1
        if ours.code or theirs.code:
            self.fields += 2
            one, other = outcome(ours), outcome(theirs)
            if one != other:
                self.note(name, f"({case})", f"{one}; moto: {other}", case, ours.body, theirs.body)
            return
        bodies = normal(ours.body, known(self.ours)), normal(theirs.body, known(self.theirs))
        if case == "a page":
            # Which items come first is nobody's promise.
            bodies = [{k: f"{len(v)} items" if isinstance(v, list) else v for k, v in b.items()} for b in bodies]
        comparison = Comparison()
        comparison.compare("", *bodies)
        self.fields += comparison.fields
        for path, how, one, other in comparison.found:
            first, dot, rest = path.partition(".")
            self.note(name, ONE_OF.get(first, first) + dot + rest, how, case, one, other)

    def note(self, operation, path, how, case, one, other):
        self.found.setdefault((operation, path, how), []).append((case, one, other))

    def wait(self, span):
        body = json.dumps({"by": span}).encode()
        request = urllib.request.Request(f"{self.ours.url}/_emulator/move", body, {"content-type": "application/json"})
        urllib.request.urlopen(request, timeout=30).read()


def asked_for():
    """The operations that the roles of template.yaml allow, of the services that the embedded AWS has."""
    names = {"states": "stepfunctions"}
    # A condition key, and the permission to list objects.
    other = {("ecs", "CreateAction"): None, ("s3", "ListBucket"): "ListObjectsV2"}
    have = {service for service, _ in modelled()}
    for prefix, action in re.findall(r"\b([a-z0-9-]+):([A-Z]\w+)", (ROOT / "template.yaml").read_text()):
        operation = other.get((prefix, action), action)
        if names.get(prefix, prefix) in have and operation:
            yield names.get(prefix, prefix), operation


def modelled():
    """The operations that the embedded AWS has, as its source lists them."""
    names = {"application_autoscaling": "application-autoscaling", "eventbridge": "events"}
    for file in sorted((ROOT / "emulator/src").glob("*/mod.rs")):
        text = file.read_text()
        found = re.findall(r'(?:operation|reads)!\(\s*"(\w+)"', text) + re.findall(r'^\s+name: "(\w+)",', text, re.M)
        for operation in found:
            yield names.get(file.parent.name, file.parent.name), operation


def main():
    with embedded(sys.argv[1]) as ours, moto() as theirs:
        judge = Judge(ours, theirs)
        ours.memory |= {"subnet": "subnet-0a1b2c3d4e5f60718", "group": "sg-0a1b2c3d4e5f60718"}
        seeded = ours.call("ecr", "BatchGetImage", {"repositoryName": "web", "imageIds": [{"imageTag": "v1"}]})
        theirs.memory["v1"] = seeded.body["images"][0]["imageManifest"]
        same_world(theirs)
        replay(judge.call, judge.wait)
    problems = [f"wrong by botocore's model: {problem}" for problem in judge.wrong_form]
    for service, page in sorted(pages()):
        model = ours.client(service).meta.service_model
        if page not in {*model.operation_names, *model.shape_names}:
            problems.append(f"AWS has no page {page} for {service}")
    forgotten = sorted((set(modelled()) | set(asked_for())) - judge.called)
    problems += [f"never called: {service} {operation}" for service, operation in forgotten]
    rows = differences()
    for key, seen in sorted(judge.found.items()):
        if key not in rows:
            case, one, other = seen[0]
            short = lambda v: json.dumps(v, default=str)[:200]  # noqa: E731
            problems.append(
                f"a new difference: {' | '.join(key)} [{case}]\n      ours: {short(one)}\n      moto: {short(other)}")
    problems += [f"does not occur any more: {' | '.join(key)}" for key in sorted(rows.keys() - judge.found.keys())]
    right = {}
    for who, _ in rows.values():
        right[who] = right.get(who, 0) + 1
    print(
        f"{judge.calls} calls of {len(judge.called)} operations, held against botocore's models; "
        f"{judge.compared} of them compared with moto, {judge.fields} fields; {len(rows)} known differences: "
        + ", ".join(f"{who} {n}" for who, n in sorted(right.items()))
    )
    for problem in problems:
        print(f"  {problem}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
