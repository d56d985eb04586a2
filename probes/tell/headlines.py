"""Takes findings, gives the few words for them that a subject has: 2 repos overdue on H1; H3 unreachable. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hubs.names import one_line

LONGEST = 160
NAMED = 3
LONGEST_NAME = 60
WORDS = {
    "host_key": "host key refused",
    "incomplete": "not listed completely",
    "no_root": "root directory missing",
    "empty": "without tarballs",
    "disk_low": "disk low",
    "disk_filling": "disk filling",
    "not_looked": "not looked at",
    "monitor_late": "nobody has looked",
    "stale_lock": "locked for long",
    "unrecognised": "unrecognised files",
    "select_unmatched": "never seen",
    "delivery_failed": "messages not delivered",
    "empty_archive": "empty archive",
    "no_sidecar": "without sidecar",
    "gap": "with a gap",
    "count_low": "with too few tarballs in a day",
}


@dataclass(frozen=True)
class About:
    """What a headline needs to know of a finding."""

    code: str
    repos: tuple[str, ...] = ()  # category/name, of one or of several told together
    node: str = ""  # empty where it is about none in particular


def headline(findings: Iterable[About]) -> str:
    """Return what some findings are about in one short line, the first named first."""
    alike: dict[tuple[str, str], list[About]] = defaultdict(list)
    for finding in findings:
        alike[finding.code, finding.node].append(finding)
    phrases = [_phrase(code, node, found) for (code, node), found in alike.items()]
    left = len(phrases) - NAMED
    return "; ".join(phrases[:NAMED]) + (f"; and {left} more" if left > 0 else "")


def _phrase(code: str, node: str, found: Sequence[About]) -> str:
    words = WORDS.get(code, code.replace("_", " "))
    repos = {repo for one in found for repo in one.repos}
    where = f" on {_short(node)}" if node else ""
    if len(repos) > 1:
        return f"{len(repos)} repos {words}{where}"
    if repos:
        return f"{_short(repos.pop())} {words}{where}"
    return f"{_short(node)} {words}" if node else words


def _short(name: str) -> str:
    line = one_line(name)
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"


def subject_line(hub: str, state: str, what: str) -> str:
    """Return the subject of a message: scmmon C2 (cms02): alarm — 2 repos overdue on H1."""
    line = one_line(f"scmmon {hub}: {state} — {what}")
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
