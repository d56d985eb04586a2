"""One look at one replica: ask, read strictly, and give what changed.

Takes a session and what is already known, touches no database. Either a `Sighting` comes back, and then the
listing was complete, or `LookError` says with a run status why not. `Facts` are filled either way.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from probes.look.layout import SIDECAR_KINDS, split_place
from probes.look.listing import (
    Answer,
    Caps,
    ListingError,
    MonthListing,
    NoAnswerError,
    SeenFile,
    Shelves,
    file_of,
)
from probes.look.observation import (
    Facts,
    KnownMonth,
    KnownSidecar,
    MonthSeen,
    SidecarSeen,
    TarballSeen,
)
from probes.look.remote import listing_script, sidecar_script
from probes.look.sftp_walk import sftp_records
from probes.look.sidecar import LONGEST_SIDECAR_BYTES
from probes.look.sidecars import SidecarText, sidecar_texts
from probes.look.spool import Spool
from probes.look.transport import Reply, Session, TransportError


class LookError(Exception):
    """A look that is not complete; `status` is a run status."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Question:
    """What is asked of a replica, and what need not be told again."""

    root: str
    extensions: Sequence[str]
    months: Sequence[str] | None  # YYYY/MM; None: every month
    seconds: float
    known_months: Mapping[bytes, KnownMonth] = field(default_factory=dict)
    known_sidecars: Callable[[bytes], Mapping[bytes, KnownSidecar]] = lambda directory: {}
    caps: Caps = field(default_factory=Caps)


@dataclass
class Sighting:
    """A complete listing: the months that are not as they were, and how much was seen in all."""

    full: bool
    months: Spool[MonthSeen] = field(default_factory=Spool)
    directories: set[bytes] = field(default_factory=set)
    seen: int = 0
    seen_bytes: int = 0


def look(session: Session, question: Question, facts: Facts) -> Sighting:
    """Look once; writes nothing anywhere.

    Raises LookError when the answer is not complete; nothing of it may then be believed.
    """
    deadline = time.monotonic() + question.seconds
    try:
        sighting, listed = _listed(session, question, facts, deadline)
        facts.stage = "sidecars"
        _read_sidecars(session, question, facts, sighting, listed, deadline)
    except (ListingError, TransportError) as problem:
        raise LookError(problem.status, str(problem)) from problem
    facts.stage = "store"
    return sighting


# --- The listing -------------------------------------------------------------------------------


def _listed(
    session: Session, question: Question, facts: Facts, deadline: float
) -> tuple[Sighting, Spool[MonthListing]]:
    facts.stage, nonce = "list", secrets.token_hex(16)
    answer, shelves = Answer(nonce, question.caps), Shelves()
    sighting, changed = Sighting(full=question.months is None), Spool[MonthListing]()
    script = listing_script(
        question.root,
        nonce,
        question.extensions,
        months=question.months,
        limit_seconds=max(1, int(question.seconds)),
    )
    asked_at = time.time()
    reply = session.ask(script, seconds=deadline - time.monotonic())
    try:
        records = answer.records(_timed(reply.blocks(), answer, facts, asked_at))
        _shelve(records, shelves, question, sighting, changed)
        _close(reply, facts)
    except NoAnswerError as problem:
        _close(reply, facts)
        if facts.exit_status is None:
            raise ListingError(
                "truncated", "the connection ended before an answer came"
            ) from problem
        files = session.files(seconds=deadline - time.monotonic())
        facts.method = "sftp"
        _shelve(sftp_records(files, question), shelves, question, sighting, changed)
        files.done()
    finally:
        _note(facts, answer, shelves)
        facts.stderr = reply.stderr
    return sighting, changed


def _timed(
    blocks: Iterable[bytes], answer: Answer, facts: Facts, asked_at: float
) -> Iterator[bytes]:
    """Pass blocks on; note the node's clock against ours when the header came (both whole seconds off)."""
    for block in blocks:
        if facts.clock_skew_seconds is None and answer.node_epoch is not None:
            facts.clock_skew_seconds = _skew(answer.node_epoch, asked_at, time.time())
        yield block
    if facts.clock_skew_seconds is None and answer.node_epoch is not None:
        facts.clock_skew_seconds = _skew(answer.node_epoch, asked_at, time.time())


def _skew(node_epoch: int, asked_at: float, answered_at: float) -> float:
    """Return node minus us in seconds: zero as long as the node's second lies between question and answer."""
    if node_epoch + 1 < asked_at:
        return node_epoch + 1 - asked_at
    return max(0.0, node_epoch - answered_at)


def _shelve(
    records: Iterable[bytes],
    shelves: Shelves,
    question: Question,
    sighting: Sighting,
    changed: Spool[MonthListing],
) -> None:
    extensions = tuple(extension.encode() for extension in question.extensions)
    for month in shelves.months(records, extensions):
        sighting.directories.add(month.directory)
        known = question.known_months.get(month.directory)
        if known is not None and known.digest == month.digest:
            sighting.seen += known.tarballs
            sighting.seen_bytes += known.size_bytes
        else:
            changed.append(month)


