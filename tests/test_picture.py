"""The picture of a plot: what it shows of which numbers, that hostile names stay text, and that it is a PNG."""

import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.draw import marks, scales
from probes.draw.letters import ELLIPSIS, fitting, width_px
from probes.draw.marks import TONES, Mark
from probes.draw.picture import alt_of, svg_of
from probes.draw.png import png_of, png_size
from probes.draw.series import Plot, SizeSeries
from probes.draw.themes import THEMES
from probes.thin import Point

ROOT = Path(__file__).resolve().parent.parent
SVG = "{http://www.w3.org/2000/svg}"
BERLIN = ZoneInfo("Europe/Berlin")
NEWEST = date(2026, 11, 21)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = 86_400
GB, MB, KB = 10**9, 10**6, 10**3

HOSTILE = {
    "html": "<script>alert(1)</script>",
    "quotes": "\"' onload='alert(1)' &amp; ]]>",
    "control": "a\nb\x00\x1b[31m\x7f\x85",
    "bidi": "svn/\u202egpj.exe\u2066",
    "surrogate": "svn/\ud800\udfff\ufffe",
    "long": "x" * 4_096,
    "accents": "Z" + "\u0301" * 4_096,
}


def drawn(sizes: dict[str, list[int]], expected: int | None = None) -> Plot:
    """Return a plot in which each repo has one tarball a day, the last of them on the newest day."""
    days = max(map(len, sizes.values()))
    begin = NEWEST - timedelta(days=days - 1)
    midnight = int(scales.midnight_s(NEWEST, BERLIN))
    counts = [sum(len(each) > back for each in sizes.values()) for back in range(days)]
    return Plot(
        "1m",
        BERLIN,
        begin,
        NEWEST,
        [SizeSeries(repo, daily(values, midnight + 9_000)) for repo, values in sizes.items()],
        daily(counts[::-1], midnight),
        expected,
    )


def daily(values: list[int], last_s: int) -> list[Point]:
    return [(last_s - DAY * back, value) for back, value in enumerate(reversed(values))][::-1]


def light(plot: Plot, **asked: object) -> str:
    return svg_of(plot, title="C2 on cms02", theme="light", **asked)  # type: ignore[arg-type]


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def dots(svg: str) -> list[tuple[float, float]]:
    """Return where small points are, the lowest last."""
    found = re.findall(r"M([\d.]+) ([\d.]+)h\.01", svg)
    return sorted(((float(x), float(y)) for x, y in found), key=lambda dot: dot[1])


# What it is ---------------------------------------------------------------------------------


def test_it_is_a_png_as_wide_as_asked() -> None:
    png = png_of(light(drawn({"svn/a": [MB] * 31})), width_px=1_200)

    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert png_size(png)[0] == 1_200


def test_its_letters_are_in_the_png() -> None:
    svg = light(drawn({"svn/a": [MB] * 31}))

    without = re.sub(r"<text.*?</text>", "", svg)

    assert png_of(svg, width_px=600) != png_of(without, width_px=600)


def test_what_is_no_svg_is_refused() -> None:
    with pytest.raises(ValueError, match="root node"):
        png_of("<svg", width_px=600)


def test_both_themes_are_drawn_and_differ() -> None:
    plot = drawn({"svn/a": [MB] * 31})

    pictures = {png_of(svg_of(plot, title="C2", theme=theme), width_px=300) for theme in THEMES}

    assert len(pictures) == len(THEMES) == 2


def test_the_colours_are_those_of_the_pages() -> None:
    sheet = (ROOT / "static/dashboard/tokens.css").read_text()
    script = (ROOT / "static/dashboard/chart/theme.js").read_text()

    for (name, theme), root in zip(
        THEMES.items(), re.findall(r":root \{(.*?)\}", sheet, re.S), strict=True
    ):
        token = dict(re.findall(r"--([\w-]+): (#\w{6});", root))
        tones = {tone: token["transfer" if tone == "notice" else tone] for tone in theme.tones}
        lines = re.search(rf"const {name.upper()} = \[(.*?)\]", script)
        assert (theme.surface, theme.ink, theme.soft, theme.line, theme.tones) == (
            *(token[name] for name in ("surface", "ink", "ink-soft", "line")),
            tones,
        )
        assert lines
        assert list(theme.lines) == re.findall(r"#\w{6}", lines[1])


