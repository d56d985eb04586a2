"""Chooses which fault befalls which repo, where and from which run on.

Against self-deception: one series (a repo on a node) has a fault at most every three to six months and 40 days after
the last; three repos in ten have none; kinds are drawn so that none is rare; tuned seeds are not reported ones.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from bench.detection import chance
from bench.detection.drafts import Lane
from bench.detection.events import Events
from bench.detection.scenario import Frame
from bench.detection.schedules import WEEKDAYS
from bench.detection.sorts import PRESENCE, PURGE, SORTS, Bag, Plant, Sort

DAY = timedelta(days=1)
FREE_OF_FAULTS = 45 * DAY  # at the beginning of a repo or node
BETWEEN_ONSETS, AFTER_AN_END = 90 * DAY, 40 * DAY
ON_OTHER_NODE_DAYS = (15, 30)
CYCLE_DAYS = (90, 180)
LONGEST = 150 * DAY
LOOK_AHEAD = 80 * DAY
LONG_ENOUGH = timedelta(hours=14)  # for what is to be seen at the end to be past every deadline
HOLIDAYS_SHARE, DOUBLE_SHARE, COLD_START_SHARE = 0.12, 0.15, 0.9
SOURCE_SHARE = 0.6  # of the cycles; those on nodes have two faults on average
COLD_START, COLD_START_RUNS = 14 * DAY, 4


class Planter:
    """Plants the faults of a whole hub, one repo after the other."""

    def __init__(self, frame: Frame, events: Events) -> None:
        self.frame, self.events = frame, events
        self.draw = chance.stream(frame.seed, "planting")
        self.planted: Counter[str] = Counter()
        discrete = [sort for sort in SORTS if sort.is_discrete]
        self.at_source = self.bag(sort for sort in SORTS if sort.at_source)
        self.on_nodes = self.bag(sort for sort in SORTS if sort.on_nodes)
        self.cold = Bag(discrete, self.draw, Counter())
        self.in_holidays = Bag(discrete, self.draw, Counter())

    def bag(self, sorts: Iterable[Sort]) -> Bag:
        """Return a bag of kinds that are counted wherever they are planted."""
        return Bag(list(sorts), self.draw, self.planted)

    def plant(self, lane: Lane, steps: Sequence[datetime]) -> list[Plant]:
        """Return the faults of a repo, oldest first; `steps` are the moments when its size changed on purpose."""
        if not lane.is_faulty or lane.runs < 2:
            return []
        return _LanePlanter(self, lane, steps).plant()


class _LanePlanter:
    def __init__(self, planter: Planter, lane: Lane, steps: Sequence[datetime]) -> None:
        self.hub, self.lane, self.steps = planter, lane, steps
        self.frame, self.events, self.draw = planter.frame, planter.events, planter.draw
        self.plants: list[Plant] = []
        source = self.frame.source.tag
        first = lane.drafts[source][0].visible_at
        self.begins_at = max(self.frame.starts_at, first)
        self.ends_at = lane.drafts[source][-1].visible_at

    def plant(self) -> list[Plant]:
        if self.frame.scenario.at_end:
            self.at_end()
            return self.plants
        if self.lane.is_new and self.draw.random() < COLD_START_SHARE:
            self.cold_start()
        at = self.begins_at + FREE_OF_FAULTS + self.draw.uniform(0, 60) * DAY
        if self.plants:
            at += AFTER_AN_END
        while at < self.ends_at - 20 * DAY:
            before = len(self.plants)
            self.cycle(at)
            at += self.draw.uniform(*CYCLE_DAYS) * DAY
            for plant in self.plants[before:]:
                onset, end = self.span(plant.sort, plant.first, plant.runs)
                at = max(at, onset + BETWEEN_ONSETS, end + AFTER_AN_END)
        return sorted(self.plants, key=lambda plant: plant.first)

    def cycle(self, at: datetime) -> None:
        """Plant one fault at the source, or some on different nodes one after the other."""
        if self.draw.random() < HOLIDAYS_SHARE and self.holiday(at):
            return
        if self.draw.random() < SOURCE_SHARE:
            self.add(self.hub.at_source, None, at)
            return
        tags = self.nodes_for_faults(at)
        self.draw.shuffle(tags)
        if len(tags) >= 2 and self.draw.random() < DOUBLE_SHARE:
            self.double(tags, at)
            return
        for tag in tags[: self.draw.randint(1, 3)]:
            if plant := self.add(self.hub.on_nodes, tag, at):
                at = self.span(plant.sort, plant.first, plant.runs)[1]
                at += self.draw.uniform(*ON_OTHER_NODE_DAYS) * DAY

    def nodes_for_faults(self, at: datetime) -> list[str]:
        """Return the nodes that are looked at for long enough before and after a moment."""
        return [
            node.tag
            for node in self.frame.nodes
            if (node.added_at is None or node.added_at + FREE_OF_FAULTS < at)
            and (node.retired_at is None or at + LOOK_AHEAD < node.retired_at)
        ]

    def add(
        self,
        bag: Bag,
        node: str | None,
        at: datetime,
        setting: str = "",
        also: Callable[[Sort], bool] = lambda _: True,
    ) -> Plant | None:
        """Plant a kind that fits here from a moment on; None where nothing does."""
        tried: set[str] = set()
        for _ in range(6):
            sort = bag.take(
                lambda sort: sort.kind not in tried and self.fits(sort, node) and also(sort)
            )
            if sort is None:
                return None
            tried.add(sort.kind)
            runs = self.runs(sort)
            first = self.first_run(sort, runs, node, at)
            if first is not None:
                bag.planted[sort.kind] += 1
                return self.put(sort, node, first, runs, setting)
        return None

    def put(self, sort: Sort, node: str | None, first: int, runs: int, setting: str) -> Plant:
        nodes = (node,) if node else tuple(self.lane.drafts)
        plant = Plant(sort, self.lane, node, nodes, first, runs, setting)
        self.plants.append(plant)
        return plant

    def fits(self, sort: Sort, node: str | None) -> bool:
        if self.lane.schedule.kind not in sort.schedules or (
            self.lane.is_dead and not sort.of_dead
        ):
            return False
        if node is None:
            return sort.at_source
        return sort.on_nodes == "any" or (sort.on_nodes == "copy" and node != self.frame.source.tag)

    def runs(self, sort: Sort) -> int:
        most = max(3, int(LONGEST / self.lane.schedule.period))
        return min(self.draw.randint(*sort.runs), most)

    def span(self, sort: Sort, first: int, runs: int) -> tuple[datetime, datetime]:
        """Return about when it begins and ends."""
        tags = tuple(self.lane.drafts)
        onset = self.lane.first_seen_at(first, tags)
        length = 4 if sort.kind == "replica_lag" else runs
        return onset, self.lane.next_seen_at(
            first + length, tags, onset + length * self.lane.schedule.period
        )

    def first_run(self, sort: Sort, runs: int, node: str | None, at: datetime) -> int | None:
        tags = (node,) if node else tuple(self.lane.drafts)
        for number in range(1, self.lane.runs - runs - 2):
            if not self.lane.drafts[tags[0]][number].stamp_at >= at:
                continue
            if self.lane.drafts[tags[0]][number].stamp_at > at + LOOK_AHEAD:
                return None
            if self.is_clear(sort, number, runs, tags):
                return number
        return None

    def is_clear(self, sort: Sort, first: int, runs: int, tags: Sequence[str]) -> bool:
        """Tell whether nothing else would hide or cause it."""
        drafts = [self.lane.drafts[tag] for tag in tags]
        if not any(of_node[first].is_there and of_node[first - 1].is_there for of_node in drafts):
            return False
        onset, end = self.span(sort, first, runs)
        if end > self.last_moment(tags) - 3 * DAY:
            return False
        if not self.events.quiet(onset, min(end, onset + 7 * DAY)):
            return False
        if sort.group == PRESENCE and self.is_after_a_holiday(onset):
            return False
        if sort.group == PURGE:
            return not any(
                change.at - runs * self.lane.schedule.period - 3 * DAY
                < onset
                < change.at + 60 * DAY
                for change in self.events.keep_changes
            )
        return not any(onset - 5 * DAY < step < end + 5 * DAY for step in self.steps)

    def is_after_a_holiday(self, onset: datetime) -> bool:
        """Tell whether a repo that rests on holidays has just rested, as nobody could tell that from the fault."""
        if self.lane.schedule.kind != WEEKDAYS:
            return False
        day = onset.astimezone(self.frame.zone).date()
        return any(day - back * DAY in self.frame.holidays for back in range(6))

    def last_moment(self, tags: Sequence[str]) -> datetime:
        """Return until when these nodes are looked at, at least one of them."""
        ends = [node.retired_at for node in self.frame.nodes if node.tag in tags]
        return max(at or self.frame.ends_at for at in ends)

    # --- settings ---

    def at_end(self) -> None:
        """Plant one fault that is to be seen at the end of the world."""
        node = self.draw.choice([None, *(each.tag for each in self.frame.nodes)])
        bag = self.hub.at_source if node is None else self.hub.on_nodes
        sort = bag.take(lambda sort: sort.runs_at_end > 0 and self.fits(sort, node))
        tags = tuple(self.lane.drafts)
        latest = self.frame.ends_at - LONG_ENOUGH
        old = [n for n in range(self.lane.runs) if self.lane.first_seen_at(n, tags) <= latest]
        if sort and sort.runs_at_end < len(old):
            bag.planted[sort.kind] += 1
            first = old[-sort.runs_at_end]
            is_one_file = sort.group != PRESENCE and sort.runs == (1, 1)
            self.put(sort, node, first, 1 if is_one_file else self.lane.runs - first, "")

    def cold_start(self) -> None:
        """Plant a certain fault in the first 14 days, at the source or on a copy."""
        node: str | None = None
        if self.draw.random() < 0.5:
            node = self.draw.choice(self.nodes_for_faults(self.begins_at)[1:] or [None])
        number = self.draw.randint(COLD_START_RUNS, 11)
        draft = self.lane.drafts[self.frame.source.tag][min(number, self.lane.runs - 1)]
        latest = self.begins_at + COLD_START
        at = min(draft.stamp_at, latest - 2 * DAY)
        plant = self.add(self.hub.cold, node, at, "cold_start")
        if plant and self.lane.first_seen_at(plant.first, plant.nodes) > latest:
            self.plants.remove(plant)

    def holiday(self, at: datetime) -> bool:
        """Plant a certain fault on the next day off on which this repo is backed up all the same."""
        for number, draft in enumerate(self.lane.drafts[self.frame.source.tag]):
            day = draft.stamp_at.astimezone(self.frame.zone).date()
            if at <= draft.stamp_at < at + 2 * LOOK_AHEAD and day in self.frame.holidays:
                node = self.draw.choice([None, *self.nodes_for_faults(draft.stamp_at)])
                sort = self.hub.in_holidays.take(lambda sort, node=node: self.fits(sort, node))  # type: ignore[misc]
                tags = (node,) if node else tuple(self.lane.drafts)
                if sort and self.is_clear(sort, number, 1, tags):
                    self.hub.in_holidays.planted[sort.kind] += 1
                    self.put(sort, node, number, self.runs(sort), "holidays")
                    return True
        return False

    def double(self, tags: Sequence[str], at: datetime) -> None:
        """Plant two faults of different nature at once, on two nodes or, where they can meet, on one."""
        one = self.add(self.hub.on_nodes, tags[0], at)
        if one is None:
            return
        node = tags[1] if one.sort.group == PRESENCE or self.draw.random() < 0.5 else tags[0]
        at = self.lane.drafts[tags[0]][one.first].stamp_at
        other = self.add(
            self.hub.on_nodes,
            node,
            at,
            "double",
            lambda sort: (
                sort.group != one.sort.group and (node != tags[0] or sort.group != PRESENCE)
            ),
        )
        if other and other.first <= one.first + 2:
            self.plants.remove(one)
            self.put(one.sort, one.node, one.first, one.runs, "double")
        elif other:
            self.plants.remove(other)
