"""
measure.py OUTPUT PROGRAM [ARGUMENT...]: runs the program and prints as JSON what it took: `wall` and `cpu` (user and
system, with all children that were waited for) in ms, `rss` (the peak of the largest process) in MiB, and its exit
`code`, negative for a signal. What the program prints goes to OUTPUT.

A small process of its own, because the kernel counts the memory of whoever starts a program as the program's.
"""

import json
import os
import sys
import time

output, *argv = sys.argv[1:]
flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
files = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, output, flags, 0o644)]
began = time.perf_counter()
pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=[*files, (os.POSIX_SPAWN_DUP2, 1, 2)])
_, status, usage = os.wait4(pid, 0)
wall = time.perf_counter() - began
result = {
    "wall": wall * 1e3,
    "cpu": (usage.ru_utime + usage.ru_stime) * 1e3,
    "rss": usage.ru_maxrss / 1024,
    "code": os.waitstatus_to_exitcode(status),
}
print(json.dumps(result))
