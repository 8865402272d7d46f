"""Runs a command to its end, and prints what it took as one line of JSON: seconds from its start to its end,
seconds of CPU, and the peak in KiB.

The peak is the greatest of the command and of what it started and waited for, as the AWS CLI in a shell loop is.
"""

import json
import resource
import subprocess
import sys
import time

begun = time.monotonic()
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=False).returncode
wall = time.monotonic() - begun
used = resource.getrusage(resource.RUSAGE_CHILDREN)
cpu = used.ru_utime + used.ru_stime
print(json.dumps({"status": status, "wall": wall, "cpu": cpu, "peakKib": used.ru_maxrss}))