def test_drawing_needs_no_django() -> None:
    asked = "import sys, probes.draw.picture, probes.draw.png; print('django' in sys.modules)"

    answer = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True)

    assert answer.stdout == "False\n"


# What it shows --------------------------------------------------------------------------------


def test_nothing_seen_is_said() -> None:
    svg = light(Plot("1m", BERLIN, expected_per_day=5))

    assert texts(svg) == ["C2 on cms02", "No tarball was seen yet"]
    assert png_of(svg, width_px=600)


def test_the_days_and_their_zone_are_named() -> None:
    assert "2026-10-22 to 2026-11-21, days of Europe/Berlin" in texts(
        light(drawn({"svn/a": [MB] * 31}))
    )


def test_disparate_sizes_have_a_log_scale_and_it_is_said() -> None:
    shown = texts(light(drawn({"svn/large": [3 * GB] * 31, "svn/small": [20 * KB] * 31})))

    assert "Size of each tarball, log scale" in shown
    assert {"100 kB", "1 MB", "1 GB"} & set(shown)


def test_sizes_of_one_kind_have_a_linear_scale() -> None:
    shown = texts(light(drawn({"svn/a": [3 * GB] * 31, "svn/b": [GB] * 31})))

    assert "Size of each tarball" in shown
    assert {"0 B", "1 GB", "2 GB", "3 GB"} <= set(shown)


def test_one_truncated_tarball_makes_no_log_scale() -> None:
    assert "Size of each tarball" in texts(light(drawn({"svn/a": [*[3 * GB] * 30, 12]})))


@pytest.mark.parametrize("days", [31, 365])
@pytest.mark.parametrize("other", [2 * GB, 50 * KB])
def test_a_truncated_tarball_is_a_point_at_the_foot(days: int, other: int) -> None:
    sizes = [3 * GB] * days
    sizes[-10] = 12

    lowest = dots(light(drawn({"svn/a": sizes, "svn/b": [other] * days})))[-1]

    assert lowest[1] > 280
    assert 300 < lowest[0] < 584


def test_the_expected_number_is_a_dashed_line() -> None:
    svg = light(drawn({"svn/a": [MB] * 31}, expected=4))

    assert "expected: 4 a day" in texts(svg)
    assert "stroke-dasharray" in svg


def test_nothing_expected_has_no_line() -> None:
    assert "stroke-dasharray" not in light(drawn({"svn/a": [MB] * 31}))


def test_the_biggest_repos_are_named_and_the_others_counted() -> None:
    shown = texts(light(drawn({f"svn/r{number}": [number * GB] * 31 for number in range(1, 28)})))

    assert [name for name in shown if name.startswith("svn/")] == [
        f"svn/r{number}" for number in range(27, 19, -1)
    ]
    assert "+ 19 more" in shown


def test_repos_asked_for_are_named_before_bigger_ones() -> None:
    plot = drawn({f"svn/r{number}": [number * GB] * 31 for number in range(1, 28)})

    shown = texts(light(plot, named=["svn/r3"]))

    assert [name for name in shown if name.startswith("svn/")][:2] == ["svn/r3", "svn/r27"]


def test_it_is_as_high_as_asked() -> None:
    svg = light(drawn({"svn/a": [MB] * 31}), width=960, height=540)

    assert png_size(png_of(svg, width_px=960)) == (960, 540)


@pytest.mark.parametrize(
    "sizes",
    [[123_456_789], [MB] * 31, [0] * 31, [0], [2**63 - 1, 1, 0], [MB] * 3_650],
    ids=["one", "equal", "zeros", "zero", "huge", "ten years"],
)
def test_every_range_of_numbers_can_be_drawn(sizes: list[int]) -> None:
    svg = light(drawn({"svn/a": sizes, "svn/b": [7] * len(sizes)}, expected=10**6))

    assert not re.search(r"nan|inf|[\d.]e[+-]?\d", re.sub(r"#\w{6}", "", svg))
    assert max(dots(svg))[0] <= 584
    assert png_of(svg, width_px=600)


