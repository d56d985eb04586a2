"""Reads a node's answer to the listing question strictly, while it arrives.

Pure: blocks of bytes in, records out; the shape of the answer is made in `remote.py`. An answer is a header
with our nonce, records that each end in NUL, and a trailer with the count of records and the exit status of
`find`. What lies outside is a login's noise: counted, its beginning kept, never parsed. `ListingError` says
how an answer falls short; only one that raised nothing is complete.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from probes.look.layout import split_place

BEGIN, END = b"SCMMON-BEGIN", b"SCMMON-END"
MOST_NOISE_BYTES = 1 << 20
KEPT_NOISE_BYTES = 2000
# Beyond these neither a database nor a calendar goes; sums of sizes must fit as well.
GREATEST_BYTES = 1 << 60
LATEST_EPOCH = 32_503_680_000  # the year 3000
LONGEST_RECORD_BYTES = 1 << 14
KEPT_EXAMPLES = 20
KEPT_LOCKS = 50


class ListingError(Exception):
    """An answer that is not complete; `status` is one of the run statuses."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


class NoAnswerError(ListingError):
    """Not even our header came: there is no shell, or the connection was cut before it."""

    def __init__(self) -> None:
        super().__init__("malformed", "the answer does not hold our header")


class Caps(NamedTuple):
    """How much a node may answer before we hang up."""

    most_bytes: int = 4 << 30
    most_records: int = 30_000_000


class Trailer(NamedTuple):
    """What the node says after its last record."""

    records: int
    find_status: int
    node_epoch: int
    form: str  # gnu, portable; or no_root when there was nothing to list
    total_bytes: int | None
    free_bytes: int | None


