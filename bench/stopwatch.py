"""Runs command lines and says how long they took and how much memory they had."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scmmon_site.demo.isolation import BASE_DIR

TIMES = 5


class BenchError(RuntimeError):
    """A measured command did not do what it should, so its time means nothing."""


@dataclass(frozen=True)
class Measure:
    """What one run of a command took."""

    seconds: float
    peak_bytes: int


def say(text: str) -> None:
    """Tell on standard error what is going on; the table alone goes to standard output."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def run(command: list[str], environment: Mapping[str, str]) -> Measure:
    """Run a command to its end, its output thrown away; raises BenchError when it fails."""
    with tempfile.TemporaryFile() as complaints:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        complaints.seek(0)
        said = complaints.read()[-600:].decode(errors="replace")
    if process.returncode != 0:
        raise BenchError(f"{command} ended with {process.returncode}: {said}")
    return Measure(seconds, usage.ru_maxrss * 1024)


def asked(url: str, environment: Mapping[str, str], sql: str = "") -> dict[str, float]:
    """Return how the pages answer a request, in a process of their own, without the network; see bench.request."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.request", url, sql],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise BenchError(f"{url}: {done.stderr.decode(errors='replace')[-800:]}")
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def medians(*works: Callable[[], float], times: int = TIMES) -> list[float]:
    """Return the median seconds of works that are done in turn, so that all have the same weather."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(times):
        for work, seconds in zip(works, taken, strict=True):
            seconds.append(work())
    return [statistics.median(seconds) for seconds in taken]
