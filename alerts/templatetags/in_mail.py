"""`{% load in_mail %}`: what the templates of mail ask about a value."""

import re
from collections.abc import Sequence
from itertools import zip_longest

from django import template

from alerts.message import Cell
from alerts.palette import badge_of

register = template.Library()

DAY = re.compile(r"(\b\d{4}-\d\d-\d\d\b)")
LINE = 66  # characters that the columns of a table share
FEWEST = 6

register.filter("badge", badge_of)


@register.filter
def pieces(text: str) -> list[tuple[str, bool]]:
    """Return a text in pieces, each with whether it is a day, which is not to be broken at its hyphens."""
    return [(piece, number % 2 == 1) for number, piece in enumerate(DAY.split(text))]


@register.filter
def has_long_word(text: str, columns: Sequence[str]) -> bool:
    """Return whether a text must be broken within a word, or the table of so many columns would be too wide."""
    most = max(FEWEST, LINE // max(1, len(columns)))
    return any(len(word) > most for word in text.split())


@register.filter
def labelled(row: Sequence[Cell], columns: Sequence[str]) -> list[tuple[str, Cell]]:
    """Return the cells of a row, each with the heading of its column."""
    cells = zip_longest(columns, row)
    return [(label or "", cell or Cell("")) for label, cell in cells]
