"""A picture as PNG bytes, for where SVG is not shown: the same on each machine, as only our own font is used."""

import struct
from pathlib import Path

import resvg_py

FONTS = Path(__file__).resolve().parent.parent.parent / "static" / "vendor" / "fonts"
FAMILY = "DejaVu Sans"


def png_of(svg: str, *, width_px: int) -> bytes:
    """Return an SVG drawn so many pixels wide; raises ValueError when it is none."""
    return resvg_py.svg_to_bytes(
        svg_string=svg,
        width=width_px,
        skip_system_fonts=True,
        font_files=[str(path) for path in sorted(FONTS.glob("*.ttf"))],
        font_family=FAMILY,
        sans_serif_family=FAMILY,
    )


def png_size(png: bytes) -> tuple[int, int]:
    """Return the width and height in pixels that a PNG says of itself."""
    width, height = struct.unpack_from(">II", png, 16)
    return width, height
