"""The order of things: look at replicas side by side, store what is complete, judge, draw, tell. Read this first.

    select ──► lock ──► look (a thread a node) ──► ingest ──► unlock ──► judge ──► draw ──► tell ──► deliver ──► sign of life
                            │ any failure becomes the run's status                  │ only what changed

Looking, judging and telling are three steps: each works from what the one before stored, so none depends on
the other having ended well. Drawing hangs on none and none on it: a picture that is not drawn here is drawn when
somebody asks for it.
"""

import logging
import threading
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice
from queue import Empty, SimpleQueue
from traceback import format_exception

from django.conf import settings
from django.db import DatabaseError, connections, transaction
from django.db.models import Count
from django.utils import timezone

from alerts.context import here
from alerts.delivery import deliver
from alerts.heartbeat import beat
from hubs.limits import Limits, extensions_of, limits_from
from hubs.models import Hub, Node, Policy, Replica, Repo, policy_layer
from hubs.names import one_line, to_text
from probes.blindness import why_blind
from probes.failing import Failures
from probes.judge.findings import judge_hub
from probes.locks import locked_replicas
from probes.look.ingest import GREATEST_SUM, ingest, known_months, known_sidecars
from probes.look.layout import daily_window, parse_month
from probes.look.looking import LookError, Question, Sighting, look
from probes.look.observation import Facts
from probes.look.remote import listing_script
from probes.look.transport import Address, Session, TransportError, open_session
from probes.models import CollectRun, CollectRunQuerySet, Finding, RunStatus
from probes.pictures import mark_changed, redraw, waiting
from probes.reports import CollectReport
from probes.tell.telling import hubs_to_tell_of, is_unheard, tell_hub
from probes.tell.weekly import reassure

log = logging.getLogger("scmmon.collect")

FULL_LOOK_EVERY = timedelta(days=7)
SECONDS_TO_STOP = 6  # for threads whose connections were closed under them
SECONDS_TO_DRAW = (
    30  # what is not drawn then is drawn when it is asked for: people are to be told first
)
KEPT_TEXT, KEPT_TRACEBACK = 4_000, 20_000  # characters

Progress = Callable[[CollectRun], None]


class RequestError(Exception):
    """What was asked for cannot be: an unknown hub or node, or nothing to look at."""


class StopLooking(BaseException):
    """Raised in the main thread by a signal; carries its number."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@dataclass(frozen=True)
class CollectRequest:
    """What to look at; no tags mean everything enabled."""

    hub_tags: Sequence[str] = ()
    node_tags: Sequence[str] = ()
    full: bool = False
    workers: int = 0  # 0: as the settings say
    quiet: bool = False  # tell nobody; what is found is told by the next run that tells


def collect(request: CollectRequest, progress: Progress = lambda run: None) -> CollectReport:
    """Look at every replica asked for at once, store, judge, tell; return what came of it.

    Raises RequestError before anything is contacted, and passes StopLooking on once all is tidy.
    """
    return collect_replicas(
        select_replicas(request),
        full=request.full,
        workers=request.workers,
        quiet=request.quiet,
        progress=progress,
    )


def collect_replicas(
    replicas: list[Replica],
    *,
    full: bool = False,
    workers: int = 0,
    quiet: bool = False,
    is_round: bool = True,
    progress: Progress = lambda run: None,
) -> CollectReport:
    """Look at these replicas, store, judge, tell.

    One that is not a whole round, such as one replica of many, does not say by its own failing that we are blind.
    """
    report = CollectReport(started_at=timezone.now())
    with locked_replicas(replica.pk for replica in replicas) as mine:
        wanted = [replica for replica in replicas if replica.pk in mine]
        report.skipped = [replica for replica in replicas if replica.pk not in mine]
        mark_aborted(CollectRun.objects.filter(replica__in=wanted))
        report.runs = _begin_runs(wanted)
        _look_side_by_side(report.runs, full, workers or settings.SCMMON_WORKERS, progress)
    hubs = {run.replica.hub for run in report.runs}
    judge(hubs, report, quiet=quiet)
    draw(hubs, report, quiet=quiet)
    report.open_counts = open_counts({replica.hub for replica in replicas})
    if report.runs and not quiet:  # where another run has it all in hand, it tells
        tell(report)
        beat(why_blind(report, timezone.now(), is_round=is_round))
    report.finished_at = timezone.now()
    return report


def judge(hubs: Iterable[Hub], report: CollectReport, *, quiet: bool = False) -> None:
    """Judge hubs by what is stored; note in the report what opened, closed and is open."""
    judged = sorted(hubs, key=lambda hub: hub.tag)
    failed = Failures("judging")
    for hub in judged:
        with failed.noted(hub):
            changes = judge_hub(hub, timezone.now())
            report.opened += changes.opened
            report.closed += changes.closed
            report.redrawn += changes.redrawn
    report.unjudged = failed.hubs
    report.open_counts = open_counts(judged)
    if not quiet:
        failed.tell()


def draw(hubs: Iterable[Hub], report: CollectReport, *, quiet: bool = False) -> None:
    """Bring the pictures that pages show first up to what the looks and the judgement changed.

    All that changed is marked before any is drawn: no page then shows what is over as if it were now, whatever fails.
    """
    failed = Failures("drawing")
    deadline = time.monotonic() + SECONDS_TO_DRAW
    for hub, changed in _changed(report).items():
        with failed.noted(hub):
            mark_changed(hub, changed)
    for hub in sorted(set(hubs) - set(failed.hubs), key=lambda hub: hub.tag):
        with failed.noted(hub):
            for pictures in waiting(hub, timezone.now()):
                if time.monotonic() < deadline:
                    redraw(pictures, timezone.now())
    report.undrawn = failed.hubs
    if not quiet:
        failed.tell()


def _changed(report: CollectReport) -> dict[Hub, set[int | None]]:
    """Return the ids of the replicas of which pictures show something else now; None says it of all of a hub's."""
    changed: dict[Hub, set[int | None]] = defaultdict(set)
    for run in report.runs:
        if run.new or run.changed or run.gone:
            changed[run.replica.hub].add(run.replica.pk)
    for finding in (*report.opened, *report.closed, *report.redrawn):
        changed[finding.hub].add(finding.replica_id)
    return changed


