"""The pages about findings: the list with its filters, and one with its evidence, its history and the forms to answer it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Q, QuerySet, When
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone

from dashboard import queries
from dashboard.access import Reader, may_answer, readable
from dashboard.findings.evidence import shown
from dashboard.findings.finding_history import history
from dashboard.lists import screens
from dashboard.lists.sorting import IN_STATE, IN_TIME, Column, sorting_of
from dashboard.telling.told import tellings, why_nobody
from probes.answer_forms import AcknowledgeForm, ReasonForm
from probes.answers import level_of, muted
from probes.judge.conclusion import replica_states
from probes.judge.rules import CODES
from probes.models import AcceptedLevel, Answer, CollectRun, Finding, Severity

MOST_TOLD = 50
LARGEST_ID = 2**63 - 1
MUTED = {"": "shown too", "hide": "left out", "only": "nothing else"}
STATES = ("open", "closed", "all")
MORE_FILTERS = ("node", "repo", "q", "muted", "since", "until")
WORST_LAST = Case(
    When(severity=Severity.ALARM, then=2), When(severity=Severity.WARN, then=1), default=0
)
COLUMNS = {
    "opened": Column("opened", ("opened_at",), falls=True, is_kept=True, ways=IN_TIME),
    "severity": Column("severity", (WORST_LAST, "opened_at"), falls=True, ways=IN_STATE[::-1]),
    "code": Column("rule", ("code", "opened_at")),
    "hub": Column("hub", ("hub__tag", "opened_at")),
    "node": Column("node", ("replica__node__tag", "opened_at")),
    "repo": Column("repo", ("repo__category", "repo__name", "opened_at")),
    "closed": Column("closed", ("closed_at",), falls=True, ways=IN_TIME),
}


@dataclass(frozen=True)
class Refused:
    """An answer that was not taken: the forms as they were filled in, and what was wrong beside their fields."""

    acknowledge: AcknowledgeForm | None = None
    accept: ReasonForm | None = None
    problem: str = ""
    conflict: bool = False  # the finding's state was in the way, not the input

    @property
    def status(self) -> int:
        """The HTTP status that says so."""
        return 409 if self.conflict else 400


@readable
def findings(request: HttpRequest) -> HttpResponse:
    """Findings with filters: open ones unless others are asked for."""
    now = timezone.now()
    visible = queries.findings_for(request.user)
    state = request.GET.get("state", "open")
    state = state if state in STATES else "all"
    muted_is = request.GET.get("muted", "")
    sorting = sorting_of(request, COLUMNS, "-opened")
    page = screens.sorted_page(request, _asked_for(request, visible, state, muted_is, now), sorting)
    context = {
        "page": page,
        "sorting": sorting,
        "state": state,
        "caption": _caption(state, muted_is, screens.how_many(page, "finding")),
        "is_narrowed": screens.is_narrowed(request),
        "has_more_filters": any(map(request.GET.get, MORE_FILTERS)),
        "muted_in_all": visible.filter(muted(now)).count(),
        "muted_choices": MUTED.items(),
        "state_choices": STATES,
        "hub_choices": queries.hub_tags(request.user),
        "node_choices": queries.node_tags(request.user),
        "severity_choices": Severity.values,
        "code_choices": sorted(CODES),
    }
    return screens.page(request, "findings.html", now, context)


def _asked_for(
    request: HttpRequest, visible: QuerySet[Finding], state: str, muted_is: str, now: datetime
) -> QuerySet[Finding]:
    """Return the findings that the filters of the URL leave."""
    if state in ("open", "closed"):
        visible = visible.filter(closed_at__isnull=state == "open")
    if muted_is in ("hide", "only"):
        visible = visible.filter(muted(now) if muted_is == "only" else ~muted(now))
    if repo := request.GET.get("repo"):
        category, _, name = repo.partition("/")
        visible = visible.filter(repo__category=category, repo__name=name)
    if text := request.GET.get("q"):
        visible = visible.filter(Q(message__icontains=text) | Q(path__icontains=text))
    visible = screens.within_days(request, visible, "opened_at")
    return screens.filtered(
        request,
        visible,
        hub="hub__tag",
        node="replica__node__tag",
        code="code",
        severity="severity",
    )


def _caption(state: str, muted_is: str, count: str) -> str:
    kept = {"hide": " that are not acknowledged", "only": " that are acknowledged or snoozed"}
    kind = "" if state == "all" else f", {state}"
    return f"{count}{kind}{kept.get(muted_is, '')}"


@readable
def finding(request: HttpRequest, pk: int) -> HttpResponse:
    """One finding with its evidence and history."""
    return show_finding(request, finding_of(request.user, pk), timezone.now())


def finding_of(reader: Reader, pk: int) -> Finding:
    """Return one finding; 404 where there is none that he may see."""
    found: Finding = get_object_or_404(
        queries.findings_for(reader).select_related("told_in"), pk=pk
    )
    return found


def show_finding(
    request: HttpRequest,
    this: Finding,
    now: datetime,
    refused: Refused | None = None,
) -> HttpResponse:
    """Render the page of a finding, with what was wrong with an answer where one was refused."""
    replicas = [this.replica] if this.replica else queries.replicas_of(this.hub)
    answers = list(this.answers.all())
    told = tellings(request.user, this)
    context = {
        "finding": this,
        "hub": this.hub,
        "muted": this.closed_at is None and this.is_muted(now),
        "evidence": shown(this.evidence, this.hub),
        "run": _run_in_evidence(request.user, this),
        "history": history(this, answers, now),
        "levels": _accepted_levels(this, answers),
        "tellings": told,
        "why_nobody": "" if told or this.closed_at else why_nobody(this, now),
        "told_here": _told_in(request.user, this),
        "like_it": queries.like_it(this),
        "problem": refused.problem if refused else "",
    }
    if may_answer(request.user) and this.closed_at is None:
        context |= _forms(this, now, refused or Refused())
    looked = screens.looked(replica_states(replicas, now).values())
    status = refused.status if refused else 200
    return screens.page(request, "finding.html", now, context | looked, status)


def _forms(this: Finding, now: datetime, refused: Refused) -> dict[str, Any]:
    return {
        "acknowledge_form": refused.acknowledge or acknowledge_form(),
        "level": level_of(this, now),
        "accept_form": refused.accept or accept_form(),
    }


def acknowledge_form(given: QueryDict | None = None) -> AcknowledgeForm:
    """Return the form as the page of a finding has it; two on one page need ids of their own."""
    return AcknowledgeForm(given, auto_id="acknowledge-%s")


def accept_form(given: QueryDict | None = None) -> ReasonForm:
    """Likewise."""
    return ReasonForm(given, auto_id="accept-%s")


def _told_in(reader: Reader, this: Finding) -> QuerySet[Finding]:
    """Return what this finding tells together."""
    return queries.findings_for(reader).filter(told_in=this)[:MOST_TOLD]


def _run_in_evidence(reader: Reader, this: Finding) -> CollectRun | None:
    """Return the look that a finding was found by, where its evidence names one of the same hub."""
    pk = this.evidence.get("run")
    if not isinstance(pk, int) or not 0 < pk <= LARGEST_ID:
        return None
    return queries.runs_for(reader).filter(pk=pk, replica__hub=this.hub).first()


def _accepted_levels(this: Finding, answers: list[Answer]) -> list[AcceptedLevel]:
    """Return the levels that were accepted here and stand."""
    moments = [answer.at for answer in answers if answer.kind == Answer.Kind.ACCEPTED]
    if not moments:
        return []
    accepted = AcceptedLevel.objects.filter(repo__hub=this.hub, accepted_at__in=moments)
    return list(accepted.select_related("repo"))
