"""Passes every text of a message through functions, for whoever changes all of them alike. Pure."""

from collections.abc import Callable
from dataclasses import replace

from alerts.message import Block, Cell, Entries, Entry, Facts, Message, Picture, Table, Verbatim

Change = Callable[[str], str]


def with_texts(message: Message, line: Change, lines: Change, link: Change = str) -> Message:
    """Return a message with its single lines, its verbatim texts and its links changed; what programs get stays."""
    return replace(
        message,
        tone=line(message.tone),
        subject=line(message.subject),
        conclusion=line(message.conclusion),
        blocks=tuple(_block(block, line, lines, link) for block in message.blocks),
        link=link(message.link),
    )


def _block(block: Block, line: Change, lines: Change, link: Change) -> Block:
    match block:
        case Entries():
            entries = tuple(_entry(entry, line, link) for entry in block.entries)
            return Entries(line(block.title), entries)
        case Table():
            rows = tuple(tuple(Cell(line(c.text), c.tone) for c in row) for row in block.rows)
            return Table(line(block.title), tuple(map(line, block.columns)), rows)
        case Facts():
            pairs = tuple((line(name), line(value)) for name, value in block.pairs)
            return Facts(line(block.title), pairs)
        case Verbatim():
            return Verbatim(line(block.title), lines(block.text))
        case Picture():
            return replace(block, alt=line(block.alt))


def _entry(entry: Entry, line: Change, link: Change) -> Entry:
    return replace(
        entry,
        text=line(entry.text),
        word=line(entry.word),
        link=link(entry.link),
        details=tuple(map(line, entry.details)),
    )
