"""One look at one replica: ask, read strictly, and give what changed.

Takes a session and what is already known, touches no database. Either a `Sighting` comes back, and then the
listing was complete, or `LookError` says with a run status why not. `Facts` are filled either way.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

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
from probes.look.remote import listing_script
from probes.look.sftp_walk import sftp_records
from probes.look.sidecar import LONGEST_SIDECAR_BYTES
from probes.look.sidecar_reading import SftpSidecars, ShellSidecars, SidecarSource
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

    walked: tuple[bytes, ...] | None  # the months YYYY/MM that were asked for; None: every month
    extensions: tuple[bytes, ...]
    directories: set[bytes] = field(default_factory=set)
    seen: int = 0
    seen_bytes: int = 0
    changed: Spool[MonthListing] = field(default_factory=Spool)
    # For each of those, the sidecars that were asked for and what they hold, by the tarball's tail.
    sidecars: Spool[dict[bytes, bytes | None]] = field(default_factory=Spool)

    def has_walked(self, directory: bytes) -> bool:
        """Say whether a month's directory would have been listed if it were there."""
        return self.walked is None or directory.endswith(self.walked)

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
    months = question.months
    walked = None if months is None else tuple(month.encode() for month in months)
    sighting = Sighting(walked, extensions)
    try:
        sidecars = _list(session, question, facts, sighting, deadline)
        facts.stage = "sidecars"
        _keep_contents(sidecars, sighting)
    except (ListingError, TransportError) as problem:
        raise LookError(problem.status, str(problem)) from problem
    facts.bytes_received += sidecars.bytes_received
    facts.stage = "store"
    return sighting


# --- The listing -------------------------------------------------------------------------------


def _list(
    session: Session, question: Question, facts: Facts, sighting: Sighting, deadline: float
) -> SidecarSource:
    """List the root by a script, or over SFTP where there is no shell; give what its sidecars come from."""
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
    sidecars = ShellSidecars(session, question.root, question.caps, deadline - time.monotonic())
    try:
        records = answer.records(_timed(reply.blocks(), answer, facts, asked_at))
        _shelve(records, shelves, question, sighting, sidecars)
        _close(reply, facts)
    except NoAnswerError as problem:
        _close(reply, facts)
        if facts.exit_status is None:
            raise ListingError(
                "truncated", "the connection ended before an answer came"
            ) from problem
        facts.method = "sftp"
        return _list_by_sftp(session, question, sighting, shelves, deadline)
    except BaseException:
        sidecars.abandon()
        raise
    finally:
        reply.done()
        _note(facts, answer, shelves)
        facts.stderr = reply.stderr
    return sidecars


def _list_by_sftp(
    session: Session, question: Question, sighting: Sighting, shelves: Shelves, deadline: float
) -> SidecarSource:
    files = session.files(seconds=deadline - time.monotonic())
    sidecars = SftpSidecars(files, question.root)
    try:
        _shelve(sftp_records(files, question), shelves, question, sighting, sidecars)
    except BaseException:
        files.done()
        raise
    return sidecars


def _timed(
    blocks: Iterable[bytes], answer: Answer, facts: Facts, asked_at: float
) -> Iterator[bytes]:
    """Pass blocks on; note the node's clock against ours when the header came (both whole seconds off)."""
    for block in blocks:
        if facts.clock_skew_seconds is None and answer.node_epoch:
            facts.clock_skew_seconds = _skew(answer.node_epoch, asked_at, time.time())
        yield block
    if facts.clock_skew_seconds is None and answer.node_epoch:
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
    sidecars: SidecarSource,
) -> None:
    """Sort the records into months, keep those that are not as they were, and ask for their sidecars."""
    for month in shelves.months(records, sighting.extensions):
        sighting.directories.add(month.directory)
        known = question.known_months.get(month.directory)
        if known is not None and known.digest == month.digest:
            sighting.seen += known.tarballs
            sighting.seen_bytes += known.size_bytes
            continue
        tarballs = month_seen(month, sighting.extensions, {}).tarballs
        sighting.seen += len(tarballs)
        sighting.seen_bytes += sum(tarball.file.size_bytes for tarball in tarballs)
        sighting.changed.append(month)
        known_sidecars = question.known_sidecars(month.directory) if known is not None else {}
        sidecars.want(
            [
                sidecar_path(month.directory, tarball.tail, tarball.sidecar)
                for tarball in tarballs
                if tarball.sidecar
                and must_be_read(tarball.sidecar, known_sidecars.get(tarball.tail))
            ]
        )


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


def _keep_contents(sidecars: SidecarSource, sighting: Sighting) -> None:
    """Keep what the sidecars of each changed month hold, by the tarball's tail."""
    for listing, texts in zip(sighting.changed, sidecars.texts(), strict=True):
        length = len(listing.directory) + 1
        sighting.sidecars.append(
            {text.path[length:].rpartition(b".")[0]: text.content for text in texts}
        )


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
