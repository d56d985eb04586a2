"""What is to be told, as plain values: written once, stored as JSON, shown as mail, text, or JSON for programs. Pure.

A message is a subject, a conclusion in one sentence, and blocks that follow. Texts in it are for people: whoever makes
a message gives names from nodes in the text form of `hubs.names`; whoever shows it escapes for where it is shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """Why a message is sent."""

    CHANGE = "change"  # something opened, became worse or better, or closed
    REMINDER = "reminder"  # it is still open
    ESCALATION = "escalation"  # it is still open, and further people are told
    REASSURANCE = "reassurance"  # once a week, even when all is well
    FAILURE = "failure"  # a command of ours failed
    TEST = "test"  # somebody asked for it


class Tone(StrEnum):
    """How bad something is: a colour, and always a word beside it."""

    OK = "ok"
    NOTICE = "notice"
    WARN = "warn"
    ALARM = "alarm"
    UNKNOWN = "unknown"
    PLAIN = ""


WORST_FIRST = (Tone.ALARM, Tone.WARN, Tone.NOTICE)


@dataclass(frozen=True)
class Entry:
    """One thing that is told: a problem, or a recovery."""

    text: str
    word: str  # what the tone says, such as `new alarm` or `closed after 3h`
    tone: str = Tone.PLAIN
    link: str = ""
    details: tuple[str, ...] = ()  # smaller lines beneath


@dataclass(frozen=True)
class Entries:
    """Things that are told under one heading."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Cell:
    """One field of a table."""

    text: str
    tone: str = Tone.PLAIN


@dataclass(frozen=True)
class Table:
    """A table; the first column names its row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Facts:
    """Names and values, such as where and by which command something was found."""

    title: str
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Verbatim:
    """Text as a program printed it: a traceback, log lines, a command to copy."""

    title: str
    text: str


@dataclass(frozen=True)
class Picture:
    """Where a picture of the message stands; its bytes are kept beside the message."""

    name: str  # unique in the message: letters, digits and dashes
    alt: str  # all that it shows, for whoever sees no picture
    width: int = 0  # as shown, in CSS pixels
    height: int = 0


Block = Entries | Table | Facts | Verbatim | Picture


@dataclass(frozen=True)
class Message:
    """One thing told to people."""

    kind: str
    severity: str  # of what is told: alarm, warn or notice; routes go by it
    tone: str  # of the state that it leaves: ok, warn, alarm, unknown
    subject: str  # one line
    conclusion: str  # one or two sentences, complete without what follows
    blocks: tuple[Block, ...] = ()
    link: str = ""  # to the page that shows more
    facts: Mapping[str, Any] = field(default_factory=dict)  # the same for programs: JSON values

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values; `message_from` reads them back."""
        blocks = [{"block": type(block).__name__, **asdict(block)} for block in self.blocks]
        return {**asdict(self), "blocks": blocks}


def message_from(stored: Mapping[str, Any]) -> Message:
    """Return the message that `as_json` gave."""
    blocks = tuple(_block(dict(block)) for block in stored["blocks"])
    return Message(**{**stored, "blocks": blocks})


def _block(stored: dict[str, Any]) -> Block:
    match stored.pop("block"):
        case "Entries":
            entries = (
                Entry(**{**one, "details": tuple(one["details"])}) for one in stored["entries"]
            )
            return Entries(stored["title"], tuple(entries))
        case "Table":
            rows = tuple(tuple(Cell(**cell) for cell in row) for row in stored["rows"])
            return Table(stored["title"], tuple(stored["columns"]), rows)
        case "Facts":
            return Facts(stored["title"], tuple((name, text) for name, text in stored["pairs"]))
        case "Verbatim":
            return Verbatim(**stored)
        case "Picture":
            return Picture(**stored)
        case other:
            raise ValueError(f"a message has no block {other!r}")


def worst(severities: Sequence[str]) -> str:
    """Return the worst of some severities, which must not be none."""
    return min(severities, key=lambda severity: WORST_FIRST.index(Tone(severity)))
