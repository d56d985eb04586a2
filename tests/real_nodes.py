"""A hub in the test database whose replicas lie on real SSH nodes, and `collect` run on it in this process."""

import contextlib
import io
import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management import call_command

from hubs.models import Hub, Node, Replica
from probes.models import TarballSnapshot
from scmmon_site.demo.sshd import ADDRESS, Sshd
from tests.conftest import NodeFactory
from tests.proxy import Proxy

COLUMNS = ("path", "stamp_at", "size_bytes", "mtime_at", "sidecar_digest", "sidecar_state")


def hours_ago(count: int, newest: int = 2) -> list[datetime]:
    """Return moments an hour apart, the newest so many hours before now."""
    now = datetime.now(UTC).replace(microsecond=0)
    return [now - timedelta(hours=newest + number) for number in range(count)]


@dataclass
class Outcome:
    """What a `collect` came to."""

    exit_code: int
    report: dict[str, Any]
    seconds: float

    def of(self, node: str) -> dict[str, Any]:
        """Return what it reports of a node."""
        (replica,) = [entry for entry in self.report["replicas"] if entry["node"] == node]
        return dict(replica)

    @property
    def statuses(self) -> dict[str, str]:
        """The run status of each node."""
        return {entry["node"]: entry["status"] for entry in self.report["replicas"]}


class RealHub:
    """One hub; `add` gives it a replica on a new node."""

    def __init__(self, directory: Path, start: NodeFactory, client_key: Path, zone: str) -> None:
        self.directory, self.start, self.client_key = directory, start, client_key
        self.zone = zone
        self.row = Hub.objects.create(tag="C2", name="cms02", time_zone=zone)
        self.servers: dict[str, Sshd] = {}

    def root(self, node: str) -> Path:
        """Return where a node has its tarballs."""
        return self.directory / "nodes" / node / "backup" / "cms02"

    def add(self, node: str, seconds: float = 30, **options: Any) -> Sshd:
        """Start a node with an empty root and make it a replica that has so many seconds for each step."""
        self.root(node).mkdir(parents=True)
        self.servers[node] = server = self.start(node, **options)
        self.known_hosts(node).write_text(server.known_hosts_line())
        row = Node.objects.create(
            tag=node,
            host=ADDRESS,
            port=server.port,
            user=server.user,
            identity_file=str(self.client_key),
            known_hosts=str(self.known_hosts(node)),
            connect_timeout=timedelta(seconds=seconds),
            command_timeout=timedelta(seconds=seconds),
        )
        Replica.objects.create(hub=self.row, node=row, root=str(self.root(node)))
        return server

    def known_hosts(self, node: str) -> Path:
        """Return the file with a node's host key."""
        return self.directory / f"known_hosts_{node}"

    def put_behind(self, node: str, proxy: Proxy) -> None:
        """Reach a node through a proxy from now on."""
        Node.objects.filter(tag=node).update(port=proxy.port)
        self.known_hosts(node).write_text(self.servers[node].known_hosts_line(proxy.port))

    def collect(self, *options: str) -> Outcome:
        """Run `collect` as a person would, in this process."""
        out, began, exit_code = io.StringIO(), time.monotonic(), 0
        with contextlib.redirect_stderr(io.StringIO()):
            try:
                call_command("collect", *options, "--format=json", "--verbosity=0", stdout=out)
            except SystemExit as end:
                exit_code = int(end.code or 0)
        return Outcome(exit_code, json.loads(out.getvalue()), time.monotonic() - began)

    def rows(self, node: str) -> list[tuple[Any, ...]]:
        """Return what is recorded as being on a node."""
        there = TarballSnapshot.objects.filter(replica__node__tag=node, gone_at=None)
        return list(there.order_by("path").values_list(*COLUMNS))


def copy_tree(source: Path, target: Path) -> None:
    """Give another node the same files, as hard links."""
    for directory, _, names in os.walk(source):
        here = target / Path(directory).relative_to(source)
        here.mkdir(parents=True, exist_ok=True)
        for name in names:
            if not (here / name).exists():
                os.link(f"{directory}/{name}", here / name)
