"""Takes a hub, its findings and what of them is to be told, gives the message. Reads nothing: all is handed to it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from alerts.context import Context, recent_lines
from alerts.message import Block, Entries, Entry, Facts, Kind, Message, Table, Tone, Verbatim, worst
from hubs.durations import spoken_duration
from hubs.models import Hub
from probes.change import WORDS, Change
from probes.judge import wording
from probes.judge.conclusion import Conclusion
from probes.models import CollectRun, Finding
from probes.reports import finding_as_json
from probes.tell.changes import ORDER, RISING
from probes.tell.headlines import About, headline, subject_line
from probes.tell.links import page_of

RUNS_SHOWN = 3
LONGEST_VERBATIM = 4_000
MOST_LISTED = 100  # of a kind; the page has all
PREFIXES = {
    Kind.REMINDER: "still open: ",
    Kind.ESCALATION: "unanswered: ",
}


@dataclass(frozen=True)
class News:
    """A finding, and what people are told of it."""

    finding: Finding
    change: Change
    is_last_for_now: bool = False  # it comes and goes: nothing more is told of that today

    @property
    def severity(self) -> str:
        """How bad what is told is; of what is over, how bad people were told that it was."""
        finding = self.finding
        is_over = self.change == Change.CLOSED and finding.told_as in ORDER
        return finding.told_as if is_over else finding.severity


@dataclass(frozen=True)
class HubNow:
    """A hub as it is at a moment, as far as messages show it."""

    hub: Hub
    conclusion: Conclusion
    table: Table  # a row for each replica
    open_findings: Sequence[Finding]
    runs: Sequence[CollectRun]  # that findings in the news were found by


def hub_message(
    kind: Kind,
    news: Sequence[News],
    now_there: HubNow,
    pictures: Sequence[Block],
    context: Context,
    now: datetime,
) -> Message:
    """Return what is to be told of a hub: the conclusion, what changed, what is still open, and where it comes from."""
    hub, conclusion = now_there.hub, now_there.conclusion
    told = {one.finding.pk for one in news}
    others = [finding for finding in now_there.open_findings if finding.pk not in told]
    blocks: list[Block] = [
        *_changes(news, hub, now),
        now_there.table,
        *_still_open(others, hub, now),
        *pictures,
        *_of_runs(now_there.runs),
        context.facts(("Nodes", ", ".join(_nodes(news)) or "none in particular")),
        context.to_repeat("collect", hub.tag),
        recent_lines(),
    ]
    return Message(
        kind=kind,
        severity=worst([one.severity for one in news]),
        tone=conclusion.state,
        subject=subject_line(str(hub), conclusion.state, _what(kind, news)),
        conclusion=f"{hub}: {conclusion.text}",
        blocks=tuple(blocks),
        link=page_of(hub),
        facts=_for_programs(news, others, now_there),
    )


def _nodes(news: Iterable[News]) -> list[str]:
    """Return the nodes that news are about, with the account that looks at each."""
    nodes = {one.finding.replica.node for one in news if one.finding.replica}
    return sorted(
        f"{node.tag} ({node.user}@{node.host})" if node.host else node.tag for node in nodes
    )


def about(finding: Finding) -> About:
    """Return what a headline needs to know of a finding."""
    repos = finding.evidence.get("repos") or ([finding.repo.path] if finding.repo else [])
    nodes = finding.evidence.get("nodes") or []
    node = finding.replica.node.tag if finding.replica else nodes[0] if len(nodes) == 1 else ""
    return About(finding.code, tuple(map(str, repos)), str(node))


def _what(kind: Kind, news: Sequence[News]) -> str:
    """Return what a subject says after the conclusion."""
    rising = [one for one in news if one.change in RISING]
    prefix = PREFIXES.get(kind, "")
    if not (rising or prefix):
        closed = [one for one in news if one.change == Change.CLOSED]
        rising, prefix = (closed, "over: ") if closed else (list(news), "better: ")
    ranked = sorted(rising or news, key=lambda one: -ORDER.index(one.severity))
    return prefix + headline(about(one.finding) for one in ranked)


def _changes(news: Sequence[News], hub: Hub, now: datetime) -> Iterable[Block]:
    for change, words in WORDS.items():
        entries = tuple(_entry(one, hub, now) for one in news if one.change == change)
        yield from _listed(words.capitalize(), entries)


def _listed(title: str, entries: Sequence[Entry]) -> Iterable[Block]:
    """Give entries under a title; of very many the first, and how many there are."""
    if len(entries) > MOST_LISTED:
        title = f"{title} ({MOST_LISTED} of {len(entries):,})"
    if entries:
        yield Entries(title, tuple(entries[:MOST_LISTED]))


def _entry(one: News, hub: Hub, now: datetime) -> Entry:
    finding = one.finding
    details = [f"open since {wording.moment(finding.opened_at, hub.zone)}"]
    if one.change == Change.CLOSED:
        closed_at = finding.closed_at or now
        details = [
            f"from {wording.moment(finding.opened_at, hub.zone)} to {wording.moment(closed_at, hub.zone)}"
        ]
    if one.is_last_for_now:
        details.append(
            "This is the last message for a day about its coming and going, unless it gets worse than it was."
        )
    return Entry(
        text=finding.message,
        word=_word(one, now),
        tone=Tone.OK if one.change == Change.CLOSED else Tone(finding.severity),
        link=page_of(finding),
        details=tuple(details),
    )


def _word(one: News, now: datetime) -> str:
    severity, lasted = one.finding.severity, _lasted(one.finding, now)
    match one.change:
        case Change.CLOSED:
            return f"over after {lasted}"
        case Change.NEW:
            return f"new {severity}"
        case Change.AGAIN:
            return f"{severity} again"
        case Change.WORSE | Change.BETTER:
            return f"{one.change}: {one.finding.told_as} → {severity}"
    return f"{severity} for {lasted}"


def _lasted(finding: Finding, now: datetime) -> str:
    return spoken_duration((finding.closed_at or now) - finding.opened_at)


def _still_open(findings: Sequence[Finding], hub: Hub, now: datetime) -> Iterable[Block]:
    worst_first = sorted(findings, key=lambda finding: -ORDER.index(finding.severity))
    yield from _listed("Open besides", [_open_entry(one, hub, now) for one in worst_first])


def _open_entry(finding: Finding, hub: Hub, now: datetime) -> Entry:
    details = [f"open since {wording.moment(finding.opened_at, hub.zone)}"]
    if finding.is_muted(now):
        until = finding.acknowledged_until
        who = finding.acknowledged_by.get_username() if finding.acknowledged_by else "somebody"
        words = f"snoozed until {wording.moment(until, hub.zone)}" if until else "acknowledged"
        details.append(f"{words} by {who}: {finding.acknowledged_reason}")
    return Entry(
        text=finding.message,
        word=f"{finding.severity} for {_lasted(finding, now)}",
        tone=Tone(finding.severity),
        link=page_of(finding),
        details=tuple(details),
    )


def _of_runs(runs: Sequence[CollectRun]) -> Iterable[Block]:
    """Give what the looks that failed said, and the lines that repeat them."""
    for run in runs[:RUNS_SHOWN]:
        title = f"The look at {run.replica}"
        pairs = [
            ("Status", f"{run.status} in stage {run.stage}" if run.stage else run.status),
            ("Error", run.error or "none"),
            ("Node", f"{run.replica.node.tag}, {run.replica.root}"),
            ("Looked", run.observer),
            ("Page", page_of(run)),
        ]
        if run.exit_status is not None:
            pairs.append(("Exit status", str(run.exit_status)))
        yield Facts(title, tuple(pairs))
        for name, text in (
            ("Traceback", run.traceback),
            (f"What {run.replica.node.tag} wrote on standard error", run.remote_stderr),
            (f"To repeat the look at {run.replica}", run.command),
        ):
            if text.strip():
                yield Verbatim(name, text.strip()[-LONGEST_VERBATIM:])


def _for_programs(
    news: Sequence[News], others: Sequence[Finding], now_there: HubNow
) -> dict[str, Any]:
    facts = {
        "hub": now_there.hub.tag,
        "state": now_there.conclusion.state,
        "unknown_replicas": now_there.conclusion.unknown_replicas,
        "changes": [
            {"change": one.change, **_finding_facts(one.finding)} for one in news[:MOST_LISTED]
        ],
        "changes_in_all": len(news),
        "open": [_finding_facts(finding) for finding in others[:MOST_LISTED]],
        "open_in_all": len(others),
    }
    plain: dict[str, Any] = json.loads(json.dumps(facts, cls=DjangoJSONEncoder))
    return plain


def _finding_facts(finding: Finding) -> dict[str, Any]:
    """Return a finding as `findings --format json` prints it, but with names in their text form.

    Not every database and receiver takes the lone surrogates of exact names.
    """
    return finding_as_json(finding) | {
        "repo": finding.repo.path if finding.repo else None,
        "path": finding.path or None,
    }
