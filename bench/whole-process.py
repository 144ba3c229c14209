"""Runs a command and writes what its whole process has used to file descriptor 3, for processes of any language."""

import json
import os
import sys
import time

started = time.monotonic()
pid = os.fork()
if pid == 0:
    os.close(3)
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
os.write(
    3,
    json.dumps(
        {
            "wallSeconds": time.monotonic() - started,
            "cpuSeconds": usage.ru_utime + usage.ru_stime,
            "peakRssMb": round(usage.ru_maxrss / 1024),
        }
    ).encode(),
)
sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1)
