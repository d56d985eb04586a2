"""`demo`: a small estate of real sshd nodes on this machine with planted faults, collected and served."""

import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from scmmon_site.demo.estate import SITES, Estate, Plant
from scmmon_site.demo.isolation import isolated_environment, manage_py
from scmmon_site.demo.sshd import ADDRESS, SshdError
from scmmon_site.serving import DEFAULT_PORT, serve

LOGIN = "demo"
MAKE_LOGIN = """
import os
from django.contrib.auth import get_user_model
user, _ = get_user_model().objects.get_or_create(username=os.environ["DEMO_LOGIN"])
if not user.check_password(os.environ["DEMO_PASSWORD"]):
    user.is_staff = user.is_superuser = True
    user.set_password(os.environ["DEMO_PASSWORD"])
    user.save()
"""
ALL_COMPLETE, SOME_INCOMPLETE = 0, 3


class Command(BaseCommand):
    """Lay the trees, start the nodes, collect them, and serve the pages until Ctrl-C."""

    help = (
        "Run a small estate of real sshd nodes on this machine, with planted faults, and serve it."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--no-serve", action="store_true", help="do everything but serve")
        parser.add_argument(
            "--port",
            type=int,
            default=os.environ.get("PORT") or DEFAULT_PORT,
            help=f"where to serve (default: PORT or {DEFAULT_PORT})",
        )

    def handle(self, *, no_serve: bool, port: int, **_: Any) -> None:
        """Do it; what is there from an earlier demo is used again."""
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended in order by either signal
        directory = settings.VAR_DIR.resolve() / "demo"
        directory.mkdir(parents=True, exist_ok=True)
        if not no_serve:
            self._check_port(port)
        try:
            with _alone(directory):
                self._run(directory, port, no_serve=no_serve)
        except SshdError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stdout.write("\nStopped.")

    def _run(self, directory: Path, port: int, *, no_serve: bool) -> None:
        self.environment = isolated_environment(
            directory,
            SCMMON_SITE_URL=f"http://{ADDRESS}:{port}",
            EMAIL_URL=f"filemail:///{directory}/mails",
        )
        estate = Estate(directory)
        self._say(f"Laying a year of tarballs in {directory}")
        tarballs = estate.lay(datetime.now(UTC))
        estate.plant_in_trees()
        with estate:
            self._say(f"{tarballs} tarballs lie on {len(SITES)} nodes, each a real sshd")
            self._collect_all(estate)
            password = self._make_login(directory)
            all_named = self._summarise(estate.plants)
            if no_serve:
                if not all_named:
                    raise CommandError("Not every planted fault has its finding.")
                return
            self._say(f"Open http://{ADDRESS}:{port}/ and log in as {LOGIN} / {password}")
            self.stdout.write(f"Mails that it would send lie in {directory}/mails.")
            self.stdout.write("Ctrl-C ends it; `make demo` starts it again with what is there.")
            self.stdout.flush()
            if serve(port, self.environment):
                raise CommandError("A server ended by itself; see above.")
            self.stdout.write("\nStopped.")

    def _collect_all(self, estate: Estate) -> None:
        self._manage("migrate", "--no-input", "--verbosity", "0")
        self._manage("import_config", str(estate.inventory))
        if not estate.nodes_are_broken:
            self._say("A first look, while every node is well")
            self._manage("collect", expected=(ALL_COMPLETE,))
            estate.break_nodes()
            self._say("Then one node falls silent, and another comes back with a new host key")
        self._manage("collect", expected=(SOME_INCOMPLETE,))
        self._manage("setup_schedule")
        self._manage("collectstatic", "--no-input", "--verbosity", "0")

    def _manage(self, *arguments: str, expected: tuple[int, ...] = (0,)) -> None:
        """Run one of our commands before everybody's eyes; raises CommandError on an unexpected exit code."""
        self.stdout.write(self.style.MIGRATE_HEADING(f"$ manage.py {' '.join(arguments)}"))
        self.stdout.flush()
        code = subprocess.run(
            manage_py(*arguments), env=self.environment, stdin=subprocess.DEVNULL, check=False
        ).returncode
        if code not in expected:
            raise CommandError(f"manage.py {arguments[0]} ended with {code}, expected {expected}.")

    def _make_login(self, directory: Path) -> str:
        kept = directory / "password"
        if not kept.exists():
            kept.touch(mode=0o600)
            kept.write_text(secrets.token_urlsafe(12))
        password = kept.read_text()
        environment = self.environment | {"DEMO_LOGIN": LOGIN, "DEMO_PASSWORD": password}
        subprocess.run(manage_py("shell", "-v", "0", "-c", MAKE_LOGIN), env=environment, check=True)
        return password

    def _summarise(self, plants: list[Plant]) -> bool:
        """Say for each planted fault which open finding names it; return whether each is named."""
        self._say("What was planted, and the finding that names it")
        answer = subprocess.run(
            manage_py("findings", "--format", "json"),
            env=self.environment,
            capture_output=True,
            check=True,
        ).stdout
        findings = json.loads(answer)
        named: set[int] = set()
        for plant in plants:
            mine = [finding for finding in findings if plant.named_by(finding)]
            named.update(finding["id"] for finding in mine)
            where = " ".join(filter(None, [plant.hub, "on", plant.node, plant.repo]))
            self.stdout.write(f"  {where}: {plant.what}")
            verdict = f"{mine[0]['code']}: {mine[0]['message']}" if mine else "NO FINDING NAMES IT"
            self.stdout.write(f"    -> {verdict}")
        others = [finding for finding in findings if finding["id"] not in named]
        self.stdout.write(f"Other open findings, not planted: {len(others)}")
        for finding in others:
            self.stdout.write(f"  {finding['hub']} {finding['code']}: {finding['message']}")
        return all(any(map(plant.named_by, findings)) for plant in plants)

    def _say(self, sentence: str) -> None:
        self.stdout.write(self.style.SUCCESS(f"\n{sentence}"))

    def _check_port(self, port: int) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ADDRESS, port))
            except (OSError, OverflowError) as error:
                raise CommandError(
                    f"Port {port} cannot be used ({error}); choose another: PORT=8001 make demo"
                ) from error


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Hold the demo's lock, which dies with its holder; raises CommandError when another demo runs."""
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandError(f"Another demo is running in {directory}.") from error
        yield