def test_a_plot_without_judged_repos_says_so() -> None:
    counts = daily([3, 3, 3], int(scales.midnight_s(NEWEST, BERLIN)))

    svg = light(Plot("1m", BERLIN, NEWEST - timedelta(days=2), NEWEST, [], counts))

    assert "None is of a repo that is judged" in texts(svg)


# Hostile names --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_text_on_one_line_that_fits(name: str) -> None:
    plot = drawn({name: [MB] * 31, "svn/other": [MB] * 31})

    svg = svg_of(plot, title=name, theme="dark", markers=[(NOON, "warn", name)])

    assert {element.tag for element in ElementTree.fromstring(svg).iter()} == {
        f"{SVG}{tag}" for tag in ("svg", "rect", "path", "text")
    }
    assert all(text.isprintable() and len(text) < 120 for text in texts(svg))
    assert png_of(svg, width_px=600)


def test_a_hostile_name_can_still_be_read() -> None:
    shown = texts(light(drawn({"<b>\n\u202e": [MB] * 31})))

    assert "<b> \\x202e" in shown


def test_no_picture_refers_to_anything() -> None:
    svg = light(drawn({name: [MB] * 31 for name in HOSTILE.values()}))

    named = {name for element in ElementTree.fromstring(svg).iter() for name in element.attrib}

    assert not {
        name for name in named if "href" in name or name.startswith("on") or name == "style"
    }
    assert re.findall(r"\w+://[^\"]*", svg) == ["http://www.w3.org/2000/svg"]


@given(text=st.text(max_size=60), room=st.integers(20, 300))
def test_a_text_fits_its_room(text: str, room: int) -> None:
    shown = fitting(text, 14, room)

    assert shown == ELLIPSIS or width_px(shown, 14) <= room


def test_a_shortened_name_keeps_both_its_ends() -> None:
    shown = fitting("svn/institute-of-high-energy-physics-detector-b", 14, 150)

    assert shown.startswith("svn/inst")
    assert shown.endswith("tector-b")
    assert ELLIPSIS in shown


# Marks ------------------------------------------------------------------------------------------


def test_marks_of_each_tone_have_a_shape_of_their_own() -> None:
    shapes = {marks.tone_shape(tone, (50, 50), "#000000") for tone in TONES}

    assert len(shapes) == len(TONES)


def test_a_mark_has_its_label_in_the_colour_of_its_tone() -> None:
    plot = drawn({"svn/a": [MB] * 31})

    svg = light(plot, markers=[(NOON - timedelta(days=9), "alarm", "svn/a shrank")])

    label = next(line for line in svg.splitlines() if "svn/a shrank" in line)
    assert THEMES["light"].tones["alarm"] in label


def test_a_mark_after_the_newest_tarball_lengthens_the_axis() -> None:
    plot = drawn({"svn/a": [MB] * 31})

    shown = texts(light(plot, markers=[(NOON + timedelta(days=4), "alarm", "overdue")]))

    assert "2026-10-22 to 2026-11-25, days of Europe/Berlin" in shown
    assert "overdue" in shown


def test_marks_outside_of_the_days_are_counted() -> None:
    plot = drawn({"svn/a": [MB] * 31})
    far = [(NOON + timedelta(days=days), "alarm", "far") for days in (-400, 400)]

    shown = texts(light(plot, markers=far))

    assert "2026-10-22 to 2026-11-21, days of Europe/Berlin; 2 marks outside of them" in shown
    assert "far" not in shown


def test_a_shape_without_room_for_its_label_has_its_tone_as_word() -> None:
    at = NOON - timedelta(days=9)
    crowd = [(at + timedelta(hours=hours), "warn", "a long story to tell") for hours in range(9)]

    assert "warn" in texts(light(drawn({"svn/a": [MB] * 31}), markers=crowd))


