"""Takes a text of anybody's and the room for it, gives what fits there as text of an SVG. Pure.

Widths are those of DejaVu Sans Condensed, rounded up: what is drawn with another font of that width fits too.
"""

import unicodedata
from xml.sax.saxutils import escape

from hubs.names import one_line

# In parts of the font's size.
WIDTHS = {
    letter: width
    for width, letters in (
        (0.29, "'ijlIJ ,."),
        (0.33, "/:;\\|-f"),
        (0.37, "()[]t!r"),
        (0.45, '"*_`'),
        (0.5, "szc?L"),
        (0.55, "FkvxyPTYaeo"),
        (0.58, "$0123456789ESbdghnpqu{}"),
        (0.64, "KABRVXZC"),
        (0.71, "UNHDG&OQ"),
        (0.76, "w#+<=>^~"),
        (0.9, "M%mW@"),
    )
    for letter in letters
}
OTHER, BROADEST = 0.76, 1.0
BOLD = 1.12  # how much wider the bold letters are
ELLIPSIS = "…"
MOST_ACCENTS = 3  # on one letter; more of them would tower over the lines above


def width_px(text: str, size_px: float) -> float:
    """Return the room that a text takes at most, in pixels."""
    return size_px * sum(map(_width, text))


def _width(letter: str) -> float:
    broad = unicodedata.east_asian_width(letter) in "WF"
    return BROADEST if broad else WIDTHS.get(letter, OTHER)


def fitting(text: str, size_px: float, room_px: float) -> str:
    """Return a text in one line that fits; where it is too long, its beginning and its end around an ellipsis."""
    line = _few_accents(one_line(text))
    if width_px(line, size_px) <= room_px:
        return line
    kept = min(len(line) - 1, int(room_px / (size_px * min(WIDTHS.values()))))
    while kept > 0:
        shortened = line[: (kept + 1) // 2] + ELLIPSIS + line[len(line) - kept // 2 :]
        if width_px(shortened, size_px) <= room_px:
            return shortened
        kept -= 1
    return ELLIPSIS


def _few_accents(text: str) -> str:
    kept, accents = [], 0
    for letter in text:
        accents = accents + 1 if unicodedata.category(letter) in ("Mn", "Me") else 0
        if accents <= MOST_ACCENTS:
            kept.append(letter)
    return "".join(kept)


def written(text: str) -> str:
    """Return a text so that it means itself between tags and in double quotes, all on one line."""
    return escape(one_line(text), {'"': "&quot;"})