def tell(report: CollectReport) -> None:
    """Put into the outbox what people are to be told, and deliver what is due; note in the report how that went.

    Of every hub, whichever were looked at: what an earlier run found and did not tell is told now.
    """
    context = here(report.runs[0].batch if report.runs else "")
    failed = Failures("telling")
    for hub in hubs_to_tell_of():
        with failed.noted(hub):
            tell_hub(hub, context, timezone.now())
            if is_unheard(hub, timezone.now()):
                report.unheard.append(hub)
    report.untold = failed.hubs
    failed.tell()
    reassure(context, timezone.now())
    report.delivered = deliver()


def open_counts(hubs: Iterable[Hub]) -> dict[str, int]:
    """Return how many findings about some hubs are open, by severity."""
    still_open = Finding.objects.open().filter(hub__in=list(hubs)).order_by()
    return dict(still_open.values_list("severity").annotate(Count("id")))


# --- Selecting ---------------------------------------------------------------------------------


def select_replicas(request: CollectRequest) -> list[Replica]:
    """Return the enabled replicas asked for; raises RequestError when a tag is unknown or there are none."""
    _refuse_unknown("hub", request.hub_tags, Hub.objects.values_list("tag", flat=True))
    _refuse_unknown("node", request.node_tags, Node.objects.values_list("tag", flat=True))
    replicas = Replica.objects.filter(enabled=True).select_related("hub", "hub__policy", "node")
    if request.hub_tags:
        replicas = replicas.filter(hub__tag__in=request.hub_tags)
    if request.node_tags:
        replicas = replicas.filter(node__tag__in=request.node_tags)
    if not replicas:
        raise RequestError(
            "there is no enabled replica to look at: import an inventory, or enable one in the admin"
        )
    return list(replicas)


def select_hubs(tags: Sequence[str]) -> list[Hub]:
    """Return the hubs asked for, all when none is; raises RequestError when a tag is unknown."""
    _refuse_unknown("hub", tags, Hub.objects.values_list("tag", flat=True))
    hubs = Hub.objects.select_related("policy")
    return list(hubs.filter(tag__in=tags) if tags else hubs)


def _refuse_unknown(kind: str, asked: Sequence[str], known: Iterable[str]) -> None:
    unknown = sorted(set(asked) - set(known))
    if unknown:
        raise RequestError(f"there is no {kind} {', '.join(unknown)}; there are {', '.join(known)}")


