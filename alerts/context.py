"""Where and as whom this process runs, and what it logged last: what a message about its work must hold."""

import getpass
import logging
import os
import platform
import shlex
import sys
from collections import deque
from dataclasses import dataclass

from django.conf import settings

from alerts.message import Facts, Verbatim

KEPT_LINES = 200
SHOWN_LINES = 40
_lines: deque[str] = deque(maxlen=KEPT_LINES)


class RecentLines(logging.Handler):
    """Keeps the last log lines of this process in memory."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line, or more where it has a traceback."""
        try:
            _lines.extend(self.format(record).splitlines())
        except Exception:  # noqa: BLE001 - as logging's own handlers do
            self.handleError(record)


def recent_lines() -> Verbatim:
    """Return what was logged last."""
    return Verbatim("Last log lines", "\n".join(list(_lines)[-SHOWN_LINES:]) or "none")


@dataclass(frozen=True)
class Context:
    """A process of ours, for people."""

    command_line: str
    user: str
    host: str
    process_id: int
    directory: str
    run_id: str = ""  # of the looks that it made

    @property
    def observer(self) -> str:
        """Who and where, in one word: user@host[pid]."""
        return f"{self.user}@{self.host}[{self.process_id}]"

    def facts(self, *more: tuple[str, str]) -> Facts:
        """Return it as a block of a message, with more facts after it."""
        pairs = (
            ("Command", self.command_line),
            ("User", self.user),
            ("Host", self.host),
            ("Process", str(self.process_id)),
            ("Directory", self.directory),
        )
        run = (("Run", self.run_id),) if self.run_id else ()
        return Facts("Where this comes from", (*pairs, *run, *more))

    def to_repeat(self, *words: str) -> Verbatim:
        """Return the line that runs a command of ours from anywhere."""
        line = shlex.join([sys.executable, "manage.py", *words])
        return Verbatim("To repeat it", f"cd {shlex.quote(self.directory)} && {line}")


def here(run_id: str = "") -> Context:
    """Return this process, with the id that the looks of one `collect` have in common."""
    return Context(
        command_line=shlex.join(sys.argv),
        user=_user(),
        host=platform.node(),
        process_id=os.getpid(),
        directory=str(settings.BASE_DIR),
        run_id=run_id,
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return str(os.getuid())