@dataclass
class Answer:
    """One answer while it is read: iterate over `records`, then look at the rest."""

    nonce: str
    caps: Caps = field(default_factory=Caps)
    bytes_received: int = 0
    noise_bytes: int = 0
    noise: bytes = b""
    node_epoch: int | None = None  # the node's clock when it began; 0 where it has none
    trailer: Trailer | None = None

    def records(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield each record as it arrives.

        Raises ListingError once the answer cannot be complete any more, at the latest at its end.
        """
        count, stream = 0, iter(blocks)
        rest = self.after_header(stream)
        for block in self._with_rest(rest, stream):
            *whole, rest = (rest + block).split(b"\0")
            for place, record in enumerate(whole):
                if record.startswith(END):
                    self._close(record, count)
                    self._note_noise(b"\0".join([*whole[place + 1 :], rest]))
                    for late in self.counted(stream):
                        self._note_noise(late)
                    return
                count += 1
                yield record
            if len(rest) > LONGEST_RECORD_BYTES:
                raise ListingError("malformed", f"record {count + 1} does not end")
            if count > self.caps.most_records:
                raise ListingError("overflow", f"more than {self.caps.most_records} records")
        raise ListingError(
            "truncated", f"the answer ends after {count} records without its trailer"
        )

    def after_header(self, stream: Iterator[bytes]) -> bytes:
        """Read up to and including the header; return what follows it of the block it ended in.

        Raises NoAnswerError when the stream ends without one.
        """
        mark, seen = b"%s %s " % (BEGIN, self.nonce.encode()), b""
        for block in self.counted(stream):
            seen += block
            start = seen.find(mark)
            if start >= 0 and (end := seen.find(b"\0", start)) >= 0:
                self._note_noise(seen[:start])
                self.node_epoch = _number(seen[start + len(mark) : end])
                return seen[end + 1 :]
            if len(seen) > MOST_NOISE_BYTES + LONGEST_RECORD_BYTES:
                self._note_noise(seen)
        self._note_noise(seen)
        raise NoAnswerError

    def _with_rest(self, rest: bytes, stream: Iterator[bytes]) -> Iterator[bytes]:
        if rest:
            yield b""  # there is something to parse before the next block arrives
        yield from self.counted(stream)

    def counted(self, stream: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the blocks of a stream, counting; raises ListingError when there are too many bytes."""
        for block in stream:
            self.bytes_received += len(block)
            if self.bytes_received > self.caps.most_bytes:
                raise ListingError("overflow", f"more than {self.caps.most_bytes} bytes")
            yield block

    def _note_noise(self, noise: bytes) -> None:
        self.noise_bytes += len(noise)
        self.noise = (self.noise + noise)[:KEPT_NOISE_BYTES]
        if self.noise_bytes > MOST_NOISE_BYTES:
            raise ListingError("overflow", f"more than {MOST_NOISE_BYTES} bytes outside the answer")

    def _close(self, record: bytes, count: int) -> None:
        trailer = parse_trailer(record, self.nonce)
        self.trailer = trailer
        if trailer.form == "no_root":
            raise ListingError("no_root", "the root directory is not there")
        if trailer.records != count:
            raise ListingError(
                "malformed", f"the trailer counts {trailer.records} records, but {count} came"
            )
        if trailer.find_status:
            raise ListingError(
                "partial",
                f"find ended with status {trailer.find_status}: not everything could be read",
            )


def parse_trailer(record: bytes, nonce: str) -> Trailer:
    """Return a trailer's values; raises ListingError when it is not one of this answer."""
    words = record.split()
    if len(words) < 6 or words[1] != nonce.encode():
        raise ListingError("malformed", "the trailer is not ours")
    form, find_status, count, epoch = words[2:6]
    total, free = _disk(words[6:])
    if form not in (b"gnu", b"portable", b"no_root"):
        raise ListingError("malformed", "the trailer names no known form")
    return Trailer(_number(count), _number(find_status), _number(epoch), form.decode(), total, free)


def _disk(words: list[bytes]) -> tuple[int | None, int | None]:
    """Return total and free bytes from the words of a line of `df -kP`; None where it said nothing sensible."""
    for place in range(3, len(words)):
        if words[place].endswith(b"%") and all(word.isdigit() for word in words[place - 3 : place]):
            total, free = int(words[place - 3]) * 1024, int(words[place - 1]) * 1024
            return (total, free) if max(total, free) <= GREATEST_BYTES else (None, None)
    return None, None


def _number(text: bytes) -> int:
    if not text.isdigit() or len(text) > 12:
        raise ListingError("malformed", f"{text[:40]!r} is not a number")
    return int(text)


class MonthListing(NamedTuple):
    """All files listed below one repo's month directory."""

    directory: bytes
    records: list[bytes]

    @property
    def digest(self) -> str:
        """A digest that does not depend on the order of the records."""
        return blake2b(b"\0".join(sorted(self.records)), digest_size=16).hexdigest()


@dataclass
class Shelves:
    """Sorts the records of a listing: months to iterate over, and what is not in the layout."""

    locks: list[tuple[bytes, int | None]] = field(default_factory=list)
    unrecognised: int = 0
    unrecognised_examples: list[bytes] = field(default_factory=list)

    def months(
        self, records: Iterable[bytes], extensions: tuple[bytes, ...]
    ) -> Iterator[MonthListing]:
        """Yield each month once all its records have come.

        `find` walks depth first, so a month's records come together; raises ListingError when one that was
        finished comes again, or when a record is not one.
        """
        current, finished = MonthListing(b"", []), set[bytes]()
        for record in records:
            path = _path_of(record)
            if record.startswith(b"L"):
                self._note_lock(record, path)
                continue
            place = split_place(path)
            if place is None:
                self._note_unrecognised(path, extensions)
                continue
            if place[0] != current.directory:
                if current.records:
                    yield current
                finished.add(current.directory)
                if place[0] in finished:
                    raise ListingError("malformed", f"{place[0]!r} is listed twice")
                current = MonthListing(place[0], [])
            current.records.append(record)
        if current.records:
            yield current

    def _note_lock(self, record: bytes, path: bytes) -> None:
        if len(self.locks) < KEPT_LOCKS:
            self.locks.append((path, file_of(record).mtime_epoch))

    def _note_unrecognised(self, path: bytes, extensions: tuple[bytes, ...]) -> None:
        if not path.endswith(extensions):
            return
        self.unrecognised += 1
        if len(self.unrecognised_examples) < KEPT_EXAMPLES:
            self.unrecognised_examples.append(path)


class SeenFile(NamedTuple):
    """Size and time of one file as listed."""

    size_bytes: int
    mtime_epoch: int | None  # whole seconds; None where the node cannot tell


def _path_of(record: bytes) -> bytes:
    _mtime, _, path = record.partition(b"\t")[2].partition(b"\t")
    if not path or record[:1] not in (b"F", b"L"):
        raise ListingError("malformed", f"{record[:80]!r} is not a record")
    return path


def file_of(record: bytes) -> SeenFile:
    """Return the size and time in a record; raises ListingError when it has none."""
    size, mtime, _path = record[1:].split(b"\t", 2)
    whole_seconds = mtime.split(b".", 1)[0]
    if not size.isdigit() or len(size) > 19 or len(whole_seconds) > 40:
        raise ListingError("malformed", f"{record[:80]!r} has no size or time")
    try:
        mtime_epoch = int(whole_seconds) if whole_seconds else None
    except ValueError:
        raise ListingError("malformed", f"{record[:80]!r} has no size or time") from None
    if mtime_epoch is not None and not 0 <= mtime_epoch <= LATEST_EPOCH:
        mtime_epoch = None  # no calendar holds it
    return SeenFile(min(int(size), GREATEST_BYTES), mtime_epoch)
