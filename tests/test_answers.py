"""What people do about findings: it lasts as long as they said, is kept, and is refused where it makes no sense."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from hubs.models import Hub
from probes.answers import (
    LEVEL_CODES,
    AnswerError,
    accept_level,
    acknowledge,
    level_of,
    muted,
    withdraw,
)
from probes.models import AcceptedLevel, Answer, Finding
from tests.estate import DAY, HOUR, NOW, make_hub, make_repo
from tests.findings import make_user, open_finding

pytestmark = pytest.mark.django_db


@pytest.fixture
def hub() -> Hub:
    return make_hub()


@pytest.fixture
def ada() -> User:
    return make_user("ada")


@pytest.fixture
def shrunk(hub: Hub) -> Finding:
    """A finding about one repo and one tarball."""
    return open_finding(hub, repo=make_repo(hub), stamp_at=NOW - 2 * HOUR)


def stored(finding: Finding) -> Finding:
    return Finding.objects.get(pk=finding.pk)


def log(finding: Finding) -> list[tuple[str, str, str]]:
    return list(finding.answers.values_list("kind", "author_name", "reason"))


def test_an_acknowledged_finding_is_muted_until_it_closes(shrunk: Finding, ada: User) -> None:
    acknowledge(shrunk, ada, "a known fault", now=NOW)

    assert stored(shrunk).is_muted(NOW + 999 * DAY)


def test_a_snoozed_finding_speaks_up_by_itself(shrunk: Finding, ada: User) -> None:
    acknowledge(shrunk, ada, "a new disk comes", NOW + DAY, now=NOW)

    finding = stored(shrunk)
    assert finding.is_muted(NOW + DAY - timedelta(seconds=1))
    assert not finding.is_muted(NOW + DAY)


@pytest.mark.parametrize("until", [None, NOW + DAY])
def test_it_is_kept_who_answered_when_and_why(
    shrunk: Finding, ada: User, until: datetime | None
) -> None:
    acknowledge(shrunk, ada, "a known fault", until, now=NOW)

    finding = stored(shrunk)
    assert (finding.acknowledged_by, finding.acknowledged_at) == (ada, NOW)
    assert (finding.acknowledged_reason, finding.acknowledged_until) == ("a known fault", until)
    answer = Answer.objects.get()
    assert (answer.kind, answer.author, answer.author_name, answer.at, answer.reason, answer.until) == (
        "snoozed" if until else "acknowledged", ada, "ada", NOW, "a known fault", until,
    )  # fmt: skip


def test_a_second_answer_takes_no_earlier_one_away(shrunk: Finding, ada: User) -> None:
    acknowledge(shrunk, ada, "a known fault", now=NOW)
    acknowledge(shrunk, make_user("bob"), "only for a day", NOW + DAY, now=NOW + HOUR)

    assert log(shrunk) == [
        ("acknowledged", "ada", "a known fault"),
        ("snoozed", "bob", "only for a day"),
    ]
    assert stored(shrunk).acknowledged_by == User.objects.get(username="bob")


def test_a_log_outlives_the_account(shrunk: Finding, ada: User) -> None:
    acknowledge(shrunk, ada, "a known fault", now=NOW)
    ada.delete()

    assert log(shrunk) == [("acknowledged", "ada", "a known fault")]
    assert stored(shrunk).is_muted(NOW)


def test_a_reason_is_one_paragraph(shrunk: Finding, ada: User) -> None:
    acknowledge(shrunk, ada, "  a\r\n\tknown   fault\u202e\0 ", now=NOW)

    assert stored(shrunk).acknowledged_reason == r"a known fault\x202e\x00"


@pytest.mark.parametrize(
    ("reason", "until", "field"),
    [
        ("", None, "reason"),
        (" \n\t", None, "reason"),
        ("x" * 501, None, "reason"),
        ("a known fault", NOW, "until"),
        ("a known fault", NOW - DAY, "until"),
        ("a known fault", datetime.min.replace(tzinfo=UTC), "until"),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(
    shrunk: Finding, ada: User, reason: str, until: datetime | None, field: str
) -> None:
    with pytest.raises(AnswerError) as refused:
        acknowledge(shrunk, ada, reason, until, now=NOW)

    assert (refused.value.field, refused.value.conflict) == (field, False)
    assert (Answer.objects.count(), stored(shrunk).acknowledged_at) == (0, None)


def test_the_longest_reason_is_taken(shrunk: Finding, ada: User) -> None:
    acknowledge(shrunk, ada, "x" * 500, now=NOW)

    assert len(stored(shrunk).acknowledged_reason) == 500


@pytest.mark.parametrize("answer", ["acknowledge", "withdraw", "accept_level"])
def test_a_closed_finding_takes_no_answer(shrunk: Finding, ada: User, answer: str) -> None:
    acknowledge(shrunk, ada, "a known fault", now=NOW - HOUR)
    Finding.objects.update(closed_at=NOW)  # by a judge, after the caller read it
    give: dict[str, Any] = {
        "acknowledge": lambda: acknowledge(shrunk, ada, "why", now=NOW),
        "withdraw": lambda: withdraw(shrunk, ada, NOW),
        "accept_level": lambda: accept_level(shrunk, ada, "why", NOW),
    }

    with pytest.raises(AnswerError, match="closed") as refused:
        give[answer]()

    assert refused.value.conflict
    assert (Answer.objects.count(), AcceptedLevel.objects.count()) == (1, 0)


def test_a_withdrawn_acknowledgement_mutes_nothing(shrunk: Finding, ada: User) -> None:
    acknowledge(shrunk, ada, "a known fault", NOW + DAY, now=NOW)
    withdraw(shrunk, make_user("bob"), NOW + HOUR)

    finding = stored(shrunk)
    assert not finding.is_muted(NOW + HOUR)
    assert (finding.acknowledged_by, finding.acknowledged_at) == (None, None)
    assert (finding.acknowledged_reason, finding.acknowledged_until) == ("", None)
    assert log(shrunk)[-1] == ("withdrawn", "bob", "")


@pytest.mark.parametrize("snoozed", [False, True])
def test_what_is_not_muted_cannot_be_withdrawn(shrunk: Finding, ada: User, snoozed: bool) -> None:
    if snoozed:
        acknowledge(shrunk, ada, "a known fault", NOW + HOUR, now=NOW)

    with pytest.raises(AnswerError, match="nothing to withdraw") as refused:
        withdraw(shrunk, ada, NOW + HOUR)

    assert refused.value.conflict


@pytest.mark.parametrize("code", sorted(LEVEL_CODES))
def test_a_level_is_accepted_from_the_stamp_of_the_finding(hub: Hub, ada: User, code: str) -> None:
    repo = make_repo(hub)
    finding = open_finding(hub, code, repo=repo, stamp_at=NOW - 2 * HOUR)

    accept_level(finding, ada, "the project was cleaned up", NOW)

    level = AcceptedLevel.objects.get()
    assert (level.repo, level.from_stamp_at) == (repo, NOW - 2 * HOUR)
    assert (level.accepted_by, level.accepted_at) == (ada, NOW)
    assert level.reason == "the project was cleaned up"
    assert log(finding) == [("accepted", "ada", "the project was cleaned up")]
    assert stored(finding).is_muted(NOW + 999 * DAY)


def test_without_a_stamp_of_its_own_the_evidence_tells_it(hub: Hub, ada: User) -> None:
    evidence = {"stamp_at": "2024-05-14T03:00:00+00:00"}

    accept_level(open_finding(hub, repo=make_repo(hub), evidence=evidence), ada, "yes", NOW)

    assert AcceptedLevel.objects.get().from_stamp_at == datetime(2024, 5, 14, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "evidence", [{}, {"stamp_at": None}, {"stamp_at": "soon"}, {"stamp_at": "2024-05-14T03:00:00"}]
)
def test_without_any_stamp_a_level_begins_now(
    hub: Hub, ada: User, evidence: dict[str, Any]
) -> None:
    accept_level(open_finding(hub, repo=make_repo(hub), evidence=evidence), ada, "yes", NOW)

    assert AcceptedLevel.objects.get().from_stamp_at == NOW


def test_a_level_never_begins_in_the_future(hub: Hub, ada: User) -> None:
    accept_level(open_finding(hub, repo=make_repo(hub), stamp_at=NOW + DAY), ada, "yes", NOW)

    assert AcceptedLevel.objects.get().from_stamp_at == NOW


def test_a_level_is_accepted_for_each_repo_that_is_told_together(hub: Hub, ada: User) -> None:
    for name in ("tracs/env", "svn/env", "svn/other"):
        make_repo(hub, name)
    make_repo(make_hub("OTHER"), "tracs/env")
    evidence = {"repos": ["tracs/env", "svn/env", "svn/vanished", 7]}
    finding = open_finding(hub, evidence=evidence, stamp_at=NOW - DAY)

    accept_level(finding, ada, "the server was cleaned up", NOW)

    levels = AcceptedLevel.objects.select_related("repo__hub")
    assert sorted((level.repo.hub.tag, level.repo.path) for level in levels) == [
        ("H", "svn/env"),
        ("H", "tracs/env"),
    ]
    assert {level.from_stamp_at for level in levels} == {NOW - DAY}
    assert Answer.objects.count() == 1


def test_a_level_that_was_taken_back_can_be_accepted_again(shrunk: Finding, ada: User) -> None:
    accept_level(shrunk, ada, "yes", NOW)
    AcceptedLevel.objects.all().delete()

    accept_level(shrunk, ada, "yes after all", NOW)

    assert AcceptedLevel.objects.count() == 1


def test_a_level_is_accepted_once(shrunk: Finding, ada: User) -> None:
    accept_level(shrunk, ada, "yes", NOW)

    with pytest.raises(AnswerError, match="already accepted") as refused:
        accept_level(shrunk, ada, "yes", NOW + HOUR)

    assert refused.value.conflict
    assert AcceptedLevel.objects.count() == 1


@pytest.mark.parametrize(
    "fields", [{"code": "overdue"}, {"code": "shrunk", "evidence": {"repos": "tracs/env"}}]
)
def test_where_there_is_no_level_none_is_accepted(
    hub: Hub, ada: User, fields: dict[str, Any]
) -> None:
    repo = make_repo(hub) if fields["code"] == "overdue" else None
    finding = open_finding(hub, repo=repo, **fields)

    with pytest.raises(AnswerError, match="no level to accept"):
        accept_level(finding, ada, "yes", NOW)

    assert level_of(finding, NOW) is None
    assert (AcceptedLevel.objects.count(), stored(finding).acknowledged_at) == (0, None)


def test_a_level_needs_a_reason(shrunk: Finding, ada: User) -> None:
    with pytest.raises(AnswerError, match="Say why"):
        accept_level(shrunk, ada, " ", NOW)


@pytest.mark.parametrize("moment", [NOW, NOW + DAY, NOW + 2 * DAY])
def test_the_database_and_python_agree_on_what_is_muted(
    hub: Hub, ada: User, moment: datetime
) -> None:
    for code, until in (("a", None), ("b", NOW + DAY), ("c", NOW + 2 * DAY)):
        acknowledge(open_finding(hub, code), ada, "why", until, now=NOW)
    open_finding(hub, "never")
    silent = Finding.objects.filter(muted(moment))
    speaking = Finding.objects.filter(~muted(moment))

    assert {finding.code for finding in silent} == {
        finding.code for finding in Finding.objects.all() if finding.is_muted(moment)
    }
    assert set(silent) | set(speaking) == set(Finding.objects.all())
    assert not set(silent) & set(speaking)


def test_a_closed_finding_counts_as_muted_no_more(shrunk: Finding, ada: User) -> None:
    acknowledge(shrunk, ada, "why", now=NOW)
    Finding.objects.update(closed_at=NOW)

    assert not Finding.objects.filter(muted(NOW)).exists()