def test_an_unknown_tone_is_drawn_as_none() -> None:
    assert light(drawn({"svn/a": [MB] * 31}), markers=[(NOON, "<purple>", "")])


@given(st.lists(st.tuples(st.floats(82, 584), st.text("abc", max_size=20)), max_size=9))
def test_no_label_covers_another_or_a_mark(placed: list[tuple[float, str]]) -> None:
    at = [(x, Mark(NOON, "warn", f"{number}{text}")) for number, (x, text) in enumerate(placed)]

    spans = [(x - marks.RADIUS, x + marks.RADIUS) for x, _ in placed]
    for mark, x, anchor in marks.labels(at, 16, 584, 14):
        width = width_px(mark.label, 14)
        spans.append((x - width, x) if anchor == "end" else (x, x + width))

    labels = spans[len(placed) :]
    assert all(
        end <= other or until <= begin
        for begin, end in labels
        for other, until in spans
        if (begin, end) != (other, until)
    )


# Scales -----------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.integers(0, 2**63), min_size=1, max_size=20), max_size=5))
def test_round_sizes_are_labelled_inside_of_the_scale(series: list[list[int]]) -> None:
    scale = scales.size_scale(series, 200, 0)

    shown = scales.ticks(scale, 5)

    assert 1 <= len(shown) <= 7
    assert all(0 <= scale.px(value) <= 200.1 for value in [*shown, *(max(each) for each in series)])
    assert len({scales.size_text(value) for value in shown}) == len(shown)


@given(st.dates(date(1, 1, 2), date(9999, 12, 30)), st.integers(0, 9_999), st.integers(1, 12))
def test_days_are_labelled_in_order_and_not_too_many(end: date, days: int, most: int) -> None:
    begin = max(date(1, 1, 1), end - timedelta(days=min(days, (end - date.min).days)))

    shown = [day for day, _ in scales.day_ticks(begin, end, most)]

    assert len(shown) <= most + 2
    assert all(begin <= day <= end for day in shown)
    assert all(one < next_one for one, next_one in pairwise(shown))


@pytest.mark.parametrize(
    ("size_bytes", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (GB, "1 GB"),
        (1_234 * MB, "1.23 GB"),
        (999_999, "1,000 kB"),
        (5 * 10**18, "5 EB"),
    ],
)
def test_sizes_are_said_in_three_digits(size_bytes: int, said: str) -> None:
    assert scales.size_text(size_bytes) == said


# In words ---------------------------------------------------------------------------------------


def test_the_facts_are_told_in_words() -> None:
    sizes = {f"svn/r{number}": [number * GB] * 31 for number in range(1, 6)}

    assert alt_of(drawn(sizes), "C2 on cms02") == (
        "C2 on cms02: 155 tarballs, 2026-10-22 to 2026-11-21, days of Europe/Berlin;"
        " sizes from 1 GB to 5 GB. Newest: svn/r5 5 GB, svn/r4 4 GB, svn/r3 3 GB, and 2 more."
    )


def test_one_tarball_is_told_in_words() -> None:
    assert alt_of(drawn({"svn/a": [12]}), "C2").startswith("C2: 1 tarball, 2026-11-21, day of")


def test_a_plot_that_leaves_days_out_claims_no_exact_number() -> None:
    whole = drawn({"svn/a": [MB] * 31})
    thinned = Plot("all", BERLIN, whole.begin, whole.end, whole.sizes, whole.day_counts[::2])

    assert "at least 16 tarballs" in alt_of(thinned, "C2")


def test_nothing_seen_is_told_in_words() -> None:
    assert alt_of(Plot("1m", BERLIN), "C2 on cms02") == "C2 on cms02: no tarball was seen yet."


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_words_about_hostile_names_are_short_and_on_one_line(name: str) -> None:
    words = alt_of(drawn({name: [MB] * 31}), name)

    assert words.isprintable()
    assert len(words) < 500
