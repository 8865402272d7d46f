#!/usr/bin/env python3
"""What a deployment costs a month, from AWS's list prices: tools/costs.py prints the tables of docs/costs.md.

It runs without anything installed. Prices are those of us-east-1, in USD; each says where it is from. What a run takes
was measured: see docs/costs.md. Change a number here, and write the table anew:

    tools/costs.py
"""

from dataclasses import dataclass

MILLION = 1_000_000

# Price, its unit, and where AWS says so. The pages fill in their tables by a script, so most were read from AWS's Price List
# (https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/index.json) as others quote it, on the date that stands there.
PRICES = {
    # https://aws.amazon.com/lambda/pricing/ ; Price List, September 2026
    "Lambda arm64, GB-second": 0.0000133334,
    # https://aws.amazon.com/lambda/pricing/ (in its text), September 2026
    "Lambda, request": 0.20 / MILLION,
    # https://aws.amazon.com/cloudwatch/pricing/ ; Price List, September 2026
    "CloudWatch custom metric, month": 0.30,
    "CloudWatch alarm, month": 0.10,
    "CloudWatch Logs, GB taken in": 0.50,
    # Of memory: 0.03 a GB-month, of what is compressed. It was not looked up.
    "CloudWatch Logs, GB kept a month": 0.03,
    # https://aws.amazon.com/eventbridge/pricing/ ; March 2026
    "EventBridge, custom event": 1.00 / MILLION,
    # The same page; Price List: nothing for the first 14 million of a month.
    "EventBridge Scheduler, invocation": 1.00 / MILLION,
    # https://aws.amazon.com/api-gateway/pricing/ (its example), September 2026
    "API Gateway REST, request": 3.50 / MILLION,
    # https://aws.amazon.com/sqs/pricing/ ; Price List, September 2026
    "SQS, request": 0.40 / MILLION,
    # https://aws.amazon.com/xray/pricing/ (in its text)
    "X-Ray, trace": 5.00 / MILLION,
}

# What an account has for nothing every month, without an end, in the units of PRICES. It is the whole account's.
FREE = {
    "Lambda arm64, GB-second": 400_000,
    "Lambda, request": MILLION,
    "CloudWatch custom metric, month": 10,
    "CloudWatch alarm, month": 10,
    "CloudWatch Logs, GB taken in": 5,
    "CloudWatch Logs, GB kept a month": 5,
    "EventBridge Scheduler, invocation": 14 * MILLION,
    "SQS, request": MILLION,
    "X-Ray, trace": 100_000,
}

DAYS = 30
HOURS = DAYS * 24
TICKS = HOURS * 12  # reconcile, every five minutes
NIGHTS = 22  # evenings on which services go off: Monday to Friday

# Lambda gives a whole vCPU at 1,769 MB, and less of it below
# (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html). What was measured had one.
VCPU_MB = 1769
MEMORY_MB = 512
PRUNE_MEMORY_MB = 1024
# START, END and REPORT, which Lambda itself writes of each invocation.
LAMBDA_LOG = 350
# A line of the API's access log.
ACCESS_LOG = 600
GB = 1_000_000_000
# Logs are kept for LogRetentionDays, and CloudWatch keeps them compressed: to a sixth or so.
KEPT_MONTHS, COMPRESSED = 3, 1 / 6


@dataclass(frozen=True)
class Run:
    """What one invocation takes."""

    calls: int  # of AWS's APIs
    seconds: float  # with a whole vCPU, at 20 ms a call
    cpu: float  # seconds of it; of a build without optimisation, so this is an upper bound
    log: int  # bytes

    def billed(self, memory: int = MEMORY_MB) -> float:
        """Seconds in Lambda, where the same work has less of a vCPU."""
        return self.seconds + self.cpu * max(VCPU_MB / memory - 1, 0)


@dataclass(frozen=True)
class Fleet:
    """A deployment, and what its runs take."""

    services: int
    clusters: int
    quiet: Run  # a tick with nothing to do
    evening: Run  # all services go off
    morning: Run  # all are started
    whole: Run  # the tick after it: all are handed back
    check: Run  # the bedtime check
    asked: int  # calls of the API in a month

    def name(self) -> str:
        return f"{self.services:,} services"


FLEETS = [
    Fleet(
        10, 1,
        quiet=Run(5, 0.14, 0.02, 1303), evening=Run(41, 0.78, 0.09, 21_668),
        morning=Run(31, 0.34, 0.07, 16_009), whole=Run(20, 0.64, 0.07, 11_371),
        check=Run(14, 0.21, 0.05, 829), asked=1_000,
    ),
    Fleet(
        100, 5,
        quiet=Run(18, 0.22, 0.06, 1306), evening=Run(351, 23.79, 1.01, 204_263),
        morning=Run(251, 15.65, 0.68, 147_867), whole=Run(150, 11.06, 0.44, 101_556),
        check=Run(31, 0.24, 0.09, 830), asked=5_000,
    ),
    Fleet(
        1_000, 20,
        quiet=Run(123, 2.89, 0.46, 1309), evening=Run(3_428, 258.92, 10.89, 2_032_368),
        morning=Run(2_428, 249.44, 7.64, 1_466_375), whole=Run(1_427, 127.83, 4.88, 1_003_361),
        check=Run(183, 3.88, 0.66, 832), asked=20_000,
    ),
]

