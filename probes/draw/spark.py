"""Draws a hub's last days as a picture for a row of a table: takes the bytes of each day, gives SVG. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from probes.draw.elements import Pixel, dots, drawn, filled, framed, line, number, stroked
from probes.draw.letters import fitting
from probes.draw.scales import size_text
from probes.draw.themes import BOTH, THEMES, dark_sheet

WIDTH, HEIGHT = 140, 32
MARGIN = 4
LINE, DOT = 1.5, 5
NAME_TOLD = 40  # in widths of a broad letter


@dataclass(frozen=True)
class DayBytes:
    """The bytes of each day's tarballs up to the newest one's day; no days where there is no tarball."""

    last: date | None
    sizes: Sequence[int]


def spark_of(days: DayBytes, *, title: str, theme: str = BOTH) -> str:
    """Return the days as a line with a dot at the newest, in a theme or in both."""
    colours = THEMES["light" if theme == BOTH else theme]
    ink = colours.lines[0]
    parts = [line((MARGIN, _foot()), (WIDTH - MARGIN, _foot()), colours.line)]
    if days.sizes:
        pixels = _pixels(days.sizes)
        way, foot = drawn(pixels), number(_foot())
        begin, end = number(pixels[0][0]), number(pixels[-1][0])
        parts += [
            filled(f"{way}L{end} {foot}L{begin} {foot}Z", ink, 0.12),
            stroked(way, ink, LINE),
            stroked(dots(pixels[-1:]), ink, DOT),
        ]
    sheet_of = dark_sheet if theme == BOTH else None
    return framed(parts, WIDTH, HEIGHT, "none", spark_alt(days, title), sheet_of)


def spark_alt(days: DayBytes, title: str) -> str:
    """Return what it shows in one sentence."""
    name = fitting(title, 1, NAME_TOLD)
    if days.last is None or not days.sizes:
        return f"{name}: no tarball was seen yet."
    there = [size for size in days.sizes if size]
    begin = days.last - timedelta(days=len(days.sizes) - 1)
    least, most = size_text(min(there, default=0)), size_text(max(there, default=0))
    missing = len(days.sizes) - len(there)
    without = f", {missing} of {len(days.sizes)} days without any" if missing else ""
    newest = size_text(days.sizes[-1])
    return (
        f"{name}: tarballs of {begin} to {days.last}, {least} to {most} a day"
        f"{without}; {newest} on the last."
    )


def _foot() -> float:
    return HEIGHT - MARGIN + 0.5


def _pixels(sizes: Sequence[int]) -> list[Pixel]:
    """Return where each day is; one alone is at the end."""
    most = max(1, *sizes)
    step = (WIDTH - 2 * MARGIN) / max(1, len(sizes) - 1)
    right, room = WIDTH - MARGIN, _foot() - MARGIN
    back = range(len(sizes) - 1, -1, -1)
    return [
        (right - step * days, _foot() - room * size / most)
        for days, size in zip(back, sizes, strict=True)
    ]
