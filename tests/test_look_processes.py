"""Runs of `collect` as processes of their own that meet, are told to end, or are killed."""

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from probes.models import CollectRun, TarballSnapshot
from scmmon_site.demo.isolation import isolated_environment, manage_py
from scmmon_site.demo.trees import lay
from tests.conftest import NodeFactory, ProxyFactory
from tests.proxy import Mode, Proxy
from tests.real_nodes import RealHub, hours_ago

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

ENDS_WITHIN_SECONDS = 30
MID_LISTING = 20_000


class Estate:
    """A hub on one node behind a network, and `collect` as processes on the test's database."""

    def __init__(self, hub: RealHub, network: Proxy, directory: Path) -> None:
        self.hub, self.network = hub, network
        self.environment = isolated_environment(directory / "var", DATABASE_URL=_database_url())
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        """Start a `collect --full`."""
        self.started.append(
            subprocess.Popen(
                manage_py("collect", "--full", "--no-alert", "--verbosity", "0"),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        return self.started[-1]

    def collect(self) -> int:
        """Run one to its end; return its exit code."""
        return self.start().wait(ENDS_WITHIN_SECONDS)


def _database_url() -> str:
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    login = f"{database['USER']}:{database['PASSWORD']}".removesuffix(":")
    return f"postgres://{login}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"


@pytest.fixture
def estate(
    tmp_path: Path, sshd: NodeFactory, proxy: ProxyFactory, client_key: Path
) -> Iterator[Estate]:
    hub = RealHub(tmp_path, sshd, client_key, "Asia/Taipei")
    network = proxy(hub.add("vault"))
    hub.put_behind("vault", network)
    lay(hub.root("vault"), "tracs/env", hours_ago(300), zone=hub.zone, sizes=200)
    made = Estate(hub, network, tmp_path)
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
        process.wait()


def on_disk(hub: RealHub) -> list[str]:
    root = hub.root("vault")
    return sorted(str(file.relative_to(root)) for file in root.rglob("*.tar.gz"))


def test_of_five_at_once_one_works_and_the_others_say_so(estate: Estate) -> None:
    estate.network.set(Mode.THROTTLE, after=20_000)  # so slow that all of them meet

    codes = sorted(process.wait(60) for process in [estate.start() for _ in range(5)])

    assert codes == [0, 75, 75, 75, 75]
    assert [row[0] for row in estate.hub.rows("vault")] == on_disk(estate.hub)


def test_what_is_killed_at_any_moment_leaves_nothing_that_the_next_run_minds(
    estate: Estate,
) -> None:
    began = time.monotonic()
    assert estate.collect() == 0
    whole_seconds = time.monotonic() - began

    for number, part in enumerate((0.3, 0.5, 0.6, 0.7, 0.8, 0.9)):
        lay(estate.hub.root("vault"), f"tracs/new{number}", hours_ago(20), zone="Asia/Taipei")
        process = estate.start()
        time.sleep(part * whole_seconds)
        process.kill()
        process.wait()

    assert estate.collect() == 0
    assert [row[0] for row in estate.hub.rows("vault")] == on_disk(estate.hub)
    assert not TarballSnapshot.objects.exclude(gone_at=None).exists()
    assert not CollectRun.objects.filter(status="running").exists()


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_what_is_told_to_end_ends_soon_and_changes_nothing(
    estate: Estate, sign: signal.Signals, code: int
) -> None:
    estate.collect()
    known = estate.hub.rows("vault")
    estate.network.set(Mode.STALL, after=MID_LISTING)
    process = estate.start()
    assert estate.network.cut.wait(ENDS_WITHIN_SECONDS)

    process.send_signal(sign)

    assert process.wait(10) == code
    assert estate.hub.rows("vault") == known
    assert CollectRun.objects.latest("started_at").status == "aborted"
