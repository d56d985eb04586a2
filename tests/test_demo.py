"""`make demo`, as a newcomer has it: it shows what it planted, serves, ends clean, and goes on where it was."""

import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from scmmon_site.demo.isolation import BASE_DIR, SWITCHES, manage_py
from scmmon_site.demo.sshd import descendants

pytestmark = [pytest.mark.sshd, pytest.mark.xdist_group("demo")]

PATIENCE_SECONDS = 120


def demo(directory: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        manage_py("demo", *options),
        env=os.environ | {"SCMMON_VAR": str(directory)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def first(directory: Path) -> tuple[int, str]:
    """Run it once without serving; give its exit code and what it said."""
    with demo(directory, "--no-serve") as process:
        said = process.communicate(timeout=PATIENCE_SECONDS)[0]
    return process.returncode, said


def test_every_planted_fault_has_its_finding_and_there_is_no_other(first: tuple[int, str]) -> None:
    code, said = first

    assert code == 0, said
    planted = said.partition("What was planted")[2]
    for finding in ("overdue", "lagging", "size_mismatch", "no_sidecar", "unreachable", "host_key"):
        assert f"-> {finding}: " in planted
    assert "Other open findings, not planted: 0" in planted


@pytest.fixture
def served(
    directory: Path, first: tuple[int, str]
) -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    """Run it a second time, serving; give the process, what it said until it served, and the port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    said = ""
    with demo(directory, "--port", str(port)) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said += line
            if line.startswith("Ctrl-C"):
                break
        yield process, said, port
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=PATIENCE_SECONDS)


def page(url: str) -> str:
    """Return a page once the server is there."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return str(answer.read().decode())
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_a_second_demo_goes_on_with_what_is_there_and_ends_clean(
    served: tuple[subprocess.Popen[str], str, int], directory: Path
) -> None:
    process, said, port = served
    login = page(f"http://127.0.0.1:{port}/")
    below = descendants(process.pid)

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE_SECONDS)

    assert "no changes" in said
    assert "A first look" not in said
    assert (directory / "demo" / "password").read_text() in said
    assert "password" in login
    assert process.returncode == 0
    assert len(below) > 8
    assert not [pid for pid in below if Path(f"/proc/{pid}/exe").exists()]


def test_a_very_first_demo_serves_its_pages_with_their_files(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with demo(tmp_path_factory.mktemp("fresh"), "--port", str(port)) as process:
        assert process.stdout is not None
        while not process.stdout.readline().startswith("Ctrl-C"):
            assert process.poll() is None
        login = page(f"http://127.0.0.1:{port}/")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_SECONDS)

    assert "site." in login


def test_only_one_demo_runs_in_a_directory(
    served: tuple[subprocess.Popen[str], str, int], directory: Path
) -> None:
    with demo(directory, "--no-serve") as second:
        said = second.communicate(timeout=PATIENCE_SECONDS)[0]

    assert second.returncode == 1
    assert "Another demo is running" in said


def test_what_a_killed_demo_left_does_not_stop_the_next(
    served: tuple[subprocess.Popen[str], str, int], directory: Path
) -> None:
    process = served[0]
    process.kill()
    process.wait()

    with demo(directory, "--no-serve") as again:
        said = again.communicate(timeout=PATIENCE_SECONDS)[0]

    assert again.returncode == 0, said


def test_a_taken_port_is_said_at_once(directory: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        demo(directory, "--port", str(taken.getsockname()[1])) as process,
    ):
        said = process.communicate(timeout=PATIENCE_SECONDS)[0]

    assert process.returncode == 1
    assert "choose another: PORT=" in said


def test_every_switch_is_in_the_example() -> None:
    example = (BASE_DIR / ".env.example").read_text()
    listed = set(re.findall(r"^#([A-Z_]+)=", example, re.MULTILINE))
    sources = [BASE_DIR / "scmmon_site" / name for name in ("settings.py", "environment.py")]
    read = set(
        re.findall(
            r'ENVIRONMENT\.\w+\(\s*"([A-Z_]+)"',
            "".join(source.read_text() for source in sources),
        )
    )

    assert read <= listed
    assert set(SWITCHES) <= listed