# --- Looking side by side ----------------------------------------------------------------------


@dataclass
class _Stop:
    """Tells threads to end, and ends what they wait for."""

    asked: threading.Event = field(default_factory=threading.Event)
    sessions: set[Session] = field(default_factory=set)
    guard: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def watching(self, session: Session) -> Iterator[Session]:
        """Let a session be closed when the stop comes; it is closed in any case."""
        with self.guard:
            self.sessions.add(session)
        try:
            yield session
        finally:
            with self.guard:
                self.sessions.discard(session)
            session.close()

    def now(self) -> None:
        """Ask for the end and hang up on every node."""
        self.asked.set()
        with self.guard:
            waiting = list(self.sessions)
        for session in waiting:
            session.close()

    def check(self) -> None:
        """Raise LookError when the end was asked for."""
        if self.asked.is_set():
            raise LookError(RunStatus.ABORTED, "the run was ended")


def _look_side_by_side(
    runs: list[CollectRun], full: bool, workers: int, progress: Progress
) -> None:
    """Look at all, one connection a node; a node that fails or hangs takes only its own thread."""
    stop, by_node = _Stop(), _by_node(runs)
    todo, done = SimpleQueue[list[CollectRun]](), SimpleQueue[None]()
    deadline = time.monotonic() + settings.SCMMON_RUN_BUDGET
    for node_runs in by_node:
        todo.put(node_runs)

    def work() -> None:
        try:
            while not stop.asked.is_set():
                _look_at_node(todo.get_nowait(), full, deadline, stop, said)
                done.put(None)
        except Empty:
            pass
        finally:
            connections.close_all()

    def said(run: CollectRun) -> None:
        try:
            progress(run)
        except Exception:  # whoever listened to us is gone; the looks go on
            log.exception("progress could not be shown")

    # Daemons, so that one which waits for a name server cannot keep the process from ending.
    threads = [
        threading.Thread(target=work, daemon=True) for _ in range(min(workers, len(by_node)))
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in by_node:
            done.get(timeout=max(1.0, deadline - time.monotonic() + SECONDS_TO_STOP))
    except Empty:
        log.error("the run budget of %s s is used up", settings.SCMMON_RUN_BUDGET)
    finally:
        stop.now()
        patience = time.monotonic() + SECONDS_TO_STOP
        for thread in threads:
            thread.join(max(0.0, patience - time.monotonic()))
        mark_aborted(CollectRun.objects.filter(pk__in=[run.pk for run in runs]))
        _reread(runs)


def _reread(runs: list[CollectRun]) -> None:
    """Take over what is stored of runs whose thread could not say how they ended."""
    stored = CollectRun.objects.in_bulk([run.pk for run in runs])
    for run in runs:
        if run.pk in stored:
            row = stored[run.pk]
            run.status, run.finished_at, run.error = row.status, row.finished_at, row.error
        else:  # its replica was deleted meanwhile
            run.status, run.error = (
                str(RunStatus.ABORTED),
                "the replica was deleted during the look",
            )


def _by_node(runs: list[CollectRun]) -> list[list[CollectRun]]:
    groups: dict[int, list[CollectRun]] = {}
    for run in runs:
        groups.setdefault(run.replica.node_id, []).append(run)
    return list(groups.values())


def _begin_runs(replicas: list[Replica]) -> list[CollectRun]:
    now, batch = timezone.now(), uuid.uuid4().hex
    return CollectRun.objects.bulk_create(
        CollectRun(replica=replica, batch=batch, started_at=now, observer=here().observer)
        for replica in replicas
    )


def mark_aborted(runs: CollectRunQuerySet) -> int:
    """Mark runs that never ended, as their process was killed or told to end; the caller holds their locks."""
    return runs.filter(status=RunStatus.RUNNING).update(
        status=RunStatus.ABORTED,
        finished_at=timezone.now(),
        error="the process that looked ended before the look did; the next look takes its place",
    )


def _look_at_node(
    runs: list[CollectRun], full: bool, deadline: float, stop: _Stop, progress: Progress
) -> None:
    """Look at a node's replicas one after the other over one connection, made anew after a failure."""
    waiting = deque(runs)
    while waiting:
        address = address_of(waiting[0].replica.node)
        try:
            stop.check()
            session = open_session(address)
        except Exception as problem:  # noqa: BLE001 - it becomes the runs' status
            for run in waiting:
                run.command = address.shell_lines("echo reached\n")  # shows the same from a shell
                _end(run, Facts(), problem, stop)
                progress(run)
            return
        with stop.watching(session):
            sound = True
            while waiting and sound:
                run = waiting.popleft()
                _look_at_replica(run, session, address, full, deadline, stop)
                progress(run)
                sound = run.status in (RunStatus.OK, RunStatus.NO_ROOT)


def _look_at_replica(
    run: CollectRun,
    session: Session,
    address: Address,
    full: bool,
    deadline: float,
    stop: _Stop,
) -> None:
    facts = Facts()
    run.started_at = timezone.now()
    try:
        run.full = full or _full_is_due(run.replica)
        question = question_for(run.replica, full=run.full, deadline=deadline)
        run.command = shell_lines(address, question)
        sighting = look(session, question, facts)
        if not run.full and not sighting.seen and _holds_any(question):
            # An empty mount point, or another root: not for a daily look to pass over until the next full one.
            run.full = True
            question = question_for(run.replica, full=True, deadline=deadline)
            run.command = shell_lines(address, question)
            sighting = look(session, question, facts)
        _store(run, sighting, facts, stop)
    except Exception as problem:  # noqa: BLE001 - it becomes the run's status
        _end(run, facts, problem, stop)


def _holds_any(question: Question) -> bool:
    """Say whether the months that a daily look walks held tarballs when they were last listed."""
    months = tuple(month.encode() for month in question.months or ())
    return any(
        about.tarballs
        for directory, about in question.known_months.items()
        if directory.endswith(months)
    )


def _full_is_due(replica: Replica) -> bool:
    recent = timezone.now() - FULL_LOOK_EVERY
    return (
        not CollectRun.objects.complete()
        .filter(replica=replica, full=True, started_at__range=(recent, timezone.now()))
        .exists()
    )


def question_for(replica: Replica, *, full: bool, deadline: float) -> Question:
    """Return what to ask of a replica; `deadline` is on the monotonic clock."""
    seconds = min(replica.node.command_timeout.total_seconds(), deadline - time.monotonic())
    if seconds <= 0:
        raise LookError(RunStatus.TIMEOUT, "the run budget was used up before its turn came")
    return Question(
        root=replica.root.rstrip("/"),
        extensions=extensions_of(_all_limits(replica.hub)),
        months=None if full else daily_window(timezone.now(), replica.hub.zone),
        seconds=seconds,
        known_months=known_months(replica),
        known_sidecars=lambda directory: known_sidecars(replica, directory),
    )


def _all_limits(hub: Hub) -> Iterator[Limits]:
    yield hub.limits()
    for policy in Policy.objects.filter(repo__hub=hub):
        yield limits_from(policy_layer(hub), policy.layer())


def shell_lines(address: Address, question: Question) -> str:
    """Return the lines that ask a replica the same from a shell."""
    script = listing_script(
        question.root,
        "by-hand",
        question.extensions,
        months=question.months,
        limit_seconds=int(question.seconds),
    )
    return address.shell_lines(script)


def address_of(node: Node) -> Address:
    """Return how a node is reached."""
    return Address(
        tag=node.tag,
        transport=node.transport,
        host=node.host,
        port=node.port,
        user=node.user,
        identity_file=node.identity_file,
        known_hosts=node.known_hosts,
        jump_host=node.jump_host,
        connect_seconds=node.connect_timeout.total_seconds(),
        ssh_config=settings.SCMMON_SSH_CONFIG,
    )


# --- Storing -----------------------------------------------------------------------------------


def _store(run: CollectRun, sighting: Sighting, facts: Facts, stop: _Stop) -> None:
    """Store a complete look and its run together."""
    settled_after = run.replica.hub.limits().sidecar_deadline
    with transaction.atomic():
        counts = ingest(run.replica, sighting, run.started_at, settled_after, stop.check)
        run.new, run.changed, run.gone = counts.new, counts.changed, counts.gone
        run.seen = sighting.seen
        run.seen_bytes = min(sighting.seen_bytes, GREATEST_SUM)
        _save_run(run, facts, RunStatus.OK, "")


def _end(run: CollectRun, facts: Facts, problem: Exception, stop: _Stop) -> None:
    """Store how a look failed."""
    if stop.asked.is_set():
        status, error = str(RunStatus.ABORTED), "the run was ended before the look was done"
    elif isinstance(problem, LookError | TransportError):
        status, error = problem.status, str(problem)
    else:
        log.error("looking at %s failed", run.replica, exc_info=problem)
        run.traceback = "".join(format_exception(problem))[-KEPT_TRACEBACK:]
        status, error = str(RunStatus.ERROR), f"{type(problem).__name__}: {problem}"
    if status == RunStatus.NO_ROOT:
        error = f"{error}: {run.replica.root}"
    if isinstance(problem, TransportError):
        facts.stage = problem.stage
    if facts.stderr:
        error += f"; the node said: {_text(facts.stderr)[-600:].strip()}"
    try:
        _save_run(run, facts, status, error)
    except DatabaseError:
        log.exception("the look at %s could not be recorded", run.replica)


def _save_run(run: CollectRun, facts: Facts, status: str, error: str) -> None:
    run.status, run.error, run.stage = status, one_line(error)[:KEPT_TEXT], facts.stage
    run.method, run.exit_status = facts.method, facts.exit_status
    run.bytes_received, run.noise_bytes = facts.bytes_received, facts.noise_bytes
    run.noise, run.remote_stderr = _text(facts.noise), _text(facts.stderr)
    run.clock_skew_seconds = facts.clock_skew_seconds
    run.free_bytes, run.total_bytes = facts.free_bytes, facts.total_bytes
    run.unrecognised = facts.unrecognised
    run.unrecognised_examples = [to_text(path) for path in facts.unrecognised_examples]
    run.locks = [[to_text(path), mtime] for path, mtime in facts.locks]
    run.finished_at = timezone.now()
    run.save()
    log.debug("%s: %s %s", run.replica, run.status, run.error)


def _text(remote: bytes) -> str:
    """Return what a node printed as text that any database takes."""
    return remote.decode("utf-8", "replace").replace("\0", "\N{SYMBOL FOR NULL}")[:KEPT_TEXT]


# --- Looking without storing -------------------------------------------------------------------


@dataclass(frozen=True)
class Trial:
    """What a look would see; nothing was stored."""

    status: str
    error: str
    command: str
    seen: int = 0
    examples: Sequence[str] = ()
    ignored: int = 0
    ignored_examples: Sequence[str] = ()
    seconds: float = 0


def try_look(replica: Replica) -> Trial:
    """Look at the recent months of a replica and store nothing."""
    begun, facts = time.monotonic(), Facts()
    status, error, sighting = str(RunStatus.OK), "", None
    deadline = begun + replica.node.command_timeout.total_seconds()
    question = question_for(replica, full=False, deadline=deadline)
    # As if nothing were known, so that what is there is shown.
    question = replace(question, known_months={})
    try:
        sighting = _look_once(replica, question, facts)
    except (LookError, TransportError) as problem:
        status, error = problem.status, str(problem)
    return Trial(
        status=status,
        error=error,
        command=shell_lines(address_of(replica.node), question),
        seen=sighting.seen if sighting else 0,
        examples=_examples(sighting),
        ignored=facts.unrecognised,
        ignored_examples=[to_text(path) for path in facts.unrecognised_examples],
        seconds=time.monotonic() - begun,
    )


def discover(replica: Replica) -> list[Repo]:
    """Look at all of a replica and make the repos found, storing nothing else; return the new ones.

    Raises LookError or TransportError.
    """
    deadline = time.monotonic() + replica.node.command_timeout.total_seconds()
    question = question_for(replica, full=True, deadline=deadline)
    sighting = _look_once(replica, question, Facts())
    found = {parse_month(directory)[:2] for directory in sighting.directories}
    new = []
    for category, name in sorted(found):
        repo, is_new = Repo.objects.get_or_create(
            hub=replica.hub, category=to_text(category), name=to_text(name)
        )
        new += [repo] if is_new else []
    return new


def _look_once(replica: Replica, question: Question, facts: Facts) -> Sighting:
    session = open_session(address_of(replica.node))
    try:
        return look(session, question, facts)
    finally:
        session.close()


def _examples(sighting: Sighting | None) -> list[str]:
    paths = (
        month.directory + b"/" + tarball.tail
        for month in (sighting.months() if sighting else ())
        for tarball in month.tarballs
    )
    return [to_text(path) for path in islice(paths, 20)]
