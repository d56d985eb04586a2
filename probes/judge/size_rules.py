"""Rules about what a repo's tarballs are like from one to the next: steps and drifts of size, the same bytes, revisions.

Sizes are judged once for a repo, on what most of its copies say, and a copy that says otherwise is compared with those: so
what happened to the source is told once, and a fault of one replica stands out.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from hubs.limits import Limits
from probes.judge import wording
from probes.judge.copies import Generation
from probes.judge.sizes import Drift, Step, Story, story
from probes.judge.tarball import Tarball
from probes.judge.tarball_rules import is_cut, told_alone, under_way
from probes.judge.values import ALARM, NOTICE, WARN, Kept, ReplicaPast, RepoPast, Verdict

UNSETTLED = 12  # generations, the newest, may still be under way
ONE_FILE_SHARE = 0.75  # of the tarballs have a stamp of their own where a backup makes one file
TOLD_FOR = 14  # generations
GROSS_DROP = 0.15  # of the size; so much is no tidying up while nobody else has the tarball
LEAST_DEVIATION = 0.98  # of what the other copies say
STALE_RUNS, RARE_REPEATS, FEWEST_REPEATS_KNOWN = 3, 0.25, 6


@dataclass(frozen=True)
class Sized:
    """One generation with the size that most of its copies have, and who has it."""

    generation: Generation
    size_bytes: int
    holders: tuple[ReplicaPast, ...]  # whose copy has that size, known and not under way
    proved: bool  # each of those has a sidecar that fits

    @property
    def tarball(self) -> Tarball:
        """The copy to name: that of the first holder."""
        return self.generation.held[self.holders[0].id]

    @property
    def labels(self) -> list[str]:
        """Who has it, in words."""
        return sorted(replica.label for replica in self.holders)


@dataclass(frozen=True)
class Series:
    """Tarballs of a repo that are compared: settled generations, oldest first, and what is odd about their sizes."""

    subject: str
    found: Sequence[Sized]
    story: Story
    moves: bool  # whether it may be another one at the next look though no copy changed


def sized(past: RepoPast, limits: Limits) -> list[Series]:
    """Return the tarballs of a repo that are compared; several series where its stamps have several files."""
    name = "series", limits.sidecar, limits.shrink_max, limits.grow_max, past.accepted_from
    return past.copies.once(
        name,
        lambda: _all_series(past, limits),
        lasts=lambda found: not any(series.moves for series in found),
    )


def _all_series(past: RepoPast, limits: Limits) -> list[Series]:
    generations = past.copies.generations
    if past.accepted_from:
        accepted_from = past.accepted_from
        generations = [one for one in generations if one.stamp_at >= accepted_from]
    subject = f"repo {past.repo.id}"
    stamps = {generation.key[0] for generation in generations}
    if len(stamps) > ONE_FILE_SHARE * len(generations):
        return [_series(subject, generations, past, limits)]
    by_file: dict[str, list[Generation]] = {}
    for generation in generations:
        by_file.setdefault(generation.key[1], []).append(generation)
    return [
        _series(f"{subject} file {file}", alike, past, limits) for file, alike in by_file.items()
    ]


def _series(
    subject: str, generations: Sequence[Generation], past: RepoPast, limits: Limits
) -> Series:
    kept = {each.replica.id: each for each in past.kept}
    name = "sized", past.copies.replica_ids, limits.sidecar
    found, moves = [], False
    for place, generation in enumerate(generations):
        if place < UNSETTLED and _moves(generation, kept):
            moves = True
            one = _sized(generation, kept, limits)
        else:
            if name not in generation.known:
                generation.known[name] = _sized(generation, kept, limits)
            one = generation.known[name]
        if one:
            found.append(one)
    found.reverse()
    sizes = tuple(one.size_bytes for one in found)
    told = story(sizes, limits.shrink_max, limits.grow_max, _days_apart(found))
    return Series(subject, found, told, moves)


def _days_apart(found: Sequence[Sized]) -> float:
    """Return about how many days lie between two tarballs."""
    if len(found) < 2:
        return 1.0
    span = found[-1].generation.stamp_at - found[0].generation.stamp_at
    return round(span / timedelta(days=1) / (len(found) - 1), 1)


def _moves(generation: Generation, kept: Mapping[int, Kept]) -> bool:
    """Say whether what its size is may yet change though no copy does: one is under way, or its day has not come."""
    return any(
        tarball.sidecar_state != "ok" or tarball.stamp_at > kept[replica_id].horizon
        for replica_id, tarball in generation.held.items()
        if replica_id in kept
    )


def _sized(generation: Generation, kept: Mapping[int, Kept], limits: Limits) -> Sized | None:
    settled = [
        (each, tarball)
        for replica_id, tarball in generation.held.items()
        if (each := kept.get(replica_id))
        and tarball.stamp_at <= each.horizon
        and not told_alone(tarball, limits)
        and not under_way(tarball, each, limits)
    ]
    if not settled:
        return None
    sizes = Counter(tarball.size_bytes for _, tarball in settled)
    if len(sizes) > 1:
        settled = _most_trusted(settled, sizes)
    return Sized(
        generation,
        settled[0][1].size_bytes,
        tuple(each.replica for each, _ in settled),
        proved=all(tarball.sidecar_state == "ok" for _, tarball in settled),
    )


def _most_trusted(
    held: Sequence[tuple[Kept, Tarball]], sizes: Mapping[int, int]
) -> list[tuple[Kept, Tarball]]:
    """Return the copies of the size that most have; where as many say otherwise, of one that a sidecar vouches for."""
    _, trusted = max(
        held,
        key=lambda one: (
            sizes[one[1].size_bytes],
            one[1].sidecar_state == "ok",
            one[0].replica.is_source,
            one[1].size_bytes,
        ),
    )
    return [one for one in held if one[1].size_bytes == trusted.size_bytes]


def compared(past: RepoPast, limits: Limits) -> Iterator[Verdict]:
    """Give what the rules below tell of each series."""
    for series in sized(past, limits):
        yield from stepped(past, series, limits)
        if series.story.drift:
            yield _drift(past, series, series.story.drift)
        yield from stale_content(past, series)


# --- Steps -------------------------------------------------------------------------------------


def stepped(past: RepoPast, series: Series, limits: Limits) -> Iterator[Verdict]:
    """Tell of tarballs that are much smaller, or larger, than those before, on all replicas or on one."""
    found = series.found
    for step in series.story.steps:
        if step.first >= len(found) - TOLD_FOR and _is_there(found[step.first]):
            yield _source_step(past, series, step, limits)
    yield from _copies_shrunk(past, found, limits)


def _is_there(one: Sized) -> bool:
    return any(not tarball.gone_at for tarball in one.generation.held.values())


def _source_step(past: RepoPast, series: Series, step: Step, limits: Limits) -> Verdict:
    first = series.found[step.first]
    tarball = first.tarball
    labels = first.labels
    change = f"{abs(step.ratio - 1):.1%} {'smaller' if step.is_low else 'larger'}"
    return Verdict(
        code="shrunk" if step.is_low else "grown",
        severity=_severity(past, first, step),
        subject=f"{series.subject} from {first.generation.stamp_at.isoformat()}",
        message=f"{tarball.path} has {wording.size(first.size_bytes)} on {', '.join(labels)}: {change} than the "
        f"{wording.size(step.expected_bytes)} that those before make one expect. "
        f"{_what_it_means(past, first)}",
        evidence={
            "size_bytes": first.size_bytes,
            "expected_bytes": step.expected_bytes,
            "change": round(step.ratio - 1, 4),
            "nodes": labels,
            "sidecars_fit": first.proved,
            "limit": _told_limit(limits.shrink_max if step.is_low else limits.grow_max),
        },
        replica_id=first.holders[0].id,
        repo_id=past.repo.id,
        path=tarball.path,
        stamp_at=first.generation.stamp_at,
        origin_at=first.generation.stamp_at,
    )


def _told_limit(percent: int | None) -> str:
    return "learned" if percent is None else f"{percent}% (set)"


def _severity(past: RepoPast, first: Sized, step: Step) -> str:
    """Return how bad a step is by who says so: what all copies show with fitting sidecars happened to the source."""
    if not step.is_low:
        return NOTICE
    if not first.proved:
        return ALARM
    if len(first.holders) > 1:
        return NOTICE
    if 1 - step.ratio >= GROSS_DROP:
        return ALARM
    return NOTICE if len(past.hub.replicas) > 1 else WARN


def _what_it_means(past: RepoPast, first: Sized) -> str:
    if len(first.holders) > 1 and first.proved:
        return (
            f"All {len(first.holders)} copies agree and fit their sidecars: the source itself changed. "
            "If that was meant, accept the new level."
        )
    if not first.proved:
        return "No sidecar vouches for it: it may be cut."
    return "No other copy is there to compare it with."


def _copies_shrunk(past: RepoPast, series: Sequence[Sized], limits: Limits) -> Iterator[Verdict]:
    """Tell of copies that are smaller than the others and have no sidecar to vouch for them: they were cut."""
    differing = {generation.key for generation in past.copies.differing}
    if not differing:
        return
    kept = {each.replica.id: each for each in past.kept}
    for one in series[-TOLD_FOR:]:
        if one.generation.key not in differing:
            continue
        for replica_id, tarball in one.generation.held.items():
            each = kept.get(replica_id)
            if each and not tarball.gone_at and is_cut_copy(tarball, each, one.size_bytes, limits):
                yield _copy_shrunk(past, one, each, tarball)


def is_cut_copy(tarball: Tarball, kept: Kept, others_bytes: int, limits: Limits) -> bool:
    """Return whether a copy has less than the others and nothing vouches for it; that is told as shrunk alone."""
    return 0 < tarball.size_bytes < LEAST_DEVIATION * others_bytes and is_cut(tarball, kept, limits)


def _copy_shrunk(past: RepoPast, one: Sized, kept: Kept, tarball: Tarball) -> Verdict:
    others = one.labels
    return Verdict(
        code="shrunk",
        severity=ALARM,
        subject=f"{kept.replica.subject} path {tarball.path}",
        message=f"{tarball.path} on {kept.replica.label} has {wording.size(tarball.size_bytes)}, "
        f"{1 - tarball.size_bytes / one.size_bytes:.1%} less than the {wording.size(one.size_bytes)} of the same "
        f"tarball on {', '.join(others)}: no sidecar vouches for it, so this copy was cut. Copy it again.",
        evidence={
            "size_bytes": tarball.size_bytes,
            "expected_bytes": one.size_bytes,
            "change": round(tarball.size_bytes / one.size_bytes - 1, 4),
            "compared_with": others,
        },
        replica_id=kept.replica.id,
        repo_id=past.repo.id,
        path=tarball.path,
        stamp_at=tarball.stamp_at,
    )


# --- Drifts ------------------------------------------------------------------------------------


def _drift(past: RepoPast, series: Series, drift: Drift) -> Verdict:
    first, last = series.found[drift.first], series.found[-1]
    labels = last.labels
    runs = len(series.found) - drift.first - 1
    change = f"{abs(drift.ratio - 1):.1%} {'smaller' if drift.is_down else 'larger'}"
    means = (
        "Something is being lost a little at a time"
        if drift.is_down
        else "Something runs away, and disks will fill"
    )
    return Verdict(
        code="declining" if drift.is_down else "growing",
        severity=NOTICE if last.proved and len(last.holders) > 1 else WARN,
        subject=series.subject,
        message=f"The tarballs of {past.repo.path} have become {change} in {runs} runs, single "
        f"steps left out: from {wording.size(first.size_bytes)} at "
        f"{wording.moment(first.generation.stamp_at, past.zone)} to {wording.size(last.size_bytes)} at "
        f"{wording.moment(last.generation.stamp_at, past.zone)}. {means}, unless somebody meant it: "
        "then accept the new level.",
        evidence={
            "size_bytes": last.size_bytes,
            "size_bytes_before": first.size_bytes,
            "change": round(drift.ratio - 1, 4),
            "since": wording.iso(first.generation.stamp_at),
            "runs": runs,
            "nodes": labels,
        },
        replica_id=last.holders[0].id,
        repo_id=past.repo.id,
        path=last.tarball.path,
        stamp_at=last.generation.stamp_at,
    )


# --- The same bytes, and revisions -------------------------------------------------------------


def stale_content(past: RepoPast, series: Series) -> Iterator[Verdict]:
    """Tell of the same bytes again and again where they used to change; a repo that never changes is left alone."""
    newest = series.found[-STALE_RUNS:]
    if len({one.tarball.sidecar_digest for one in newest}) > 1:
        return
    known = [one for one in series.found if one.tarball.sidecar_digest]
    if len(known) < STALE_RUNS:
        return
    digests = [one.tarball.sidecar_digest for one in known]
    same = 1
    while same < len(digests) and digests[-same - 1] == digests[-1]:
        same += 1
    before = digests[: len(digests) - same + 1]
    repeats = [earlier == later for earlier, later in pairwise(before)]
    if (
        same < STALE_RUNS
        or len(repeats) < FEWEST_REPEATS_KNOWN
        or sum(repeats) >= RARE_REPEATS * len(repeats)
    ):
        return
    first, last = known[-same], known[-1]
    yield Verdict(
        code="stale_content",
        severity=WARN,
        subject=series.subject,
        message=f"The last {same} tarballs of {past.repo.path} have the same bytes (digest {digests[-1]}), since "
        f"{wording.moment(first.generation.stamp_at, past.zone)}; before, {sum(repeats)} of {len(repeats)} were like "
        "the one before them. Is an old copy packed again and again? If nothing is written there any more, accept it.",
        evidence={
            "digest": digests[-1],
            "tarballs": same,
            "since": wording.iso(first.generation.stamp_at),
            "repeats_before": sum(repeats),
            "runs_before": len(repeats),
            "nodes": last.labels,
        },
        replica_id=last.holders[0].id,
        repo_id=past.repo.id,
        path=last.tarball.path,
        stamp_at=last.generation.stamp_at,
        origin_at=first.generation.stamp_at,
    )


def revision_back(past: RepoPast, limits: Limits) -> Iterator[Verdict]:
    """Tell of a Subversion tarball whose name has a lower revision than one made before it."""
    if past.repo.path.startswith(("svn/", "repos/")):
        pair = past.copies.once(
            ("revisions", past.accepted_from),
            lambda: _fallen(past.copies.generations, past.accepted_from),
        )
        if pair:
            yield from _revision_back(past, *pair)


def _fallen(
    newest_first: Sequence[Generation], accepted_from: datetime | None
) -> tuple[tuple[int, Generation], tuple[int, Generation]] | None:
    """Return the highest revision and the newest that is lower and came later, each with its generation."""
    highest: tuple[int, Generation] | None = None
    low: tuple[int, Generation] | None = None
    for generation in reversed(newest_first):
        revision = next(iter(generation.held.values())).revision
        if revision is None or (accepted_from and generation.stamp_at < accepted_from):
            continue
        if highest and revision < highest[0] and generation.stamp_at > highest[1].stamp_at:
            low = revision, generation
        else:
            highest, low = (revision, generation), None
    return (highest, low) if highest and low else None


def _revision_back(
    past: RepoPast, highest: tuple[int, Generation], low: tuple[int, Generation]
) -> Iterator[Verdict]:
    holders = [kept for kept in past.kept if kept.replica.id in low[1].held]
    if not holders:
        return
    tarball = low[1].held[holders[0].replica.id]
    yield Verdict(
        code="revision_back",
        severity=ALARM,
        subject=f"repo {past.repo.id}",
        message=f"{tarball.path} is of revision {low[0]}, although the tarball of "
        f"{wording.moment(highest[1].stamp_at, past.zone)} was of {highest[0]}: revisions never go back. "
        "Was the repository restored from an old copy? If so, accept it.",
        evidence={
            "revision": low[0],
            "revision_before": highest[0],
            "nodes": sorted(kept.replica.label for kept in holders),
        },
        replica_id=holders[0].replica.id,
        repo_id=past.repo.id,
        path=tarball.path,
        stamp_at=low[1].stamp_at,
    )
