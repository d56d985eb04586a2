"""Reads a node's answer to the sidecar question: which lines each file named holds.

Pure. The answer comes in the order of the question, so both are walked side by side and nothing is held.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from probes.look.listing import Answer, ListingError

BATCH, END = b"SCMMON-BATCH", b"SCMMON-END"
LONGEST_LINE_BYTES = 1 << 20  # a sidecar may have grown since it was listed


class SidecarText(NamedTuple):
    """The content of one sidecar; None where the node did not show it."""

    path: bytes
    content: bytes | None


def sidecar_texts(
    answer: Answer, blocks: Iterable[bytes], asked: Iterable[bytes]
) -> Iterator[SidecarText]:
    """Yield the content of each path asked for, in that order.

    Raises ListingError when the answer is not whole: cut, out of order, or not of all that was asked.
    """
    lines = _lines(answer, blocks)
    name, line = next(lines)
    count = 0
    for path in asked:
        count += 1
        content: list[bytes] = []
        while name == b"./" + path:
            content.append(line)
            name, line = next(lines)
        yield SidecarText(path, b"\n".join(content).replace(b"\r", b"\n") if content else None)
        while name.startswith(BATCH):
            count -= _batch_size(name, answer.nonce)
            name, line = next(lines)
    if name.split() != [END, answer.nonce.encode()] or count:
        raise ListingError(
            "malformed", f"the sidecars came out of order, or {count} were not asked for"
        )


def _batch_size(name: bytes, nonce: str) -> int:
    words = name.split()
    if len(words) != 3 or words[1] != nonce.encode() or not words[2].isdigit():
        raise ListingError("malformed", "a batch of sidecars does not end as ours do")
    return int(words[2])


def _lines(answer: Answer, blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield (name, line) pairs, the trailer as a name with an empty line; raises ListingError when cut."""
    stream = iter(blocks)
    rest = answer.after_header(stream)
    end = b"%s %s" % (END, answer.nonce.encode())
    while True:
        position = 0
        while (nul := rest.find(b"\0", position)) >= 0:
            name = rest[position:nul]
            if name == end:
                yield name, b""
                return
            newline = rest.find(b"\n", nul)
            if newline < 0:
                break
            yield name, rest[nul + 1 : newline]
            position = newline + 1
        rest = rest[position:]
        if len(rest) > LONGEST_LINE_BYTES:
            raise ListingError(
                "overflow", f"a sidecar's line is longer than {LONGEST_LINE_BYTES} bytes"
            )
        block = next(answer.counted(stream), None)
        if block is None:
            raise ListingError("truncated", "the answer ends before all sidecars were read")
        rest += block
