"""The colours of static/dashboard/tokens.css for mail, which takes no sheet along: light ones inline, dark ones where a program asks.

Sizes, spaces and colours are those that mail programs leave in place: styles of elements, and no more of CSS than they know.
"""

from dataclasses import dataclass

LIGHT = {
    "page": "#f5f6f8",
    "surface": "#ffffff",
    "sunken": "#eef0f4",
    "ink": "#1a2230",
    "ink_soft": "#566072",
    "line": "#d9dde5",
    "accent": "#1f4e8c",
    "accent_ink": "#ffffff",
    "ok": "#17734a",
    "ok_tint": "#e6f4ec",
    "warn": "#8a5a00",
    "warn_tint": "#fdf1d3",
    "alarm": "#b0231c",
    "alarm_tint": "#fce6e4",
    "unknown": "#5a4f93",
    "unknown_tint": "#eceaf6",
    "notice": "#1c5f8f",
    "notice_tint": "#e3f0f9",
    "none": "#47566f",
    "none_tint": "#e9edf4",
}
DARK = {
    "page": "#11151c",
    "surface": "#191f29",
    "sunken": "#222a36",
    "ink": "#e6eaf1",
    "ink_soft": "#a0abbc",
    "line": "#323c4b",
    "accent": "#8ab8f2",
    "accent_ink": "#10161f",
    "ok": "#6fce9c",
    "ok_tint": "#16301f",
    "warn": "#f0c05a",
    "warn_tint": "#352a10",
    "alarm": "#ff968c",
    "alarm_tint": "#3d1917",
    "unknown": "#b9aef0",
    "unknown_tint": "#282441",
    "notice": "#86c5ef",
    "notice_tint": "#152c3d",
    "none": "#b4c2da",
    "none_tint": "#232d3d",
}
SHAPES = {"ok": "●", "notice": "▸", "warn": "▲", "alarm": "■", "unknown": "○", "none": "◇"}


@dataclass(frozen=True)
class Badge:
    """How a tone looks: a shape that stands beside its word, and its colours."""

    name: str
    shape: str
    border: str  # its kind
    colour: str
    tint: str
    dark_colour: str
    dark_tint: str


BADGES = {
    name: Badge(
        name=name,
        shape=shape,
        border="dashed" if name == "unknown" else "solid",
        colour=LIGHT[name],
        tint=LIGHT[f"{name}_tint"],
        dark_colour=DARK[name],
        dark_tint=DARK[f"{name}_tint"],
    )
    for name, shape in SHAPES.items()
}


def badge_of(tone: str) -> Badge:
    """Return how a tone looks; one without colour, or one that is not known, is grey."""
    return BADGES.get(tone, BADGES["none"])


# Programs that know no inheritance into tables need the font at each cell.
_SANS = "font-family:Segoe UI,system-ui,Liberation Sans,Arial,sans-serif;"
_MONO = "font-family:ui-monospace,Consolas,DejaVu Sans Mono,monospace;"
_BREAK = "overflow-wrap:anywhere;word-break:break-word;"
_INK, _SOFT, _LINE = (
    f"color:{LIGHT['ink']};",
    f"color:{LIGHT['ink_soft']};",
    f"1px solid {LIGHT['line']};",
)
STYLES = {
    "page": f"margin:0;padding:0;background:{LIGHT['page']};{_INK}{_SANS}font-size:15px;line-height:1.5;",
    "hidden": "display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;mso-hide:all;",
    "wide": "width:100%;table-layout:fixed;border-collapse:collapse;border-spacing:0;",
    "frame": "width:100%;table-layout:fixed;max-width:640px;margin:0 auto;border-collapse:separate;border-spacing:0;",
    "margin": f"padding:20px 12px;background:{LIGHT['page']};",
    "brand": f"padding:0 4px 10px;{_SANS}{_INK}font-size:17px;font-weight:700;line-height:1.3;text-align:left;",
    "kind": f"padding:0 4px 10px;{_SANS}{_SOFT}font-size:13px;line-height:1.3;text-align:right;",
    "band": f"padding:16px 20px;border-radius:8px;{_SANS}{_BREAK}text-align:left;",
    "state": "margin:0 0 4px;font-size:14px;line-height:1.4;font-weight:700;",
    "conclusion": f"margin:0;{_INK}font-size:18px;line-height:1.4;font-weight:600;",
    "act": "margin:14px 0 0;font-size:15px;line-height:1.4;",
    "button": f"display:inline-block;padding:8px 16px;border-radius:6px;background:{LIGHT['accent']};"
    f"color:{LIGHT['accent_ink']};font-weight:600;text-decoration:none;",
    "link": f"color:{LIGHT['accent']};text-decoration:underline;",
    "gap": "height:12px;line-height:12px;font-size:1px;",
    "card": f"padding:4px 20px 20px;background:{LIGHT['surface']};border:{_LINE}border-radius:8px;{_SANS}text-align:left;",
    "heading": f"margin:18px 0 8px;{_INK}font-size:16px;line-height:1.3;font-weight:600;{_BREAK}",
    "small_heading": f"margin:18px 0 6px;{_SOFT}font-size:13px;line-height:1.3;font-weight:600;{_BREAK}",
    "entry": f"padding:2px 0 2px 12px;{_SANS}{_BREAK}text-align:left;vertical-align:top;",
    "word": "margin:0 0 2px;font-size:13px;line-height:1.4;font-weight:700;",
    "text": f"margin:0;{_INK}font-size:15px;line-height:1.45;",
    "detail": f"margin:2px 0 0;{_SOFT}font-size:13px;line-height:1.45;",
    "between": "height:10px;line-height:10px;font-size:1px;",
    "table": f"width:100%;border-collapse:collapse;border-spacing:0;{_SANS}font-size:13px;line-height:1.4;",
    "column": f"padding:6px 8px;background:{LIGHT['sunken']};{_SOFT}font-weight:600;text-align:left;vertical-align:bottom;",
    "row": f"padding:6px 8px;{_INK}border-top:{_LINE}font-weight:600;text-align:left;vertical-align:top;",
    "cell": f"padding:6px 8px;{_INK}border-top:{_LINE}font-weight:400;text-align:left;vertical-align:top;",
    "breaks": _BREAK,
    "whole": "white-space:nowrap;",
    "scrolls": "width:100%;overflow-x:auto;",
    "name": f"padding:3px 14px 3px 0;{_SOFT}font-weight:400;text-align:left;vertical-align:top;width:120px;",
    "value": f"padding:3px 0;{_INK}{_BREAK}text-align:left;vertical-align:top;",
    "verbatim": f"padding:10px 12px;background:{LIGHT['sunken']};border-radius:6px;text-align:left;",
    "printed": f"margin:0;{_MONO}{_INK}font-size:12px;line-height:1.5;white-space:pre-wrap;{_BREAK}",
    "picture": f"display:block;max-width:100%;height:auto;margin:14px 0 0;border:0;border-radius:6px;overflow:hidden;background:#ffffff;{_SOFT}{_BREAK}font-size:13px;line-height:1.45;",
    "note": f"margin:8px 0 0;{_SOFT}font-size:13px;line-height:1.45;{_BREAK}",
    "foot": f"padding:14px 4px 0;{_SANS}{_SOFT}font-size:12px;line-height:1.5;{_BREAK}text-align:left;",
}