# A call of the API: that of one service, say. A night's pruning of 100 repositories with 1,000 images each: docs/costs.md.
CALL = Run(4, 0.20, 0.02, 900)
PRUNING = Run(900, 15, 3, 3_000_000)

# Custom metrics are billed by the hour in which they are written.
TICKING_METRICS = 11  # of scale-service: each tick writes them
CHECK_METRICS = 3  # of describe-cluster, by its two checks a day
CALLED_METRICS = 2  # those of them that each call of the API writes too, in working hours: ten a day
PRUNE_METRICS = 4
TASK_METRICS = 4  # of run-task and stop-task, where somebody uses them: an hour a day
ALL_METRICS = TICKING_METRICS + CHECK_METRICS + PRUNE_METRICS + TASK_METRICS

ALARMS = 12  # with scale-service and describe-cluster alone
ALL_ALARMS = 19


def usage(fleet: Fleet, everything: bool) -> dict[str, float]:
    """What a month uses, in the units of PRICES; with everything that can be deployed, or by default."""
    runs = [
        (fleet.quiet, TICKS - 3 * NIGHTS, MEMORY_MB),
        (fleet.evening, NIGHTS, MEMORY_MB),
        (fleet.morning, NIGHTS, MEMORY_MB),
        (fleet.whole, NIGHTS, MEMORY_MB),
        (fleet.check, 2 * DAYS, MEMORY_MB),
        (CALL, fleet.asked, MEMORY_MB),
    ]
    metrics = TICKING_METRICS + (CHECK_METRICS * 2 * DAYS + CALLED_METRICS * 10 * NIGHTS) / HOURS
    if everything:
        runs.append((PRUNING, DAYS, PRUNE_MEMORY_MB))
        metrics += (PRUNE_METRICS + TASK_METRICS) * DAYS / HOURS
    invocations = sum(times for _, times, _ in runs)
    scheduled = TICKS + 2 * DAYS + (DAYS if everything else 0)
    logs = sum((run.log + LAMBDA_LOG) * times for run, times, _ in runs) + ACCESS_LOG * fleet.asked
    # A run that changed something, and of each cluster that services go off soon.
    events = NIGHTS * (3 + fleet.clusters)
    return {
        "Lambda arm64, GB-second": sum(run.billed(memory) * memory / 1024 * times for run, times, memory in runs),
        "Lambda, request": invocations,
        "CloudWatch custom metric, month": metrics,
        "CloudWatch alarm, month": ALL_ALARMS if everything else ALARMS,
        "CloudWatch Logs, GB taken in": logs / GB,
        "CloudWatch Logs, GB kept a month": logs / GB * KEPT_MONTHS * COMPRESSED,
        "EventBridge, custom event": events,
        "EventBridge Scheduler, invocation": scheduled,
        "API Gateway REST, request": fleet.asked,
        "SQS, request": 0,  # only what is given up is written there
        # X-Ray samples the first request of each second and 5 % of the rest; runs are further apart.
        "X-Ray, trace": invocations,
    }


def cost(used: dict[str, float], free: bool) -> dict[str, float]:
    """USD, at list prices; or after what is free, where nothing else in the account uses that."""
    return {
        what: max(amount - (FREE.get(what, 0) if free else 0), 0) * PRICES[what] for what, amount in used.items()
    }


def number(value: float) -> str:
    if value == 0:
        return "0"
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"


def table(header: list[str], rows: list[list[str]]) -> str:
    line = "| " + " | ".join(header) + " |"
    rule = "|" + "---|" + "---:|" * (len(header) - 1)
    return "\n".join([line, rule, *("| " + " | ".join(row) + " |" for row in rows)])


def measured() -> str:
    """What a run takes: the inputs."""
    rows = []
    for name in ("quiet", "evening", "morning", "whole", "check"):
        words = {
            "quiet": "a quiet tick", "evening": "the evening: all go off", "morning": "the morning: all are started",
            "whole": "the tick after it: all are up", "check": "a bedtime check",
        }
        row = [words[name]]
        for fleet in FLEETS:
            run = getattr(fleet, name)
            row.append(f"{run.calls:,} calls, {run.seconds:.1f} s, {run.log / 1000:,.1f} kB")
        rows.append(row)
    return table(["", *(fleet.name() for fleet in FLEETS)], rows)


def monthly() -> str:
    """What a month costs by default, line by line."""
    used = [usage(fleet, False) for fleet in FLEETS]
    costs = [cost(u, False) for u in used]
    rows = [
        [what, *(f"{number(u[what])}: ${c[what]:.2f}" for u, c in zip(used, costs))]
        for what in PRICES
    ]
    rows.append(["**at list price**", *(f"**${sum(c.values()):.2f}**" for c in costs)])
    left = [cost(u, True) for u in used]
    rows.append(["after an account's free share", *(f"${sum(c.values()):.2f}" for c in left)])
    full = [cost(usage(fleet, True), False) for fleet in FLEETS]
    rows.append(["with all five functions, and images pruned nightly", *(f"${sum(c.values()):.2f}" for c in full)])
    return table(["a month", *(fleet.name() for fleet in FLEETS)], rows)


if __name__ == "__main__":
    print(measured())
    print()
    print(monthly())
