"""One look at one replica: ask, read strictly, and give what changed.

Takes a session and what is already known, touches no database. Either a `Sighting` comes back, and then the
listing was complete, or `LookError` says with a run status why not. `Facts` are filled either way.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from probes.look.layout import SIDECAR_KINDS
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
from probes.look.transport import RemoteFiles, Reply, Session, TransportError


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
    extensions: tuple[bytes, ...]
    directories: set[bytes] = field(default_factory=set)
    seen: int = 0
    seen_bytes: int = 0
    changed: Spool[MonthListing] = field(default_factory=Spool)
    # For each of those, the sidecars that were asked for and what they hold, by the tarball's tail.
    sidecars: Spool[dict[bytes, bytes | None]] = field(default_factory=Spool)

    def months(self) -> Iterator[MonthSeen]:
        """Yield the months that are not as they were."""
        for listing, contents in zip(self.changed, self.sidecars, strict=True):
            yield month_seen(listing, self.extensions, contents)


def look(session: Session, question: Question, facts: Facts) -> Sighting:
    """Look once; writes nothing anywhere.

    Raises LookError when the answer is not complete; nothing of it may then be believed.
    """
    deadline = time.monotonic() + question.seconds
    extensions = tuple(extension.encode() for extension in question.extensions)
    sighting = Sighting(question.months is None, extensions)
    try:
        _list(session, question, facts, sighting, deadline)
        facts.stage = "sidecars"
        _read_sidecars(session, question, facts, sighting, deadline)
    except (ListingError, TransportError) as problem:
        raise LookError(problem.status, str(problem)) from problem
    facts.stage = "store"
    return sighting


# --- The listing -------------------------------------------------------------------------------


def _list(
    session: Session, question: Question, facts: Facts, sighting: Sighting, deadline: float
) -> None:
    facts.stage, nonce = "list", secrets.token_hex(16)
    answer, shelves = Answer(nonce, question.caps), Shelves()
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
        _shelve(records, shelves, question, sighting)
        _close(reply, facts)
    except NoAnswerError as problem:
        _close(reply, facts)
        if facts.exit_status is None:
            raise ListingError(
                "truncated", "the connection ended before an answer came"
            ) from problem
        files = session.files(seconds=deadline - time.monotonic())
        facts.method = "sftp"
        _shelve(sftp_records(files, question), shelves, question, sighting)
        files.done()
    finally:
        _note(facts, answer, shelves)
        facts.stderr = reply.stderr


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
    records: Iterable[bytes], shelves: Shelves, question: Question, sighting: Sighting
) -> None:
    """Sort the records into months, and keep those that are not as they were."""
    for month in shelves.months(records, sighting.extensions):
        sighting.directories.add(month.directory)
        known = question.known_months.get(month.directory)
        if known is not None and known.digest == month.digest:
            sighting.seen += known.tarballs
            sighting.seen_bytes += known.size_bytes
        else:
            sighting.changed.append(month)


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
    session: Session, question: Question, facts: Facts, sighting: Sighting, deadline: float
) -> None:
    """Read the sidecars of changed months that are new or changed themselves; count the tarballs."""
    wanted = Spool[list[bytes]]()  # for each changed month, the sidecars to read
    for listing in sighting.changed:
        is_known = listing.directory in question.known_months
        known = question.known_sidecars(listing.directory) if is_known else {}
        tarballs = month_seen(listing, sighting.extensions, {}).tarballs
        sighting.seen += len(tarballs)
        sighting.seen_bytes += sum(tarball.file.size_bytes for tarball in tarballs)
        wanted.append(
            [
                sidecar_path(listing.directory, tarball.tail, tarball.sidecar)
                for tarball in tarballs
                if tarball.sidecar and must_be_read(tarball.sidecar, known.get(tarball.tail))
            ]
        )
    texts = _texts(session, question, facts, wanted, deadline)
    for paths, listing in zip(wanted, sighting.changed, strict=True):
        length = len(listing.directory) + 1
        read = [next(texts) for _ in paths]
        sighting.sidecars.append(
            {
                path[length:].rpartition(b".")[0]: text.content
                for path, text in zip(paths, read, strict=True)
            }
        )
    for _ in texts:
        pass  # reads the answer to its trailer


def month_seen(
    listing: MonthListing,
    extensions: tuple[bytes, ...],
    contents: Mapping[bytes, bytes | None],
) -> MonthSeen:
    """Return the tarballs of a month with their sidecars; `contents` holds those that were asked for, by tail."""
    files: dict[bytes, SeenFile] = {}
    length = len(listing.directory) + 1
    for record in listing.records:
        files[record.split(b"\t", 2)[2][length:]] = file_of(record)
    tarballs = [
        TarballSeen(tail, file, _sidecar_of(tail, files, contents))
        for tail, file in files.items()
        if tail.endswith(extensions)
    ]
    return MonthSeen(listing.directory, listing.digest, tarballs)


def _sidecar_of(
    tail: bytes, files: Mapping[bytes, SeenFile], contents: Mapping[bytes, bytes | None]
) -> SidecarSeen | None:
    for ending in SIDECAR_KINDS:
        file = files.get(tail + ending)
        if file is not None:
            return SidecarSeen(
                ending[1:].decode(), file, asked=tail in contents, content=contents.get(tail)
            )
    return None


def must_be_read(sidecar: SidecarSeen, known: KnownSidecar | None) -> bool:
    """Say whether a sidecar must be read: it is not as known, and of a length that one may have."""
    seen = KnownSidecar(sidecar.kind, sidecar.file.size_bytes, sidecar.file.mtime_epoch)
    return known != seen and 0 < sidecar.file.size_bytes <= LONGEST_SIDECAR_BYTES


def sidecar_path(directory: bytes, tail: bytes, sidecar: SidecarSeen) -> bytes:
    """Return where a tarball's sidecar lies, relative to the root."""
    return b"%s/%s.%s" % (directory, tail, sidecar.kind.encode())


def _texts(
    session: Session,
    question: Question,
    facts: Facts,
    wanted: Spool[list[bytes]],
    deadline: float,
) -> Iterator[SidecarText]:
    """Yield the sidecars wanted, in order; asks the node nothing when none is."""
    names = Spool[bytes]()  # the question: a spool of its own, as another thread reads it
    asked = Spool[list[bytes]]()
    for paths in wanted:
        if paths:
            names.append(b"".join(b"./%s\0" % path for path in paths))
            asked.append(paths)
    if not len(asked):
        return
    seconds = deadline - time.monotonic()
    if facts.method == "sftp":
        yield from _texts_by_sftp(session.files(seconds=seconds), question, asked)
        return
    nonce = secrets.token_hex(16)
    answer = Answer(nonce, question.caps)
    reply = session.ask(sidecar_script(question.root, nonce), seconds=seconds, stdin=names)
    try:
        yield from sidecar_texts(answer, reply.blocks(), chain.from_iterable(asked))
        _close(reply, facts)
    except NoAnswerError:
        _close(reply, facts)
        raise ListingError("truncated", "the connection ended before the sidecars came") from None
    finally:
        facts.bytes_received += answer.bytes_received


def _texts_by_sftp(
    files: RemoteFiles, question: Question, asked: Spool[list[bytes]]
) -> Iterator[SidecarText]:
    root = question.root.encode()
    for path in chain.from_iterable(asked):
        yield SidecarText(path, files.beginning(root + b"/" + path, LONGEST_SIDECAR_BYTES + 1))
    files.done()
