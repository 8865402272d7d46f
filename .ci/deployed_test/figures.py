"""What the functions weigh where they were deployed. Figures, and no checks: a busy machine would fail them."""

import os
import signal
import statistics
import time
from pathlib import Path

import checks
import stack

# A request of each that asks AWS little or nothing.
LIGHT = {
    "ScaleServiceFunction": {"action": "previewSchedule", "schedule": "office-hours", "count": 1},
    "DescribeClusterFunction": {"action": "listClusters"},
    "RunTaskFunction": {
        "action": "runTask", "cluster": "shop", "taskDefinition": "migrate", "like": "catalog", "dryRun": True,
    },
    "StopTaskFunction": {"action": "stopTasks", "cluster": "shop", "family": "nobody", "dryRun": True},
    "PruneImagesFunction": {"action": "evaluate", "policy": checks.EVERY_IMAGE_BUT_ONE, "images": []},
}


def milliseconds(system, logical):
    began = time.monotonic()
    system.invoke(system.stack, logical, LIGHT[logical])
    return (time.monotonic() - began) * 1000


def memory(process, what):
    """In MiB. VmHWM is the most that it ever had."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 1024
    return 0


def show(system):
    show_actions(system)
    show_weights(system)


def show_actions(system):
    """One that is taken from a role and is listed here would fail no check of this test."""
    called = checks.Roles.called()
    print("\nActions of the roles that nothing here needed")
    for function, actions in checks.Roles.allowed().items():
        rest = sorted(action for action in actions if (function, action) not in called)
        logical = next(name for name in stack.FUNCTIONS if system.stack[name] == function)
        print(f"  {stack.FUNCTIONS[logical]}: {', '.join(rest)}")


def show_weights(system):
    print("\nWhat the functions weigh here (cold: a new process until its answer; memory: the most of any process)")
    print(f"  {'function':<18}{'zip':>9}{'cold':>9}{'warm':>9}{'memory':>10}")
    for logical, function in stack.FUNCTIONS.items():
        milliseconds(system, logical)
        name = system.stack[logical]
        most = max(memory(process, "VmHWM") for process, _ in system.processes()[name])
        warm = statistics.median(milliseconds(system, logical) for _ in range(5))
        cold = []
        for _ in range(3):
            # The emulator keeps the unzipped code, so this is the start of the process alone.
            for process, _ in system.processes()[name]:
                os.kill(process, signal.SIGKILL)
            time.sleep(0.05)
            cold.append(milliseconds(system, logical))
        size = system.packages[function].stat().st_size / 1e6
        print(f"  {function:<18}{size:>6.1f} MB{statistics.median(cold):>6.0f} ms{warm:>6.0f} ms{most:>6.0f} MiB")
