"""The colours of pictures: the tokens of the pages' sheet and the lines of their charts, for light and dark. Pure.

A picture for both is drawn in the light ones, and bears a sheet that turns each of them into the dark one where the
reader wants it dark: whatever knows no such sheet shows it light.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    """What a picture is drawn in; a tone is that of a finding, and has a shape as well."""

    surface: str
    ink: str
    soft: str
    line: str
    planned: str
    tones: dict[str, str]
    lines: tuple[str, ...]  # of repos; told apart with any colour vision

    @property
    def all(self) -> list[str]:
        """Every colour, at the same place in each theme."""
        plain = [self.surface, self.ink, self.soft, self.line, self.planned]
        return [*plain, *self.tones.values(), *self.lines]


THEMES = {
    "light": Theme(
        surface="#ffffff",
        ink="#1a2230",
        soft="#566072",
        line="#d9dde5",
        planned="#47566f",
        tones={
            "ok": "#17734a",
            "notice": "#1c5f8f",
            "unknown": "#5a4f93",
            "warn": "#8a5a00",
            "alarm": "#b0231c",
        },
        lines=(
            *("#0072b2", "#d55e00", "#008f68", "#b8518e"),
            *("#3a9bd0", "#b07d00", "#7a5195", "#444b57"),
        ),
    ),
    "dark": Theme(
        surface="#191f29",
        ink="#e6eaf1",
        soft="#a0abbc",
        line="#323c4b",
        planned="#b4c2da",
        tones={
            "ok": "#6fce9c",
            "notice": "#86c5ef",
            "unknown": "#b9aef0",
            "warn": "#f0c05a",
            "alarm": "#ff968c",
        },
        lines=(
            *("#56b4e9", "#ff8a4c", "#2fc79a", "#e89bc5"),
            *("#a5d8ff", "#f0c24b", "#b79ae8", "#c9d1dd"),
        ),
    ),
}

BOTH = "both"


def dark_sheet(drawing: str) -> str:
    """Return a style sheet that turns what was drawn in light colours dark where the reader wants it so."""
    pairs = list(zip(THEMES["light"].all, THEMES["dark"].all, strict=True))
    rules = [
        f'[{name}="{light}"]{{{name}:{dark}}}'
        for name in ("fill", "stroke")
        for light, dark in pairs
        if f'{name}="{light}"' in drawing
    ]
    return f"@media (prefers-color-scheme:dark){{{''.join(rules)}}}"
