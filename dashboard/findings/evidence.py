"""Takes the evidence of a finding (JSON), gives values that a template can show: words, moments, links, lists, tables. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard.wording import exact_bytes, size, span
from hubs.models import Hub

MOST_ITEMS = 200
MOST_SHORT = 5  # values that stand in one line
OUR_NAME = re.compile(r"[a-z][a-z0-9_]*")
KILOBYTE, MINUTES = 1000, 120


@dataclass(frozen=True)
class Shown:
    """A value as it is shown; `kind` says which of the other fields count."""

    kind: str  # text, moment, run, repo, list, facts, table
    text: str = ""
    at: datetime | None = None
    run: int = 0
    category: str = ""
    name: str = ""
    items: tuple["Shown", ...] = ()
    facts: tuple[tuple[str, "Shown"], ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[tuple[str, "Shown"], ...], ...] = ()  # each cell with the name of its column
    left_out: int = 0


def shown(evidence: Mapping[str, Any], hub: Hub) -> list[tuple[str, Shown]]:
    """Return the name and value of each piece of evidence."""
    return [(_words(name), _shown(name, value, hub)) for name, value in evidence.items()]


def _words(name: str) -> str:
    return name.replace("_", " ") if OUR_NAME.fullmatch(name) else name


def _shown(name: str, value: Any, hub: Hub) -> Shown:
    """Show a value; what it is called tells the unit of a number and what a text names."""
    if isinstance(value, Mapping):
        return _facts(name, value, hub)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _several(name, value, hub)
    if isinstance(value, str):
        return _text(name, value)
    if name == "run" and isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return Shown("run", run=value)
    return Shown("text", _plain(name, value))


def _facts(name: str, values: Mapping[str, Any], hub: Hub) -> Shown:
    """Show named values; the names may be those of repos or nodes, so they stay as they are.

    Where they tell no unit, what the whole is called does: `size_bytes` of each repo.
    """
    kept = list(values.items())[:MOST_ITEMS]
    facts = tuple(
        (own, _shown(own if UNIT.search(own) else name, value, hub)) for own, value in kept
    )
    return Shown("facts", facts=facts, left_out=len(values) - len(facts)) if facts else NONE


def _several(name: str, values: Sequence[Any], hub: Hub) -> Shown:
    kept = values[:MOST_ITEMS]
    left_out = len(values) - len(kept)
    if not kept:
        return NONE
    if all(isinstance(value, Mapping) and value.keys() == kept[0].keys() for value in kept):
        columns = tuple(map(_words, kept[0]))
        rows = tuple(
            tuple((_words(column), _shown(column, row[column], hub)) for column in kept[0])
            for row in kept
        )
        return Shown("table", columns=columns, rows=rows, left_out=left_out)
    items = tuple(_shown(_singular(name), value, hub) for value in kept)
    numbers = all(isinstance(value, int | float) for value in kept)
    if all(item.kind == "text" for item in items) and (numbers or len(items) <= MOST_SHORT):
        return Shown("text", ", ".join(item.text for item in items), left_out=left_out)
    return Shown("list", items=items, left_out=left_out)


def _singular(name: str) -> str:
    return "repo" if name == "repos" else name


def _text(name: str, text: str) -> Shown:
    if name == "repo" and (named := re.fullmatch(r"([^/]+)/([^/]+)", text)):
        return Shown("repo", text, category=named[1], name=named[2])
    if at := _moment(text):
        return Shown("moment", text, at=at)
    return Shown("text", text)


def _moment(text: str) -> datetime | None:
    """Return the moment that a text is in full, with its offset."""
    if "T" not in text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


def _plain(name: str, value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if unit := UNIT.search(name):
        return UNITS[unit[1]](value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def _bytes(size_bytes: float) -> str:
    exact = exact_bytes(round(size_bytes))
    return exact if abs(size_bytes) < KILOBYTE else f"{exact} ({size(round(abs(size_bytes)))})"


def _seconds(seconds: float) -> str:
    exact = f"{seconds:,.10g} s"
    return exact if abs(seconds) < MINUTES else f"{exact} ({span(abs(seconds))})"


UNITS: dict[str, Callable[[Any], str]] = {"bytes": _bytes, "seconds": _seconds}
UNIT = re.compile(r"(?:^|_)(bytes|seconds)(?:_|$)")
NONE = Shown("text", "none")
