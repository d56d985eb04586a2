"""An estate to be measured: a database of its own, one hub, and nodes that are real sshd servers on loopback."""

import shutil
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import tomli_w

from bench.stopwatch import BenchError, Measure, run
from scmmon_site.demo.isolation import isolated_environment, manage_py
from scmmon_site.demo.sshd import ADDRESS, Sshd, make_key

LISTING = r"find {root} -type f -printf '%s %T@ %P\0'"


class Estate:
    """One hub whose replicas are these roots, each on a node of its own; a context in which they run."""

    def __init__(self, directory: Path, roots: list[Path]) -> None:
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        self.directory = directory
        self.roots = roots
        self.environment = isolated_environment(directory)
        self.key = make_key(directory / "client_key")
        self.known_hosts = directory / "known_hosts"
        self.servers = [Sshd(directory / f"sshd{number}", self.key) for number in range(len(roots))]

    def __enter__(self) -> Self:
        self._running = ExitStack()
        for server in self.servers:
            self._running.enter_context(server)
        self.known_hosts.write_text("".join(server.known_hosts_line() for server in self.servers))
        inventory = self.directory / "estate.toml"
        inventory.write_text(tomli_w.dumps(self._inventory()))
        run(manage_py("migrate", "--no-input"), self.environment)
        run(manage_py("import_config", str(inventory)), self.environment)
        self._fresh = self.directory / "fresh.sqlite3"
        shutil.copy(self.directory / "db.sqlite3", self._fresh)
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def forget(self) -> None:
        """Return to the database as it was before the first look."""
        for old in self.directory.glob("db.sqlite3*"):
            old.unlink()
        shutil.copy(self._fresh, self.directory / "db.sqlite3")

    def collect(self, *options: str) -> Measure:
        """Run one whole `collect`, start of Python included."""
        return run(manage_py("collect", "--no-alert", *options), self.environment)

    def raw(self, command: str = LISTING) -> float:
        """Return how long plain ssh takes to run a command on every node at once; {root} is the node's root."""
        began = time.perf_counter()
        running = [
            subprocess.Popen(
                [*self._ssh(server), command.format(root=root)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
            for server, root in zip(self.servers, self.roots, strict=True)
        ]
        if any([process.wait() for process in running]):  # noqa: C419 - all are waited for
            raise BenchError("plain ssh failed")
        return time.perf_counter() - began

    def _ssh(self, server: Sshd) -> list[str]:
        options = ["-F", "none", "-i", str(self.key), "-p", str(server.port)]
        options += ["-o", f"UserKnownHostsFile={self.known_hosts}", "-o", "BatchMode=yes"]
        return ["ssh", *options, f"{server.user}@{ADDRESS}"]

    def _inventory(self) -> dict[str, object]:
        nodes = [
            {
                "tag": f"N{number}",
                "host": ADDRESS,
                "port": server.port,
                "user": server.user,
                "identity_file": str(self.key),
                "known_hosts": str(self.known_hosts),
            }
            for number, server in enumerate(self.servers)
        ]
        replicas = [
            {"node": f"N{number}", "root": str(root), "role": "copy" if number else "source"}
            for number, root in enumerate(self.roots)
        ]
        hub = {"tag": "B", "name": "bench", "time_zone": "UTC", "replica": replicas}
        return {"node": nodes, "hub": [hub]}
