"""The deployed test. `.ci/deployed` runs it.

    people, with signatures      EventBridge Scheduler, Lambda's own invocations
              │                        │
              ▼                        ▼
      API Gateway, IAM ──────▶  the five functions  ──▶  door.py ──┬──▶ ministack: ECS, ECR, EventBridge, S3, …
                                                                   └──▶ moto: both kinds of Auto Scaling

Everything on the left is ministack's too. It is an emulator of AWS that we did not write (MIT, no Docker): it deploys
the translated template by its CloudFormation, checks signatures and policies, and starts the functions as processes of
this machine. The embedded AWS of this repository (emulator/) has no part in it. The world is made, and looked at, with
boto3.

Where an emulator is wrong about AWS, the place says so, tests what can be tested, and names AWS's page:

- stack.py: what is changed in the template before it is deployed, and all parameters;
- door.py: what ministack lacks and who answers it;
- system.py: why schedules are fired by hand;
- checks.py: what a check can't see.

At its end it prints what the functions weigh here, and which actions of their roles no check needed.
"""

import argparse
import os
import signal
import sys
import time
import unittest

import checks
import figures
from system import System, binaries


def main():
    parser = argparse.ArgumentParser(prog=".ci/deployed")
    parser.add_argument("--without", nargs=2, metavar=("ROLE", "ACTION"),
                        help="take an action from a role of the template, such as ScaleServiceRole ecs:UpdateService")
    parser.add_argument("checks", nargs="*", help="a class, or class.method; all if none")
    given = parser.parse_args()

    # So that `finally` is reached: unittest takes any other exception for a failure, and goes on.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # As they stand in the file, and not by the alphabet: the last needs what the others did.
    every = [case(name) for case in checks.CHECKS for name in vars(case) if name.startswith("test_")]
    names = set(given.checks)
    wanted = [c for c in every if not names or {type(c).__name__, c.id().removeprefix("checks.")} & names]
    if not wanted:
        parser.error(f"no check is called {' or '.join(given.checks)}")
    suite = unittest.TestSuite(wanted)
    # Whoever runs this may have an account.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    began = time.monotonic()
    checks.SYSTEM = system = System(binaries(), taken=given.without)
    try:
        system.start()
        print(f"deployed from {system.binaries} in {time.monotonic() - began:.0f} s", flush=True)
        result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
        # After some checks alone they would say little.
        if result.wasSuccessful() and not given.checks:
            figures.show(system)
    finally:
        system.stop()
    sys.exit(not result.wasSuccessful())


if __name__ == "__main__":
    main()
