"""Says on which line of a TOML text a table or a key stands, which tomllib does not tell.

A scan of lines, not a parser: what it cannot place (a key of an inline table) is given the line of the nearest
thing around it. It is for messages only; nothing depends on it being exact.
"""

import re

Place = tuple[str | int, ...]

NAME = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
DOTTED = rf"{NAME}(?:\s*\.\s*{NAME})*"
HEADER = re.compile(rf"\s*(\[\[?)\s*({DOTTED})\s*\]\]?\s*(?:#.*)?\Z")
KEY = re.compile(rf"\s*({DOTTED})\s*=")
LONG_QUOTES = re.compile(r'"""|\'\'\'')


class TomlLines:
    """The lines of the tables and keys of one TOML text."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Place, int] = {}
        self._counts: dict[Place, int] = {}
        table: Place = ()
        inside = ""  # the quotes of a text that goes over several lines
        for number, line in enumerate(text.splitlines(), 1):
            if not inside:
                if header := HEADER.match(line):
                    table = self._enter(_names(header[2]), is_array=header[1] == "[[")
                    self.lines.setdefault(table, number)
                elif key := KEY.match(line):
                    self.lines.setdefault(table + _names(key[1]), number)
            inside = _left_open(line, inside)

    def of(self, place: Place) -> int:
        """Return the line of a place, for instance ("hub", 1, "replica", 0, "root"), or of what is around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def _enter(self, names: tuple[str, ...], *, is_array: bool) -> Place:
        place: Place = ()
        for name in names[:-1]:
            place += (name,)
            if place in self._counts:
                place += (self._counts[place] - 1,)
        place += (names[-1],)
        if not is_array:
            return place
        self._counts[place] = self._counts.get(place, 0) + 1
        return (*place, self._counts[place] - 1)


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(name.strip("\"'") for name in re.findall(NAME, dotted))


def _left_open(line: str, inside: str) -> str:
    for quotes in LONG_QUOTES.findall(line):
        if not inside:
            inside = quotes
        elif quotes == inside:
            inside = ""
    return inside
