"""Takes what two policies would have told of one past, gives what only one of them tells and what both do. Pure."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from probes.judge.values import WORST_FIRST
from probes.models import Finding

SAME_WITHIN = timedelta(days=1)


@dataclass(frozen=True)
class Change:
    """How often something was told, and would be."""

    before: int
    after: int


@dataclass(frozen=True)
class CodeCounts:
    """The findings of one code, for each severity from the worst on."""

    code: str
    severities: tuple[Change, ...]


@dataclass(frozen=True)
class Comparison:
    """Two lists of findings side by side; each finding is in one of the three tuples, the worst first."""

    only_before: tuple[Finding, ...]
    only_after: tuple[Finding, ...]
    both: tuple[tuple[Finding, Finding], ...]  # as it was, as it would be
    counts: tuple[CodeCounts, ...]  # by code
    total: CodeCounts


def compare(before: Sequence[Finding], after: Sequence[Finding]) -> Comparison:
    """Match each finding with at most one of the other list that is the same.

    The same are two of one code about one subject that overlap in time, or that opened within a day of each other. A
    finding that would have closed and opened again is one more, as people would have been told once more.
    """
    old, new = _by_subject(before), _by_subject(after)
    pairs = [pair for subject in {**old, **new} for pair in _pairs(old[subject], new[subject])]
    return Comparison(
        only_before=tuple(sorted((a for a, b in pairs if a and not b), key=_worst_first)),
        only_after=tuple(sorted((b for a, b in pairs if b and not a), key=_worst_first)),
        both=tuple(
            sorted(((a, b) for a, b in pairs if a and b), key=lambda pair: _worst_first(pair[1]))
        ),
        counts=tuple(_counts(before, after)),
        total=_count("", before, after),
    )


def _by_subject(findings: Iterable[Finding]) -> dict[tuple[str, str], list[Finding]]:
    by_subject: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in sorted(findings, key=lambda finding: finding.opened_at):
        by_subject[finding.code, finding.subject_key].append(finding)
    return by_subject


def _pairs(
    before: Sequence[Finding], after: Sequence[Finding]
) -> Iterator[tuple[Finding | None, Finding | None]]:
    """Pair findings of one subject, both in the order of their opening; in one list no two overlap."""
    old, new = deque(before), deque(after)
    while old and new:
        if _is_same(old[0], new[0]):
            yield old.popleft(), new.popleft()
        elif old[0].opened_at < new[0].opened_at:
            yield old.popleft(), None
        else:
            yield None, new.popleft()
    yield from ((finding, None) for finding in old)
    yield from ((None, finding) for finding in new)


def _is_same(one: Finding, other: Finding) -> bool:
    first, second = sorted((one, other), key=lambda finding: finding.opened_at)
    overlap = first.closed_at is None or second.opened_at < first.closed_at
    return overlap or second.opened_at - first.opened_at <= SAME_WITHIN


def _worst_first(finding: Finding) -> tuple[int, datetime, str]:
    return WORST_FIRST.index(finding.severity), finding.opened_at, finding.code


def _counts(before: Sequence[Finding], after: Sequence[Finding]) -> Iterator[CodeCounts]:
    for code in sorted({finding.code for finding in (*before, *after)}):
        old, new = ([told for told in side if told.code == code] for side in (before, after))
        yield _count(code, old, new)


def _count(code: str, before: Iterable[Finding], after: Iterable[Finding]) -> CodeCounts:
    old, new = (Counter(finding.severity for finding in side) for side in (before, after))
    return CodeCounts(code, tuple(Change(old[level], new[level]) for level in WORST_FIRST))
