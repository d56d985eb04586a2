"""The few SVG elements that pictures are made of, as text; whatever text goes in is escaped here. Pure."""

import re
from collections.abc import Callable, Iterable, Sequence

from probes.draw.letters import written

Pixel = tuple[float, float]

FAMILY = "'DejaVu Sans Condensed', system-ui, 'Segoe UI', Arial, sans-serif"


def framed(
    parts: Iterable[str],
    width: int,
    height: int,
    ground: str,
    told: str,
    sheet_of: Callable[[str], str] | None = None,
) -> str:
    """Return a whole SVG, opaque as mails and pages may have anything behind it; `told` is what it says aloud.

    What `sheet_of` makes of the drawing becomes its style sheet.
    """
    drawing = f'<rect width="{width}" height="{height}" fill="{ground}"/>\n' + "\n".join(parts)
    sheet = f"<style>{sheet_of(drawing)}</style>\n" if sheet_of else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" font-family="{FAMILY}" role="img" aria-label="{written(told)}">\n'
        f"{sheet}{drawing}\n</svg>\n"
    )


def size_of(svg: str) -> tuple[int, int]:
    """Return the width and height of what `framed` made."""
    width, height = re.findall(r' (?:width|height)="(\d+)"', svg[: svg.index(">")])
    return int(width), int(height)


def text(
    at: Pixel, content: str, size_px: float, fill: str, *, anchor: str = "start", bold: bool = False
) -> str:
    """Return a text on one line; `anchor` says which of its ends, or its middle, is where it is put."""
    weight = ' font-weight="700"' if bold else ""
    return (
        f'<text x="{number(at[0])}" y="{number(at[1])}" font-size="{number(size_px)}"'
        f' text-anchor="{anchor}"{weight} fill="{fill}">{written(content)}</text>'
    )


def line(begin: Pixel, end: Pixel, colour: str, width_px: float = 1, dashes: str = "") -> str:
    """Return a straight line."""
    return stroked(drawn([begin, end]), colour, width_px, dashes)


def stroked(shape: str, colour: str, width_px: float, dashes: str = "") -> str:
    """Return the outline of a path."""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<path d="{shape}" fill="none" stroke="{colour}" stroke-width="{number(width_px)}"'
        f' stroke-linejoin="round" stroke-linecap="{"butt" if dashes else "round"}"{dashed}/>'
    )


def filled(shape: str, colour: str, opacity: float = 1) -> str:
    """Return the area of a path."""
    see_through = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
    return f'<path d="{shape}" fill="{colour}"{see_through}/>'


def drawn(pixels: Sequence[Pixel]) -> str:
    """Return a path through pixels."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in pixels)


def dots(pixels: Iterable[Pixel]) -> str:
    """Return a path that, stroked with round ends, is a dot at each pixel."""
    return "".join(f"M{number(x)} {number(y)}h.01" for x, y in pixels)


def box(left: float, right: float, head: float, foot: float) -> str:
    """Return the path of a rectangle."""
    return f"M{number(left)} {number(foot)}V{number(head)}H{number(right)}V{number(foot)}Z"


def number(value: float) -> str:
    """Return a length with no more digits than are seen."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def crisp(value: float) -> float:
    """Return the middle of a pixel, where a thin line across is sharp."""
    return int(value) + 0.5
