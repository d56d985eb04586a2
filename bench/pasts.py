"""A hub with years of history and no tarball on any disk: written as CSV, taken in by `import_snapshots`."""

import csv
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import tomli_w

from bench.stopwatch import Measure, asked, run
from scmmon_site.demo.isolation import isolated_environment, manage_py

DAY, KEPT_FOR = timedelta(days=1), timedelta(days=14)
COLUMNS = "hub,node,root,path,size_bytes,mtime_at,sidecar_digest,sidecar_size,first_seen_at,gone_at"
# What is unknown is not judged: each replica has just been looked at.
LOOK_AT_ALL = """
from django.utils import timezone
from hubs.models import Replica
from probes.models import CollectRun
now = timezone.now()
for replica in Replica.objects.all():
    CollectRun.objects.create(
        replica=replica, batch="bench", started_at=now, finished_at=now, status="ok", full=True, seen=1
    )
"""


@dataclass(frozen=True)
class Extent:
    """How much history of each hub: one tarball a day of each repo on each replica, the older ones purged."""

    days: int
    repos: int = 20
    replicas: int = 6
    hubs: int = 1

    @property
    def tags(self) -> list[str]:
        """The hubs: B, B1, B2 and so on."""
        return ["B", *(f"B{number}" for number in range(1, self.hubs))]


class Past:
    """A database with that history."""

    def __init__(self, directory: Path, size: Extent) -> None:
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        self.size = size
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.environment = isolated_environment(directory)
        self._lay(directory)

    def judge(self) -> Measure:
        """Run one whole `judge`, start of Python included."""
        return run(manage_py("judge", "--no-alert"), self.environment)

    def backtest(self, days: int) -> Measure:
        """Run the rules over the last days, with a look every six hours."""
        since = (self.now - days * DAY).date().isoformat()
        return run(manage_py("backtest", "B", "--since", since), self.environment)

    def ask(self, url: str, sql: str = "") -> dict[str, float]:
        """Return how the pages answer a request, and how long the SQL takes, in a process of its own."""
        return asked(url, self.environment, sql)

    def _lay(self, directory: Path) -> None:
        inventory, history = directory / "estate.toml", directory / "history.csv"
        inventory.write_text(tomli_w.dumps(self._inventory()))
        with history.open("w", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(COLUMNS.split(","))
            lines.writerows(self._rows())
        for command in (
            ("migrate", "--no-input"),
            ("import_config", str(inventory)),
            ("import_snapshots", str(history)),
            ("shell", "-c", LOOK_AT_ALL),
        ):
            run(manage_py(*command), self.environment)
        history.unlink()

    def _inventory(self) -> dict[str, object]:
        numbers = range(self.size.replicas)
        replicas = [
            {"node": f"N{number}", "root": "/backup", "role": "copy" if number else "source"}
            for number in numbers
        ]
        return {
            "node": [{"tag": f"N{number}", "transport": "local"} for number in numbers],
            "hub": [
                {"tag": tag, "name": "bench", "time_zone": "UTC", "replica": replicas}
                for tag in self.size.tags
            ],
        }

    def _rows(self) -> Iterator[tuple[object, ...]]:
        first = self.now - timedelta(days=self.size.days)
        for tag, number in product(self.size.tags, range(self.size.replicas)):
            for repo in range(self.size.repos):
                draw = random.Random(repo)  # noqa: S311 - sizes, not secrets; alike on all replicas
                size_bytes = 100_000_000.0
                for day in range(self.size.days):
                    size_bytes *= 1.0005 * draw.gauss(1, 0.0005)
                    yield self._row(tag, number, repo, first + day * DAY, round(size_bytes))

    def _row(
        self, tag: str, number: int, repo: int, at: datetime, size_bytes: int
    ) -> tuple[object, ...]:
        path = f"tracs/env{repo}/{at:%Y/%m/%d/%H%M%S}/env{repo}.tar.gz"
        gone_at = at + KEPT_FOR
        return (
            tag,
            f"N{number}",
            "/backup",
            path,
            size_bytes,
            at.isoformat(),
            f"{repo:04x}{at:%Y%m%d%H%M%S}".ljust(32, "0"),
            size_bytes,
            (at + timedelta(minutes=20 + 30 * number)).isoformat(),
            gone_at.isoformat() if gone_at < self.now else "",
        )
