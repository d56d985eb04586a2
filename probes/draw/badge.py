"""Draws a status badge: takes a name and a tone, gives SVG with both in words, and the tone's shape. Pure."""

from probes.draw.elements import filled, framed, text
from probes.draw.letters import BOLD, fitting, width_px
from probes.draw.marks import RADIUS, tone_shape
from probes.draw.themes import THEMES

HEIGHT, LETTERS, PADDING, FOOT = 24, 13, 8, 16.5
LONGEST_NAME = 240
NAME_GROUND, INK = "#3a4556", "#ffffff"
CORNER = 4


def badge_of(name: str, tone: str) -> str:
    """Return a badge that says `name` and `tone`; the same on any ground, light or dark."""
    shown = fitting(name, LETTERS, LONGEST_NAME)
    left = round(width_px(shown, LETTERS) + 2 * PADDING)
    right = round(BOLD * width_px(tone, LETTERS) + 3 * PADDING + 2 * RADIUS)
    ground = THEMES["light"].tones[tone]
    width, middle = left + right, HEIGHT / 2
    parts = [
        filled(_rounded(0, width), ground),
        filled(_rounded(0, left, is_whole=False), NAME_GROUND),
        text((PADDING, FOOT), shown, LETTERS, INK),
        tone_shape(tone, (left + PADDING + RADIUS, middle), INK),
        text((left + 2 * PADDING + 2 * RADIUS, FOOT), tone, LETTERS, INK, bold=True),
    ]
    return framed(parts, width, HEIGHT, "none", f"{shown}: {tone}")


def _rounded(left: int, right: int, *, is_whole: bool = True) -> str:
    """Return the path of a box with round corners, only those at its left where it is no whole one."""
    r = CORNER
    turn = f"a{r} {r} 0 0 1 "
    begin = f"M{left} {r}{turn}{r} -{r}"
    if not is_whole:
        return f"{begin}H{right}V{HEIGHT}H{left + r}{turn}-{r} -{r}Z"
    down = f"H{right - r}{turn}{r} {r}V{HEIGHT - r}{turn}-{r} {r}"
    return f"{begin}{down}H{left + r}{turn}-{r} -{r}Z"
