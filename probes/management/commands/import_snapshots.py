"""`import_snapshots`: brings history from a CSV file into the database."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import CommandError, CommandParser, OutputWrapper
from django.utils import timezone

from hubs.commands import EX_USAGE, WatchCommand
from hubs.models import Hub, Replica
from probes.locks import locked_replicas
from probes.look.ingest import store_history
from probes.pictures import mark_all
from probes.reports import EX_LOCKED
from probes.snapshot_csv import COLUMNS, Problem, read_lines
from probes.snapshot_spool import SnapshotSpool

MOST_PROBLEMS_SHOWN = 20
LINES_A_STEP = 5000  # of progress
PROGRESS_WIDTH = 50
INTERRUPTED = 130


class Command(WatchCommand):
    """Check every line, then store what is new."""

    help = (
        "Bring history into the database from a CSV file as export_snapshots writes it. With any wrong line nothing "
        "is stored and the exit code is 2. What is stored already stays as it is: a second import changes nothing, "
        "and one that was interrupted is finished by running it again. "
        f"Columns, in any order: {', '.join(COLUMNS)}."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE.csv", help="- reads standard input")
        self.add_format(parser)

    def handle(self, **options: Any) -> None:
        replicas = list(Replica.objects.select_related("hub", "node"))
        progress = Progress(self.stderr, wanted=bool(options["verbosity"]))
        try:
            with closing(SnapshotSpool()) as spool:
                check(options["file"], replicas, spool, progress)
                new, known = store(replicas, spool, progress)
        except KeyboardInterrupt:
            raise CommandError(
                "interrupted: what is stored is right, run it again to bring the rest",
                returncode=INTERRUPTED,
            ) from None
        finally:
            progress.clear()
        lines = new.total() + known.total()
        if options["format"] == "json":
            self.print_json({"lines": lines, "new": new.total(), "known": known.total()})
        elif options["verbosity"]:
            for replica in replicas:
                if new[replica.pk] or known[replica.pk]:
                    where = f"{replica}, {replica.root}"
                    self.stdout.write(f"{where}: {_counts(new[replica.pk], known[replica.pk])}")
            self.stdout.write(f"{lines} lines: {_counts(new.total(), known.total())}")


def check(
    file: str, replicas: Iterable[Replica], spool: SnapshotSpool, progress: "Progress"
) -> None:
    """Read a whole file into the spool and sort it; raises CommandError when a line is wrong."""
    problems, places = Problems(), Places(replicas)
    try:
        with _opened(file) as text:
            for line in read_lines(text):
                if isinstance(line, Problem):
                    problems.add(line)
                    continue
                try:
                    replica_id = places.find(line.hub, line.node, line.root)
                except LookupError as problem:
                    problems.add(Problem(line.number, str(problem)))
                    continue
                spool.add(replica_id, line.number, line.tarball)
                if spool.lines % LINES_A_STEP == 0:
                    progress.show(f"{spool.lines} lines read")
    except OSError as problem:
        raise CommandError(f"{file}: {problem.strerror or problem}", returncode=EX_USAGE) from None
    spool.sort()
    for contradiction in spool.contradictions():
        problems.add(contradiction)
    if problems.number:
        told = "\n".join(problems.told())
        raise CommandError(f"{file}: nothing was stored\n{told}", returncode=EX_USAGE)


def store(
    replicas: Iterable[Replica], spool: SnapshotSpool, progress: "Progress"
) -> tuple[Counter[int], Counter[int]]:
    """Store what waits in the spool, some thousand lines at a time; return how many were new and known, by replica.

    Raises CommandError when one of the replicas is being looked at.
    """
    new, known = Counter[int](), Counter[int]()
    by_id, now, done = {replica.pk: replica for replica in replicas}, timezone.now(), 0
    with locked_replicas(spool.replica_ids()) as mine:
        if busy := [str(by_id[pk]) for pk in spool.replica_ids() - mine]:
            raise CommandError(
                f"nothing was stored: another run is at {', '.join(sorted(busy))}",
                returncode=EX_LOCKED,
            )
        for chunk in spool.chunks():
            added = store_history(by_id[chunk.replica_id], chunk.tarballs, now)
            new[chunk.replica_id] += added
            known[chunk.replica_id] += chunk.lines - added
            done += chunk.lines
            progress.show(f"{done} of {spool.lines} lines stored")
    mark_all(Hub.objects.filter(replicas__in=[pk for pk, added in new.items() if added]))
    return new, known


class Places:
    """The replicas, as lines name them."""

    def __init__(self, replicas: Iterable[Replica]) -> None:
        self._roots: dict[str, dict[str, dict[str, int]]] = {}
        for replica in replicas:
            nodes = self._roots.setdefault(replica.hub.tag, {})
            nodes.setdefault(replica.node.tag, {})[_plain_root(replica.root)] = replica.pk

    def find(self, hub: str, node: str, root: str) -> int:
        """Return the id of a replica; raises LookupError, whose text says what there is not."""
        if (nodes := self._roots.get(hub)) is None:
            raise LookupError(f"there is no hub {hub!r} with replicas")
        if (roots := nodes.get(node)) is None:
            raise LookupError(f"hub {hub} has no replica on a node {node!r}")
        if not root and len(roots) > 1:
            raise LookupError(f"hub {hub} has several roots on {node}: name one of {_list(roots)}")
        if not root:
            return next(iter(roots.values()))
        replica_id = roots.get(_plain_root(root))
        if replica_id is None:
            raise LookupError(f"hub {hub} has no root {root!r} on {node}, but {_list(roots)}")
        return replica_id


@dataclass
class Problems:
    """What is wrong with a file: the first of it in words, the rest as a number."""

    kept: list[Problem] = field(default_factory=list)
    number: int = 0

    def add(self, problem: Problem) -> None:
        """Take one."""
        self.number += 1
        if len(self.kept) < MOST_PROBLEMS_SHOWN:
            self.kept.append(problem)

    def told(self) -> list[str]:
        """Return them for people, by line."""
        more = self.number - len(self.kept)
        return [str(problem) for problem in sorted(self.kept)] + [f"and {more} more"] * bool(more)


class Progress:
    """One line on a terminal that says how far it is; nothing elsewhere."""

    def __init__(self, stream: OutputWrapper, *, wanted: bool) -> None:
        self._stream = stream
        self._wanted = wanted and stream.isatty()

    def show(self, text: str) -> None:
        """Replace what is shown."""
        if self._wanted:
            self._stream.write(f"\r{text:<{PROGRESS_WIDTH}}", style_func=str, ending="")
            self._stream.flush()

    def clear(self) -> None:
        """Take it away."""
        self.show("")
        self.show("")


@contextmanager
def _opened(file: str) -> Iterator[TextIO]:
    """Give the text of a file, or of standard input; bytes that are no UTF-8 are lone surrogates."""
    with nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as raw:
        text = TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline="")
        try:
            yield text
        finally:
            text.detach()  # so that standard input stays open


def _plain_root(root: str) -> str:
    return root.rstrip("/")


def _list(roots: Iterable[str]) -> str:
    return ", ".join(sorted(roots))


def _counts(new: int, known: int) -> str:
    return f"{new} new, {known} known already"
