"""One sentence for a whole page: takes what its table says row by row, gives the worst state and words for all of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dashboard.matrix.table import Cell
from dashboard.queries import HubRow
from probes.judge.wording import number, some
from probes.models import Finding, Severity

WORST_FIRST = ("alarm", "unknown", "planned", "warn", "transfer", "ok", "none")
TROUBLES = ("alarm", "unknown", "planned", "warn")  # of these it is said where they are


@dataclass(frozen=True)
class Summary:
    """How all of it is together."""

    state: str
    text: str


def of_hubs(rows: Sequence[HubRow]) -> Summary:
    """Say how many hubs are in which state, and name those that are not well."""
    tags: dict[str, list[str]] = {state: [] for state in WORST_FIRST}
    for row in rows:
        tags[row.conclusion.state].append(row.hub.tag)
    states = [state for state in WORST_FIRST if tags[state]]
    if states in ([], ["ok"]):
        return Summary("ok" if rows else "none", _all_well(rows))
    said = [_so_many(state, tags[state]) for state in states]
    said[0] = said[0].replace(" ", f" of {number(len(rows), 'hub')} ", 1)
    return Summary(states[0], f"{'; '.join(said)}.")


def _all_well(rows: Sequence[HubRow]) -> str:
    if len(rows) == 1:
        return f"The one hub, {rows[0].hub.tag}, is all right."
    return f"All {len(rows)} hubs are all right." if rows else "There is no hub yet."


def _so_many(state: str, tags: Sequence[str]) -> str:
    count = len(tags)
    is_one = count == 1
    words = {
        "alarm": "has an alarm" if is_one else "have alarms",
        "unknown": "is unknown" if is_one else "are unknown",
        "warn": "has a warning" if is_one else "have warnings",
        "ok": "is all right" if is_one else "are all right",
    }[state]
    where = f": {some(tags, count)}" if state in TROUBLES else ""
    return f"{count} {words}{where}"


def of_repo(nodes: Iterable[tuple[str, Cell]]) -> Summary:
    """Say how one repo is on its nodes, given by their tags."""
    return _of_cells(nodes, " on ", "node", "No node is looked at.")


def of_node(repos: Iterable[tuple[str, Cell]], findings: Iterable[Finding]) -> Summary:
    """Say how the repos on one node are, and that there are findings about the node itself."""
    summary = _of_cells(repos, ": ", "repo", "Nothing was seen here yet.")
    about = [
        finding
        for finding in findings
        if finding.repo_id is None and finding.severity != Severity.NOTICE
    ]
    if not about:
        return summary
    codes = list(dict.fromkeys(finding.code.replace("_", " ") for finding in about))
    states = {summary.state, *(finding.severity for finding in about)}
    return Summary(min(states, key=WORST_FIRST.index), f"{some(codes, len(codes))}; {summary.text}")


def _of_cells(cells: Iterable[tuple[str, Cell]], joint: str, noun: str, none: str) -> Summary:
    names: dict[tuple[str, str], list[str]] = {}
    for name, cell in cells:
        for state_and_word in _told_by(cell):
            names.setdefault(state_and_word, []).append(name)
    if not names:
        return Summary("unknown", none)
    said = []
    for state, word in sorted(names, key=lambda group: WORST_FIRST.index(group[0])):
        found = names[state, word]
        is_named = state in TROUBLES
        which = some(found, len(found)) if is_named else number(len(found), noun)
        said.append(f"{word}{joint}{which}")
    return Summary(min((state for state, _ in names), key=WORST_FIRST.index), f"{'; '.join(said)}.")


def _told_by(cell: Cell) -> Iterator[tuple[str, str]]:
    """Give the state and the word of a cell; where nobody could look, what was wrong there before too."""
    yield cell.state, cell.word
    bad = [finding for finding in cell.findings if finding.severity != Severity.NOTICE]
    if bad and not cell.is_known:
        yield bad[0].severity, bad[0].code.replace("_", " ")
