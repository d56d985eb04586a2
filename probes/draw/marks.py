"""Moments of findings on a picture: their shapes, and which of their labels have room. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from probes.draw.elements import Pixel, drawn, filled, number
from probes.draw.letters import width_px

TONES = ("", "ok", "notice", "unknown", "warn", "alarm")  # what is drawn later is on top
RADIUS, REACH = 6, 10  # of a shape, and from its middle to its label, in pixels

# In radii: right and down.
PLAIN_OUTLINE = ((-1, -0.3), (1, -0.3), (1, 0.3), (-1, 0.3))
TONE_OUTLINES = {
    "notice": ((-0.9, -1), (1, 0), (-0.9, 1)),
    "warn": ((0, -1.05), (1.1, 0.95), (-1.1, 0.95)),
    "alarm": (
        *((-0.42, -1), (0.42, -1), (1, -0.42), (1, 0.42)),
        *((0.42, 1), (-0.42, 1), (-1, 0.42), (-1, -0.42)),
    ),
}


class Mark(NamedTuple):
    """A moment to mark, such as when a finding opened; `tone` is one of `TONES`."""

    at: datetime
    tone: str
    label: str


class Label(NamedTuple):
    """Where a mark's label is: the end of it that `anchor` names, as SVG does."""

    mark: Mark
    x: float
    anchor: str


def labels(
    placed: Sequence[tuple[float, Mark]], left: float, right: float, size_px: float
) -> list[Label]:
    """Return labels that cover neither each other nor a mark, the last marks first; the others have no room."""
    taken = [(x - REACH, x + REACH) for x, _ in placed]
    shown = []
    for x, mark in reversed(placed):
        width = width_px(mark.label, size_px)
        after, before = (x + REACH, x + REACH + width), (x - REACH - width, x - REACH)
        for begin, end in (after, before):
            free = all(end <= other or until <= begin for other, until in taken)
            if free and left <= begin and end <= right:
                taken.append((begin - REACH, end + REACH))
                at_end = begin < x
                shown.append(Label(mark, end if at_end else begin, "end" if at_end else "start"))
                break
    return shown


def tone_shape(tone: str, at: Pixel, colour: str) -> str:
    """Return the shape of a tone, as badges of the pages have it: a tone is told by shape and not only by colour."""
    x, y = at
    if tone == "ok":
        return f'<circle cx="{number(x)}" cy="{number(y)}" r="{RADIUS}" fill="{colour}"/>'
    if tone == "unknown":
        return (
            f'<circle cx="{number(x)}" cy="{number(y)}" r="{RADIUS - 1}" fill="none"'
            f' stroke="{colour}" stroke-width="2" stroke-dasharray="3 2"/>'
        )
    outline: tuple[Pixel, ...] = TONE_OUTLINES.get(tone, PLAIN_OUTLINE)
    return filled(
        drawn([(x + RADIUS * right, y + RADIUS * down) for right, down in outline]) + "Z", colour
    )
