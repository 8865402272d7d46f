"""Cloud Custodian with the offhours policy of its documentation for ECS, at this very hour: `custodian.py stop|start`.

It asks AWS STS whose account this is, which the embedded AWS does not have; that answer is given here.
"""

import datetime
import json
import sys
import tempfile
from pathlib import Path

import c7n.utils

hour = datetime.datetime.now(datetime.timezone.utc).hour
off = {"type": "resize", "min-capacity": 0, "desired": 0, "save-options-tag": "OffHoursPrevious", "suspend-scaling": True}
on = {"type": "resize", "restore-options-tag": "OffHoursPrevious", "restore-scaling": True}
stops = sys.argv[1] == "stop"
kind = "offhour" if stops else "onhour"
when = {"type": kind, kind: hour, "default_tz": "utc", "opt-out": True, "weekends": False}
# On a Saturday or Sunday the filter takes nothing: this is about what is done, and not when.
filters = [] if datetime.datetime.now(datetime.timezone.utc).weekday() > 4 else [when]
policy = {"name": "offhours", "resource": "ecs-service", "filters": filters, "actions": [off if stops else on]}

c7n.utils.get_account_id_from_sts = lambda *_: "123456789012"
from c7n import cli  # noqa: E402

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "policy.json"
    file.write_text(json.dumps({"policies": [policy]}))
    sys.argv = ["custodian", "run", "--cache-period", "0", "--output-dir", folder, "--region", "sa-east-1", str(file)]
    cli.main()
