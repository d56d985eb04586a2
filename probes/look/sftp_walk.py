"""Lists a root over SFTP, for a node that has no shell: the same records that the shell's answer holds."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from probes.look.layout import SIDECAR_KINDS, YEAR_AND_MONTH
from probes.look.listing import ListingError
from probes.look.transport import Entry, RemoteFiles

if TYPE_CHECKING:
    from probes.look.looking import Question

DEEPEST = 12  # directories below the root; the layout has six


def sftp_records(files: RemoteFiles, question: "Question") -> Iterator[bytes]:
    """Yield a record for each file, sidecar and lock below the root, depth first, links not followed.

    Raises ListingError when the root is not there or a directory cannot be read.
    """
    root = question.root.encode()
    if not files.is_directory(root):
        raise ListingError("no_root", "the root directory is not there")
    for count, record in enumerate(_walk(files, question, root, b"", 0)):
        if count >= question.caps.most_records:
            raise ListingError("overflow", f"more than {question.caps.most_records} records")
        yield record


def _walk(
    files: RemoteFiles, question: "Question", root: bytes, below: bytes, depth: int
) -> Iterator[bytes]:
    try:
        entries = files.entries(root + b"/" + below)
    except OSError as problem:
        raise ListingError("partial", f"{below!r} could not be read: {problem}") from problem
    for entry in entries:
        path = below + entry.name
        if entry.name == b"LOCKED" or below.endswith(b"LOCKED/"):
            yield _record(b"L", path, entry)
            if entry.is_directory and entry.name == b"LOCKED":
                yield from _walk(files, question, root, path + b"/", depth + 1)
        elif entry.is_directory:
            if depth < DEEPEST and not _left_out(question, path):
                yield from _walk(files, question, root, path + b"/", depth + 1)
        elif entry.is_file and _wanted(question, entry.name):
            yield _record(b"F", path, entry)


def _left_out(question: "Question", path: bytes) -> bool:
    if path == b"lost+found":
        return True
    if question.months is None or not YEAR_AND_MONTH.fullmatch(path):
        return False
    return path[-7:].decode() not in question.months


def _wanted(question: "Question", name: bytes) -> bool:
    extensions = tuple(extension.encode() for extension in question.extensions)
    return name.endswith(extensions) or any(
        name.endswith(ending) and name.removesuffix(ending).endswith(extensions)
        for ending in SIDECAR_KINDS
    )


def _record(kind: bytes, path: bytes, entry: Entry) -> bytes:
    size = 0 if kind == b"L" else entry.size_bytes
    return b"%s%d\t%d\t%s" % (kind, size, entry.mtime_epoch, path)
