"""Takes blocks of a message, gives them as plain text of 78 columns. Pure.

Sentences are wrapped between words. What somebody may want to copy is not: values of facts and tables, links, and text
as a program printed it.
"""

import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from alerts.message import Block, Cell, Entries, Entry, Facts, Picture, Table, Verbatim

COLUMNS = 78
BENEATH = "    "
BETWEEN = "  "  # columns of a table
WIDE, NO_WIDTH = ("W", "F"), ("Mn", "Me")


def block_text(block: Block) -> str:
    """Return a block under its underlined heading, without a newline at its end."""
    match block:
        case Entries():
            return _titled(block.title, _entries(block.entries))
        case Table():
            return _titled(block.title, _table(block.columns, block.rows))
        case Facts():
            return _titled(block.title, _facts(block.pairs))
        case Verbatim():
            return _titled(block.title, textwrap.indent(block.text.rstrip("\n"), BENEATH))
        case Picture():
            return wrapped(f"[picture] {block.alt}", beneath=BETWEEN)


def wrapped(text: str, before: str = "", beneath: str = "") -> str:
    """Return a text in lines that break between words only, with something before the first, or before the others."""
    return textwrap.fill(
        text,
        COLUMNS,
        initial_indent=before,
        subsequent_indent=beneath,
        break_long_words=False,
        break_on_hyphens=False,
    )


def columns_of(text: str) -> int:
    """Return how many columns of a terminal a text takes: two for an ideograph, none for an accent above a letter."""
    return sum(
        2 if unicodedata.east_asian_width(character) in WIDE else 1
        for character in text
        if unicodedata.category(character) not in NO_WIDTH
    )


def _titled(title: str, body: str) -> str:
    heading = f"{title}\n{'-' * min(columns_of(title), COLUMNS)}\n" if title else ""
    return f"{heading}{body}"


def _entries(entries: Iterable[Entry]) -> str:
    texts = [_entry(entry) for entry in entries]
    return ("\n\n" if any("\n" in text for text in texts) else "\n").join(texts)


def _entry(entry: Entry) -> str:
    return "\n".join(
        [
            wrapped(f"[{entry.word}] {entry.text}", beneath=BETWEEN),
            *(wrapped(detail, BENEATH, BENEATH + BETWEEN) for detail in entry.details),
            *([f"{BENEATH}{entry.link}"] if entry.link else []),
        ]
    )


def _facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Return names and values side by side; a value that does not fit stands whole beneath its name."""
    width = max((columns_of(name) for name, _ in pairs), default=0)
    return "\n".join(_fact(name, value, width) for name, value in pairs)


def _fact(name: str, value: str, width: int) -> str:
    line = f"{_padded(name, width)}{BETWEEN}{value}"
    return line if columns_of(line) <= COLUMNS else f"{name}\n{BENEATH}{value}"


def _table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Return a table with aligned columns; where it is too wide, each row as names and values beneath its first cell."""
    lines = [list(columns), *([cell.text for cell in row] for row in rows)]
    widths = [max(map(columns_of, column)) for column in zip_longest(*lines, fillvalue="")]
    if sum(widths) + len(BETWEEN) * (len(widths) - 1) > COLUMNS:
        return "\n\n".join(_record(lines[0], line) for line in lines[1:])
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        BETWEEN.join(
            _padded(text, width) for text, width in zip(line, widths, strict=False)
        ).rstrip()
        for line in lines
    )


def _record(columns: Sequence[str], line: Sequence[str]) -> str:
    (name, first), *others = zip_longest(columns, line, fillvalue="")
    facts = textwrap.indent(_facts(others), BETWEEN)
    return f"{name}: {first}\n{facts}" if name else f"{first}\n{facts}"


def _padded(text: str, width: int) -> str:
    return text + " " * (width - columns_of(text))
