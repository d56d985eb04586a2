"""Takes a message, gives as much of it as a mail may hold, and says how much was left out. Pure.

Mail programs clip what is larger than some 100 kB, so whoever renders tries one step after the other until one fits.
The last step holds hardly more than the conclusion, so that one of them always does.
"""

from dataclasses import dataclass, replace

from alerts.message import Block, Entries, Entry, Facts, Message, Table
from alerts.texts import with_texts


@dataclass(frozen=True)
class Most:
    """How much of a message is shown."""

    blocks: int
    things: int  # entries, rows, or facts of a block
    details: int  # of an entry
    characters: int  # of a line
    verbatim: int  # characters of a text as a program printed it


STEPS = (
    Most(blocks=100, things=30, details=30, characters=8_000, verbatim=20_000),
    Most(blocks=50, things=30, details=3, characters=800, verbatim=8_000),
    Most(blocks=20, things=10, details=2, characters=300, verbatim=2_000),
    Most(blocks=0, things=0, details=0, characters=300, verbatim=300),
)


@dataclass(frozen=True)
class Shortened:
    """A message, or the beginning of one."""

    message: Message
    left_out: tuple[int, ...]  # of each of its blocks: entries, rows or facts
    blocks_left_out: int


def shortened(message: Message, most: Most) -> Shortened:
    """Return so much of a message."""
    blocks = message.blocks[: most.blocks]
    begun = replace(message, blocks=tuple(_begun(block, most) for block in blocks))
    return Shortened(
        with_texts(
            begun,
            lambda text: cut_off(text, most.characters),
            lambda text: without_middle(text, most.verbatim),
        ),
        left_out=tuple(max(0, _things(block) - most.things) for block in blocks),
        blocks_left_out=len(message.blocks) - len(blocks),
    )


def cut_off(text: str, characters: int) -> str:
    """Return a text, or its beginning with an ellipsis."""
    return text if len(text) <= characters else f"{text[: characters - 1]}…"


def without_middle(text: str, characters: int) -> str:
    """Return a text, or its two ends: a traceback begins with where, and ends with what."""
    if len(text) <= characters:
        return text
    half = characters // 2
    left_out = len(text) - 2 * half
    return f"{text[:half]}\n… {left_out:,} characters are left out here …\n{text[-half:]}"


def _things(block: Block) -> int:
    match block:
        case Entries():
            return len(block.entries)
        case Table():
            return len(block.rows)
        case Facts():
            return len(block.pairs)
        case _:
            return 0


def _begun(block: Block, most: Most) -> Block:
    match block:
        case Entries():
            entries = tuple(_entry(entry, most) for entry in block.entries[: most.things])
            return replace(block, entries=entries)
        case Table():
            return replace(block, rows=block.rows[: most.things])
        case Facts():
            return replace(block, pairs=block.pairs[: most.things])
        case _:
            return block


def _entry(entry: Entry, most: Most) -> Entry:
    if len(entry.details) <= most.details:
        return entry
    left_out = f"… {len(entry.details) - most.details:,} more"
    return replace(entry, details=(*entry.details[: most.details], left_out))
