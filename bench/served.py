"""A site of a database, served as in production: collected files, gunicorn, one user who may see all."""

import gzip
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.stopwatch import BenchError, run
from scmmon_site.demo.isolation import BASE_DIR, manage_py
from scmmon_site.demo.sshd import ADDRESS

USER, PASSWORD = "bench", "measured-here-only"
MAKE_USER = f"""
from django.contrib.auth.models import User
User.objects.filter(username={USER!r}).delete()
User.objects.create_superuser({USER!r}, password={PASSWORD!r})
"""
START_SECONDS = 60


@contextmanager
def served(environment: Mapping[str, str], extra: Mapping[str, bytes]) -> Iterator[str]:
    """Serve the site of this environment, with some static files more; gives its address."""
    static = Path(environment["SCMMON_VAR"], "static")
    shutil.rmtree(static, ignore_errors=True)
    run(manage_py("collectstatic", "--no-input"), environment)
    for name, data in extra.items():
        (static / name).write_bytes(data)
        (static / f"{name}.gz").write_bytes(gzip.compress(data, 6))
    run(manage_py("shell", "-c", MAKE_USER), environment)
    with socket.socket() as free:
        free.bind((ADDRESS, 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            *(
                sys.executable,
                "-m",
                "gunicorn",
                "--bind",
                f"{ADDRESS}:{port}",
                "--no-control-socket",
            ),
            *("--worker-class", "gthread", "--threads", "8", "scmmon_site.wsgi"),
        ],
        cwd=BASE_DIR,
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port)
        yield f"http://{ADDRESS}:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait(port: int) -> None:
    began = time.monotonic()
    while True:
        try:
            socket.create_connection((ADDRESS, port), timeout=1).close()
        except OSError:
            if time.monotonic() - began > START_SECONDS:
                raise BenchError("the site does not start") from None
            time.sleep(0.1)
        else:
            return
