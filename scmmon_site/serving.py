"""Runs gunicorn and the django-q2 worker side by side until one of them ends or we are told to stop.

`make run` is `python -m scmmon_site.serving`, on whatever database the environment names; the demo uses it too.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from scmmon_site.demo.sshd import descendants, dies_with_us, end_processes

BASE_DIR = Path(__file__).resolve().parent.parent
DEFAULT_PORT = 8000
# Time for requests and looks that are under way. A look that is killed is `aborted` and safe to repeat.
PATIENCE_SECONDS = 15


def serve(port: int, environment: Mapping[str, str]) -> int:
    """Serve on http://127.0.0.1:port until stopped; return 0 then, or 1 when a server ended by itself."""
    commands = [_gunicorn(port), [sys.executable, "manage.py", "qcluster"]]
    servers: list[subprocess.Popen[bytes]] = []
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both ways of stopping are one
    try:
        servers.extend(_start(command, environment) for command in commands)
        while all(server.poll() is None for server in servers):
            time.sleep(0.2)
    except KeyboardInterrupt:
        return 0
    else:
        return 1
    finally:
        for sign in (signal.SIGINT, signal.SIGTERM):
            signal.signal(sign, signal.SIG_IGN)  # impatience must not leave a server behind
        _end(servers)


def _start(command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own: Ctrl-C then reaches only us, and we end it in order."""
    return subprocess.Popen(
        [*dies_with_us(), *command],
        cwd=BASE_DIR,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def _gunicorn(port: int) -> list[str]:
    options = ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
    options += ["--workers", "2", "--threads", "8", "--no-control-socket", "--log-level", "warning"]
    return [sys.executable, "-m", "gunicorn", *options, "scmmon_site.wsgi"]


def _end(servers: list[subprocess.Popen[bytes]]) -> None:
    for server in servers:
        server.terminate()
    deadline = time.monotonic() + PATIENCE_SECONDS
    for server in servers:
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(max(0.1, deadline - time.monotonic()))
        if server.poll() is None:
            end_processes([server.pid, *descendants(server.pid)])
            server.wait()


if __name__ == "__main__":
    try:
        sys.exit(serve(int(os.environ.get("PORT") or DEFAULT_PORT), os.environ))
    except ValueError:
        sys.exit("PORT is not a number.")
