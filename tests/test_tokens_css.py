"""The colours of the pages: readable in light and dark, and kept in one sheet."""

import re
from pathlib import Path

import pytest
from django.conf import settings

SHEETS = settings.BASE_DIR / "static" / "dashboard"
THEMES = dict(
    zip(
        ("light", "dark"),
        re.findall(r":root \{(.*?)\}", (SHEETS / "tokens.css").read_text(), re.DOTALL),
        strict=True,
    )
)
TONES = ("ok", "warn", "alarm", "unknown", "transfer", "planned")
BACKGROUNDS = ("page", "surface")
OTHERS = sorted(path for path in SHEETS.rglob("*.css") if path.name != "tokens.css")


def tokens(theme: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#\w{6});", THEMES[theme]))


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("tone", TONES)
def test_a_state_is_readable_wherever_it_stands(theme: str, tone: str) -> None:
    known = tokens(theme)

    behind = [known[name] for name in (*BACKGROUNDS, f"{tone}-tint")]

    assert [one for one in behind if contrast(known[tone], one) < 4.5] == []
    assert contrast(known["ink"], known[f"{tone}-tint"]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("words", ["ink", "ink-soft", "accent"])
@pytest.mark.parametrize("behind", [*BACKGROUNDS, "sunken"])
def test_words_are_readable(theme: str, words: str, behind: str) -> None:
    assert contrast(tokens(theme)[words], tokens(theme)[behind]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("shape", ["field", "none", "accent", *TONES])
@pytest.mark.parametrize("behind", BACKGROUNDS)
def test_shapes_and_fields_stand_out(theme: str, shape: str, behind: str) -> None:
    assert contrast(tokens(theme)[shape], tokens(theme)[behind]) >= 3


@pytest.mark.parametrize("sheet", OTHERS, ids=lambda path: path.name)
def test_no_other_sheet_has_colours_of_its_own(sheet: Path) -> None:
    rules = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)

    assert (
        re.findall(r"(?<![\w&-])#[0-9a-fA-F]{3,8}\b(?=[^{]*[;}])|\brgba?\(|\bhsla?\(", rules) == []
    )


@pytest.mark.parametrize("sheet", OTHERS, ids=lambda path: path.name)
def test_no_sheet_asks_for_a_token_that_there_is_not(sheet: Path) -> None:
    text = sheet.read_text()
    known = set(re.findall(r"(--[\w-]+):", "".join(THEMES.values()) + text))
    of_states = {"--tone", "--tint"}

    asked = set(re.findall(r"var\((--[\w-]+)", text))

    assert asked - known - of_states == set()