def _close(reply: Reply, facts: Facts) -> None:
    facts.exit_status = reply.exit_status()


def _note(facts: Facts, answer: Answer, shelves: Shelves) -> None:
    facts.bytes_received = answer.bytes_received
    facts.noise_bytes, facts.noise = answer.noise_bytes, answer.noise
    facts.unrecognised = shelves.unrecognised
    facts.unrecognised_examples = shelves.unrecognised_examples
    facts.locks = shelves.locks
    if answer.trailer is not None:
        facts.method = answer.trailer.form
        facts.total_bytes, facts.free_bytes = answer.trailer.total_bytes, answer.trailer.free_bytes


# --- The sidecars ------------------------------------------------------------------------------


def _read_sidecars(
    session: Session,
    question: Question,
    facts: Facts,
    sighting: Sighting,
    listed: Spool[MonthListing],
    deadline: float,
) -> None:
    """Fill the sighting with the changed months, having read the sidecars that are new or changed."""
    extensions = tuple(extension.encode() for extension in question.extensions)
    months, wanted = Spool[MonthSeen](), Spool[bytes]()
    for listing in listed:
        known = (
            question.known_sidecars(listing.directory)
            if listing.directory in question.known_months
            else {}
        )
        month = month_seen(listing, extensions, known)
        months.append(month)
        for tarball in month.tarballs:
            if tarball.sidecar is not None and tarball.sidecar.asked:
                wanted.append(sidecar_path(month, tarball))
    texts = _texts(session, question, facts, wanted, deadline)
    for month in months:
        filled = [_filled(tarball, texts) for tarball in month.tarballs]
        sighting.months.append(month._replace(tarballs=filled))
        sighting.seen += len(filled)
        sighting.seen_bytes += sum(tarball.file.size_bytes for tarball in filled)
    for _ in texts:
        pass  # reads the answer to its trailer


def month_seen(
    listing: MonthListing, extensions: tuple[bytes, ...], known: Mapping[bytes, KnownSidecar]
) -> MonthSeen:
    """Return the tarballs of a month with their sidecars, marking the sidecars that must be read."""
    files: dict[bytes, SeenFile] = {}
    for record in listing.records:
        directory_and_tail = split_place(record.split(b"\t", 2)[2])
        assert directory_and_tail is not None  # noqa: S101 - the shelves hold nothing else
        files[directory_and_tail[1]] = file_of(record)
    tarballs = [
        TarballSeen(tail, file, _sidecar_of(tail, files, known.get(tail)))
        for tail, file in files.items()
        if tail.endswith(extensions)
    ]
    return MonthSeen(listing.directory, listing.digest, tarballs)


def _sidecar_of(
    tail: bytes, files: Mapping[bytes, SeenFile], known: KnownSidecar | None
) -> SidecarSeen | None:
    for ending in SIDECAR_KINDS:
        file = files.get(tail + ending)
        if file is not None:
            kind = ending[1:].decode()
            fresh = known != KnownSidecar(kind, file.size_bytes, file.mtime_epoch)
            asked = fresh and 0 < file.size_bytes <= LONGEST_SIDECAR_BYTES
            return SidecarSeen(kind, file, asked=asked)
    return None


def sidecar_path(month: MonthSeen, tarball: TarballSeen) -> bytes:
    """Return where a tarball's sidecar lies, relative to the root."""
    assert tarball.sidecar is not None  # noqa: S101 - asked only of those that have one
    return b"%s/%s.%s" % (month.directory, tarball.tail, tarball.sidecar.kind.encode())


def _filled(tarball: TarballSeen, texts: Iterator[SidecarText]) -> TarballSeen:
    if tarball.sidecar is None or not tarball.sidecar.asked:
        return tarball
    return tarball._replace(sidecar=tarball.sidecar._replace(content=next(texts).content))


def _texts(
    session: Session, question: Question, facts: Facts, wanted: Spool[bytes], deadline: float
) -> Iterator[SidecarText]:
    """Yield the sidecars wanted, in order; asks the node nothing when none is."""
    if not len(wanted):
        return
    seconds = deadline - time.monotonic()
    if facts.method == "sftp":
        files = session.files(seconds=seconds)
        root = question.root.encode()
        for path in wanted:
            content = files.beginning(root + b"/" + path, LONGEST_SIDECAR_BYTES + 1)
            yield SidecarText(path, content)
        files.done()
        return
    names, nonce = Spool[bytes](), secrets.token_hex(16)
    for path in wanted:
        names.append(b"./" + path + b"\0")
    answer = Answer(nonce, question.caps)
    reply = session.ask(sidecar_script(question.root, nonce), seconds=seconds, stdin=names)
    try:
        yield from sidecar_texts(answer, reply.blocks(), wanted)
        _close(reply, facts)
    except NoAnswerError:
        _close(reply, facts)
        raise ListingError("truncated", "the connection ended before the sidecars came") from None
    finally:
        facts.bytes_received += answer.bytes_received
