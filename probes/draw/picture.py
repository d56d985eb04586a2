"""Draws a plot as a calm picture: takes its numbers and a theme, gives SVG without script or reference. Pure.

Sizes of each repo above, tarballs a day below, moments of findings as lines through both, planned times as bands
behind both. What matters is told by place, shape or word, never by colour alone.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import pairwise

from probes.draw import marks, scales
from probes.draw.elements import (
    Pixel,
    box,
    crisp,
    dots,
    drawn,
    filled,
    framed,
    line,
    number,
    stroked,
    text,
)
from probes.draw.letters import BOLD, fitting, width_px
from probes.draw.marks import TONES, Label, Mark
from probes.draw.plotted import Plotted, PlottedSizes
from probes.draw.scales import Scale, midnight_s, size_text
from probes.draw.themes import BOTH, THEMES, Theme, dark_sheet

# Raise it whenever the same numbers come to be drawn in another way: stored pictures of an earlier one are drawn anew.
DRAWING = 1

# Lengths are in CSS pixels.
WIDTH = 600  # of a picture in a mail
MARGIN = 16
AXIS_ROOM = 66  # of the labels of values
TITLE_LETTERS, LETTERS, SMALL_LETTERS = 18, 15, 14
MIDDLE = 0.36  # of a letter above its foot, in parts of its size
TITLE_FOOT, DAYS_FOOT, TOP = 31, 53, 56
HEADING, HEADING_FOOT = 36, 10
MARKS_ROOM = 24
SIZES_HEIGHT, LEAST_SIZES_HEIGHT = 200, 90
COUNTS_HEIGHT = 64
DAYS_ROOM = 34
ROW, COLUMN = 24, 250  # of the legend
NOTHING_HEIGHT = 140
DAY_LABEL, SIZE_LABEL, COUNT_LABEL = 72, 34, 28  # the room from one to the next
LONGEST_MARK_LABEL = 220
BAND, THINNEST_BAND = 0.13, 1  # how much of its colour a planned time has, and how thin it may get
THICK, THIN = 1.8, 0.8  # lines
DOT = 2.6  # how much broader than its line
DOT_ROOM = 6  # where each point has so much, each is dotted
SPIKE = 6  # elsewhere those so far from both beside them
BROADEST_BAR = 26

MOST_SPIKES = 12
MOST_NAMED = 8
MOST_TOLD = 3
TITLE_TOLD, REPO_TOLD = 60, 30  # in widths of a broad letter
NOON_S = 43_200


def svg_of(
    plot: Plotted,
    *,
    title: str,
    theme: str,
    width: int = WIDTH,
    height: int | None = None,
    markers: Iterable[tuple[datetime, str, str]] = (),
    named: Collection[str] = (),
    most_named: int = MOST_NAMED,
    bands: Iterable[tuple[datetime, datetime, str]] = (),
    each: str = "of each repo",
) -> str:
    """Return a plot as SVG in a theme, so many CSS pixels wide; letters do not grow with it.

    The theme is a key of `THEMES`, or `BOTH` for what follows the reader's choice.

    Without a height it takes what it needs; with one, the sizes take what the rest leaves. Markers are a moment, a
    tone (one of `TONES`, else it counts as none) and a label; those after the newest tarball lengthen the axis, up
    to twice its days, and those outside of it are only counted. The legend names the repos in `named` before
    bigger ones, and no more than `most_named`; `each` says what a line is. Bands are planned times: from, until, why.
    """
    colours, told = THEMES["light" if theme == BOTH else theme], alt_of(plot, title)
    sheet_of = dark_sheet if theme == BOTH else None
    if plot.begin is None or plot.end is None:
        nothing = _nothing(title, colours, width)
        return framed(nothing, width, NOTHING_HEIGHT, colours.surface, told, sheet_of)
    asked = [
        Mark(at, tone if tone in TONES else "", fitting(label, SMALL_LETTERS, LONGEST_MARK_LABEL))
        for at, tone, label in markers
    ]
    picture = _Picture(
        plot=plot,
        theme=colours,
        title=title,
        begin=plot.begin,
        end=plot.end,
        width=width,
        height_asked=height,
        asked=asked,
        named=named,
        most_named=most_named,
        planned=list(bands),
        each=each,
    )
    return framed(picture.parts(), width, picture.height, colours.surface, told, sheet_of)


def alt_of(plot: Plotted, title: str) -> str:
    """Return what a plot shows in one or two sentences, for whoever does not see it."""
    name = fitting(title, 1, TITLE_TOLD)
    if plot.begin is None or plot.end is None:
        return f"{name}: no tarball was seen yet."
    days = _days(plot, plot.begin, plot.end)
    told = f"{name}: {_how_many(plot, plot.begin, plot.end)}, {days}"
    sizes = [size for series in plot.sizes for _, size in series.points]
    if not sizes:
        return f"{told}."
    newest = [
        f"{fitting(series.repo, 1, REPO_TOLD)} {size_text(_newest(series))}"
        for series in _biggest_first(plot)
    ]
    more = f", and {len(newest) - MOST_TOLD:,} more" if len(newest) > MOST_TOLD else ""
    return (
        f"{told}; sizes from {size_text(min(sizes))} to {size_text(max(sizes))}."
        f" Newest: {', '.join(newest[:MOST_TOLD])}{more}."
    )


def _days(plot: Plotted, begin: date, last: date) -> str:
    """Return the days that are shown, and whose days they are."""
    return f"{begin}{f' to {last}, days' if begin != last else ', day'} of {plot.zone}"


def _how_many(plot: Plotted, begin: date, end: date) -> str:
    """Return the number of tarballs; a plot of very many days does not hold all of them."""
    count = sum(count for _, count in plot.day_counts)
    least = "at least " if len(plot.day_counts) <= (end - begin).days else ""
    return f"{least}{count:,} tarball{'' if count == 1 else 's'}"


def _newest(series: PlottedSizes) -> int:
    return series.points[-1][1]


def _biggest_first(plot: Plotted) -> list[PlottedSizes]:
    return sorted((series for series in plot.sizes if series.points), key=_newest, reverse=True)


def _standing_out(pixels: Sequence[Pixel]) -> list[Pixel]:
    """Return the last pixel, and those that are farthest from both beside them."""
    reaches = []
    for (_, before), at, (_, after) in zip(pixels, pixels[1:], pixels[2:], strict=False):
        down, up = at[1] - max(before, after), min(before, after) - at[1]
        reaches.append((max(down, up), at))
    farthest = sorted(reaches, reverse=True)[:MOST_SPIKES]
    return [at for reach, at in farthest if reach >= SPIKE] + list(pixels[-1:])


def _title(title: str, theme: Theme, width: int) -> str:
    shown = fitting(title, TITLE_LETTERS * BOLD, width - 2 * MARGIN)
    return text((MARGIN, TITLE_FOOT), shown, TITLE_LETTERS, theme.ink, bold=True)


def _nothing(title: str, theme: Theme, width: int) -> Iterator[str]:
    yield _title(title, theme, width)
    middle = (width / 2, NOTHING_HEIGHT / 2 + LETTERS)
    yield text(middle, "No tarball was seen yet", LETTERS, theme.soft, anchor="middle")


@dataclass(frozen=True)
class _Picture:
    """Where everything is in a picture of some tarballs, and the parts of it."""

    plot: Plotted
    theme: Theme
    title: str
    begin: date
    end: date
    width: int
    height_asked: int | None
    asked: list[Mark]
    named: Collection[str]
    most_named: int
    planned: list[tuple[datetime, datetime, str]]
    each: str

    # What is shown -------------------------------------------------------------------------

    @cached_property
    def ranked(self) -> list[PlottedSizes]:
        return sorted(_biggest_first(self.plot), key=lambda series: series.repo not in self.named)

    @property
    def shown(self) -> list[PlottedSizes]:
        """The repos that have a colour and a place in the legend; the others are drawn in grey."""
        return self.ranked[: self.most_named]

    @property
    def others(self) -> list[PlottedSizes]:
        return self.ranked[self.most_named :]

    @cached_property
    def colours(self) -> dict[str, str]:
        """The colour of each repo that is shown: of up to eight the one that it has in the charts of pages."""
        shown = {series.repo for series in self.shown}
        in_order = [series.repo for series in self.plot.sizes if series.repo in shown]
        return dict(zip(in_order, self.theme.lines, strict=False))

    @cached_property
    def last(self) -> date:
        """The last day of the axis: that of the newest tarball, or of a mark that is not too far behind it."""
        farthest = self.end + (self.end - self.begin) + timedelta(days=1)
        days = (mark.at.astimezone(self.plot.zone).date() for mark in self.asked)
        return max((day for day in days if self.end < day <= farthest), default=self.end)

    @cached_property
    def marked(self) -> list[tuple[float, Mark]]:
        """The marks inside of the axis and where they are; the worst are last."""
        placed = ((self.x.px(mark.at.timestamp()), mark) for mark in self.asked)
        inside = [(x, mark) for x, mark in placed if self.left <= x < self.right]
        return sorted(inside, key=lambda each: TONES.index(each[1].tone))

    @cached_property
    def labels(self) -> list[Label]:
        return marks.labels(self.marked, MARGIN, self.right, SMALL_LETTERS)

    @cached_property
    def wordless(self) -> list[str]:
        """The tones, the worst first, of marks whose label has no room."""
        labelled = [label.mark for label in self.labels]
        tones = {mark.tone for _, mark in self.marked if mark not in labelled}
        return [tone for tone in reversed(TONES) if tone and tone in tones]

    @cached_property
    def bands(self) -> list[tuple[float, float, str]]:
        """The planned times inside of the axis: where they begin and end, and why."""
        placed = (
            (max(self.left, self.x.px(begin.timestamp())), self.x.px(end.timestamp()), why)
            for begin, end, why in self.planned
        )
        return [
            (begin, min(self.right, max(end, begin + THINNEST_BAND)), why)
            for begin, end, why in placed
            if begin < self.right and end > self.left
        ]

    # Where it is ---------------------------------------------------------------------------

    @property
    def left(self) -> int:
        return MARGIN + AXIS_ROOM

    @property
    def right(self) -> int:
        return self.width - MARGIN

    @cached_property
    def x(self) -> Scale:
        """Epoch seconds, from the first midnight to the last."""
        zone = self.plot.zone
        begin, end = self.begin, self.last + timedelta(days=1)
        return Scale(midnight_s(begin, zone), midnight_s(end, zone), self.left, self.right)

    @property
    def above(self) -> int:
        """How much is above the sizes."""
        return TOP + HEADING + (MARKS_ROOM if self.marked else 0)

    @property
    def columns(self) -> int:
        return max(1, (self.width - 2 * MARGIN) // COLUMN)

    @property
    def rows(self) -> int:
        return -(-(len(self.shown) + bool(self.others)) // self.columns)

    @property
    def legend_height(self) -> int:
        return ROW * (self.rows + bool(self.rows) + bool(self.wordless or self.bands))

    @property
    def below(self) -> int:
        """How much is below the sizes."""
        return HEADING + COUNTS_HEIGHT + DAYS_ROOM + self.legend_height + MARGIN

    @property
    def sizes_height(self) -> int:
        if self.height_asked is None:
            return SIZES_HEIGHT
        return max(LEAST_SIZES_HEIGHT, self.height_asked - self.above - self.below)

    @property
    def height(self) -> int:
        return self.above + self.sizes_height + self.below

    @cached_property
    def sizes(self) -> Scale:
        sizes = [[size for _, size in series.points] for series in self.ranked]
        return scales.size_scale(sizes, self.above + self.sizes_height, self.above)

    @cached_property
    def counts(self) -> Scale:
        counts = [count for _, count in self.plot.day_counts]
        head = self.above + self.sizes_height + HEADING
        most = [*counts, self.plot.expected_per_day or 0]
        return scales.count_scale(most, head + COUNTS_HEIGHT, head)

    # The parts of it -----------------------------------------------------------------------

    def parts(self) -> Iterator[str]:
        """Yield all parts; what comes later is on top."""
        yield _title(self.title, self.theme, self.width)
        yield self._small((MARGIN, DAYS_FOOT), self._days_told())
        yield from self._bands()
        yield from self._day_axis()
        yield from self._mark_lines()
        yield from self._size_pane()
        yield from self._count_pane()
        yield from self._mark_shapes()
        yield from self._legend()

    def _small(self, at: Pixel, content: str, anchor: str = "start") -> str:
        return text(at, content, SMALL_LETTERS, self.theme.soft, anchor=anchor)

    def _days_told(self) -> str:
        outside = len(self.asked) - len(self.marked)
        more = f"; {outside:,} mark{'' if outside == 1 else 's'} outside of them" if outside else ""
        days = _days(self.plot, self.begin, self.last)
        return fitting(days + more, SMALL_LETTERS, self.width - 2 * MARGIN)

    def _bands(self) -> Iterator[str]:
        shapes = [
            box(begin, end, pane.head_px, pane.foot_px)
            for begin, end, _ in self.bands
            for pane in (self.sizes, self.counts)
        ]
        if shapes:
            yield filled("".join(shapes), self.theme.planned, BAND)

    def _day_axis(self) -> Iterator[str]:
        most = max(1, (self.right - self.left) // DAY_LABEL)
        for day, label in scales.day_ticks(self.begin, self.last, most):
            midnight = midnight_s(day, self.plot.zone)
            x = crisp(self.x.px(midnight))
            for pane in (self.sizes, self.counts):
                yield line((x, pane.head_px), (x, pane.foot_px), self.theme.line)
            farthest = self.width - (MARGIN + width_px(label, SMALL_LETTERS)) / 2
            middle = min(self.x.px(midnight + NOON_S), farthest)
            yield self._small((middle, self.counts.foot_px + 19), label, "middle")

    def _value_axis(self, scale: Scale, room: int, say: Callable[[int], str]) -> Iterator[str]:
        most = max(2, int((scale.foot_px - scale.head_px) / room))
        for value in scales.ticks(scale, most):
            y = crisp(scale.px(value))
            yield line((self.left, y), (self.right, y), self.theme.line)
            yield self._small((self.left - 8, y + MIDDLE * SMALL_LETTERS), say(value), "end")

    def _size_pane(self) -> Iterator[str]:
        yield self._small((MARGIN, TOP + HEADING - HEADING_FOOT), self._sizes_told())
        yield from self._value_axis(self.sizes, SIZE_LABEL, size_text)
        for series in self.others:
            yield from self._series(series, self.theme.soft, THIN)
        for series in reversed(self.shown):
            yield from self._series(series, self.colours[series.repo], THICK)
        if not self.ranked:
            middle = (self.left + self.right) / 2, (self.sizes.foot_px + self.sizes.head_px) / 2
            yield self._small(middle, "None is of a repo that is judged", "middle")

    def _sizes_told(self) -> str:
        if not self.sizes.log:
            return "Size of each tarball"
        least = min(size for series in self.ranked for _, size in series.points)
        below = "; smaller ones at its foot" if least < self.sizes.low else ""
        return f"Size of each tarball, log scale{below}"

    def _series(self, series: PlottedSizes, colour: str, width: float) -> Iterator[str]:
        # Rounded so little that it is not seen: it halves the bytes of a PNG.
        fine = 2 if width == THICK else 1
        pixels = [
            (self.x.px(at), round(fine * self.sizes.px(size)) / fine) for at, size in series.points
        ]
        way = drawn(pixels)
        if len(self.ranked) == 1:
            foot, first = self.sizes.foot_px, pixels[0][0]
            yield filled(f"{way}V{number(foot)}H{number(first)}Z", colour, 0.1)
        yield stroked(way, colour, width)
        all_dotted = width == THICK and len(pixels) * DOT_ROOM <= self.right - self.left
        dotted = pixels if all_dotted else _standing_out(pixels)
        yield stroked(dots(dotted), colour, DOT * width)

    def _count_pane(self) -> Iterator[str]:
        heading = self.counts.head_px - HEADING_FOOT
        yield self._small((MARGIN, heading), "Tarballs a day")
        yield from self._value_axis(self.counts, COUNT_LABEL, "{:,}".format)
        yield filled(self._bars(), self.theme.soft, 0.45)
        if expected := self.plot.expected_per_day:
            yield self._dashed(self.left, self.right, self.counts.px(expected))
            told = f"expected: {expected:,} a day"
            yield self._small((self.right, heading), told, "end")
            begin = self.right - width_px(told, SMALL_LETTERS)
            yield self._dashed(begin - 30, begin - 6, heading - MIDDLE * SMALL_LETTERS)

    def _dashed(self, begin: float, end: float, y: float) -> str:
        return line((begin, y), (end, y), self.theme.tones["alarm"], 1.4, "5 4")

    def _bars(self) -> str:
        """Return a path of all days; each goes on to the next that the plot has."""
        end = midnight_s(self.end + timedelta(days=1), self.plot.zone)
        bars = []
        for (at, count), (until, _) in pairwise([*self.plot.day_counts, (end, 0)]):
            begin_px, end_px = self.x.px(at), self.x.px(until)
            gap = 1.5 if end_px - begin_px > 4 else 0
            half = min(BROADEST_BAR, end_px - begin_px - gap) / 2
            middle = (begin_px + end_px) / 2
            if count:
                head, foot = self.counts.px(count), self.counts.foot_px
                bars.append(box(middle - half, middle + half, head, foot))
        return "".join(bars)

    @property
    def marks_y(self) -> float:
        return self.above - MARKS_ROOM / 2

    def _tone_colour(self, tone: str) -> str:
        return self.theme.tones.get(tone, self.theme.soft)

    def _mark_lines(self) -> Iterator[str]:
        for x, mark in self.marked:
            if not mark.tone:
                continue  # it is for the record: lines through all are for what matters now
            colour = self._tone_colour(mark.tone)
            yield line((x, self.marks_y + marks.RADIUS), (x, self.sizes.foot_px), colour)
            yield line((x, self.counts.head_px), (x, self.counts.foot_px), colour)

    def _mark_shapes(self) -> Iterator[str]:
        for x, mark in self.marked:
            yield marks.tone_shape(mark.tone, (x, self.marks_y), self._tone_colour(mark.tone))
        for mark, x, anchor in self.labels:
            at, colour = (x, self.marks_y + MIDDLE * SMALL_LETTERS), self._tone_colour(mark.tone)
            yield text(at, mark.label, SMALL_LETTERS, colour, anchor=anchor)

    def _legend(self) -> Iterator[str]:
        top = self.height - MARGIN - self.legend_height
        if self.rows:
            yield self._small((MARGIN, top + 0.65 * ROW), f"Newest tarball {self.each}")
        column = (self.width - 2 * MARGIN) / self.columns
        for place, (name, size, colour, width) in enumerate(self._keys()):
            across, down = divmod(place, self.rows)
            left, middle = MARGIN + column * across, top + ROW * (down + 1.5)
            right = left + column - (0 if across + 1 == self.columns else 20)
            foot = middle + MIDDLE * LETTERS
            yield line((left, middle), (left + 18, middle), colour, width)
            yield stroked(dots([(left + 9, middle)]), colour, DOT * width)
            room = right - left - 36 - width_px(size, LETTERS)
            yield text((left + 26, foot), fitting(name, LETTERS, room), LETTERS, self.theme.ink)
            yield text((right, foot), size, LETTERS, self.theme.soft, anchor="end")
        yield from self._tone_keys(self.height - MARGIN - ROW / 2)

    def _keys(self) -> Iterator[tuple[str, str, str, float]]:
        """Yield the entries of the legend: a name, its newest size, colour and width of line."""
        for series in self.shown:
            yield series.repo, size_text(_newest(series)), self.colours[series.repo], THICK
        if self.others:
            yield f"+ {len(self.others):,} more", "", self.theme.soft, THIN

    def _tone_keys(self, middle: float) -> Iterator[str]:
        """Yield the words of shapes that have none beside them, and of planned times."""
        left: float = MARGIN
        if self.bands:
            foot = middle + MIDDLE * SMALL_LETTERS
            swatch = box(left, left + 18, middle - 7, middle + 7)
            yield filled(swatch, self.theme.planned, 2 * BAND)
            room = self.width / 2 if self.wordless else self.right - left - 26
            told = fitting(self._planned_told(), SMALL_LETTERS, room)
            yield self._small((left + 26, foot), told)
            left += 26 + width_px(told, SMALL_LETTERS) + 20
        for tone in self.wordless:
            colour = self._tone_colour(tone)
            yield marks.tone_shape(tone, (left + marks.RADIUS, middle), colour)
            at = (left + marks.RADIUS + marks.REACH, middle + MIDDLE * SMALL_LETTERS)
            yield text(at, tone, SMALL_LETTERS, colour)
            left = at[0] + width_px(tone, SMALL_LETTERS) + 20

    def _planned_told(self) -> str:
        reasons = list(dict.fromkeys(why for _, _, why in self.bands if why))
        more = f" and {len(reasons) - 1:,} more" if len(reasons) > 1 else ""
        return f"planned: {reasons[0]}{more}" if reasons else "planned"
