"""Answering on the page of a finding, without JavaScript: who may, what it says, and that no silence is forgotten."""

import html
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from hubs.models import Hub
from probes.answers import acknowledge, withdraw
from probes.models import AcceptedLevel, Answer, Finding
from tests.estate import DAY, HOUR, NOW, make_hub, make_replica, make_repo, make_run
from tests.findings import make_user, may_answer, open_finding

pytestmark = pytest.mark.django_db

VERBS = ["acknowledge", "withdraw", "accept"]
SCRIPT = "<script>alert(1)</script>"
Clock = Callable[[datetime], None]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Clock:
    """Set what time it is for the pages; nobody is logged out by it."""
    settings.SESSION_COOKIE_AGE = 99 * 86_400

    def at(moment: datetime) -> None:
        monkeypatch.setattr("django.utils.timezone.now", lambda: moment)

    at(NOW)
    return at


@pytest.fixture
def hub() -> Hub:
    return make_hub("H", "Asia/Taipei")


@pytest.fixture
def finding(hub: Hub) -> Finding:
    return open_finding(hub, repo=make_repo(hub), stamp_at=NOW - 2 * HOUR)


@pytest.fixture
def ada(client: Client) -> User:
    """Somebody who may answer, logged in."""
    user = may_answer("ada")
    client.force_login(user)
    return user


def address(finding: Finding, verb: str = "") -> str:
    return f"/findings/{finding.pk}/{verb}{'/' if verb else ''}"


def give(client: Client, finding: Finding, verb: str = "acknowledge", **form: str) -> Any:
    given = {"reason": "a known fault", "until": "closed", "date": ""} | form
    return client.post(address(finding, verb), given)


def content(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def text(client: Client, url: str) -> str:
    """Return what a page says, tags left out."""
    without_tags = re.sub(r"<[^>]*>", " ", content(client, url))
    return " ".join(html.unescape(without_tags).split())


def test_a_form_acknowledges_and_leads_back(client: Client, ada: User, finding: Finding) -> None:
    answer = give(client, finding)

    assert (answer.status_code, answer["Location"]) == (302, address(finding))
    assert "Acknowledged by ada : a known fault" in text(client, address(finding))


@pytest.mark.parametrize(
    ("until", "date", "stored"),
    [
        ("closed", "", None),
        ("1d", "", NOW + DAY),
        ("3d", "", NOW + 3 * DAY),
        ("1w", "", NOW + 7 * DAY),
        ("4w", "", NOW + 28 * DAY),
        ("date", "2024-05-16", datetime.fromisoformat("2024-05-16T00:00+08:00")),
        ("date", "9999-12-31", datetime.fromisoformat("9999-12-31T00:00+08:00")),
    ],
)
def test_a_form_offers_lengths_of_time(
    client: Client, ada: User, finding: Finding, until: str, date: str, stored: datetime | None
) -> None:
    assert f'value="{until}"' in content(client, address(finding))

    assert give(client, finding, until=until, date=date).status_code == 302
    assert Finding.objects.get().acknowledged_until == stored


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"reason": ""}, "Say why"),
        ({"reason": " \r\n "}, "Say why"),
        ({"reason": "x" * 501}, "at most 500 characters"),
        ({"until": "for ever"}, "for ever is not one of the available choices"),
        ({"until": "date"}, "Give the date"),
        ({"until": "date", "date": "soon"}, "Enter a valid date"),
        ({"until": "date", "date": "2024-05-15"}, "That moment is over"),
        ({"until": "date", "date": "0001-01-01"}, "That moment is over"),
        ({"until": "1d", "date": "2024-05-17"}, "or leave the date empty"),
    ],
)
def test_a_form_that_is_wrong_comes_back_as_it_was_filled_in(
    client: Client, ada: User, finding: Finding, form: dict[str, str], says: str
) -> None:
    answer = give(client, finding, **({"reason": "a <known> fault"} | form))

    page = answer.content.decode()
    assert answer.status_code == 400
    assert says in html.unescape(page)
    assert "reason" in form or "a &lt;known&gt; fault</textarea>" in page
    assert not Answer.objects.exists()


def test_new_lines_count_as_one_character(client: Client, ada: User, finding: Finding) -> None:
    assert give(client, finding, reason="\r\n".join(["x" * 99] * 5)).status_code == 302


def test_a_reason_is_shown_and_not_run(client: Client, ada: User, finding: Finding) -> None:
    give(client, finding, reason=SCRIPT)

    for url in (address(finding), "/findings/", "/hubs/H/", "/repos/H/tracs/env/"):
        page = content(client, url)
        assert SCRIPT not in page
        assert html.escape(SCRIPT) in page, url


def test_the_name_of_a_user_is_shown_and_not_run(client: Client, finding: Finding) -> None:
    acknowledge(finding, make_user(SCRIPT), "why", now=NOW)
    client.force_login(make_user("reader"))

    for url in (address(finding), "/findings/"):
        assert SCRIPT not in content(client, url)


def test_an_acknowledgement_can_be_withdrawn(client: Client, ada: User, finding: Finding) -> None:
    give(client, finding)
    assert "Let it speak again" in text(client, address(finding))

    assert give(client, finding, "withdraw").status_code == 302

    assert Finding.objects.get().acknowledged_at is None
    page = text(client, address(finding))
    assert "Let it speak again" not in page
    assert "acknowledgement withdrawn ada" in page


def test_a_snooze_says_until_when_and_that_it_ran_out(
    client: Client, ada: User, finding: Finding, clock: Clock
) -> None:
    give(client, finding, until="1d")
    told = "until 2024-05-16 12:00 UTC by ada : a known fault"

    for url in (address(finding), "/findings/"):
        clock(NOW + DAY - HOUR)
        assert f"Snoozed {told}" in text(client, url)
        clock(NOW + DAY)
        assert f"Was snoozed {told}" in text(client, url)


def test_what_is_closed_was_acknowledged(client: Client, ada: User, finding: Finding) -> None:
    give(client, finding)
    Finding.objects.update(closed_at=NOW)

    page = text(client, address(finding))
    assert "Was acknowledged by ada : a known fault" in page
    assert "Answer it" not in page


def test_it_is_said_before_what_accepting_does(client: Client, ada: User, finding: Finding) -> None:
    assert (
        "tarballs of tracs/env are then compared with those from 2024-05-15 10:00 UTC (18:00 +0800) on"
        in text(client, address(finding))
    )


def test_a_level_is_accepted(client: Client, ada: User, finding: Finding) -> None:
    answer = give(client, finding, "accept", reason="cleaned up")

    assert (answer.status_code, answer["Location"]) == (302, address(finding))
    assert AcceptedLevel.objects.get().from_stamp_at == NOW - 2 * HOUR
    page = text(client, address(finding))
    assert "new level accepted ada cleaned up" in page
    assert "tracs/env : new tarballs are compared with those from 2024-05-15 10:00 UTC" in page


def test_a_level_of_several_repos_names_them(client: Client, ada: User, hub: Hub) -> None:
    for name in ("svn/one", "svn/two"):
        make_repo(hub, name)
    finding = open_finding(hub, evidence={"repos": ["svn/one", "svn/two"]})

    page = text(client, address(finding))
    give(client, finding, "accept")

    assert "tarballs of these 2 repos" in page
    assert "svn/one, svn/two" in page
    assert AcceptedLevel.objects.count() == 2


def test_accepting_needs_a_reason(client: Client, ada: User, finding: Finding) -> None:
    answer = give(client, finding, "accept", reason="")

    assert answer.status_code == 400
    assert b"Say why" in answer.content


def test_where_there_is_no_level_none_is_offered(client: Client, ada: User, hub: Hub) -> None:
    finding = open_finding(hub, "overdue", repo=make_repo(hub))

    assert "Accept the new level" not in text(client, address(finding))
    assert give(client, finding, "accept").status_code == 400


@pytest.mark.parametrize("verb", VERBS)
def test_an_answer_to_a_closed_finding_says_that_it_came_too_late(
    client: Client, ada: User, finding: Finding, verb: str
) -> None:
    Finding.objects.update(closed_at=NOW)

    answer = give(client, finding, verb)

    assert answer.status_code == 409
    assert b"It is closed" in answer.content


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("who", "sees_hub", "status", "has_form"),
    [
        ("ada", True, 302, True),
        ("ada", False, 404, False),
        ("reader", True, 403, False),
        ("reader", False, 404, False),
    ],
)
def test_who_may_answer(
    client: Client,
    finding: Finding,
    verb: str,
    who: str,
    sees_hub: bool,
    status: int,
    has_form: bool,
) -> None:
    group = Group.objects.create(name="institute")
    finding.hub.groups.add(group)
    user = may_answer(who) if who == "ada" else make_user(who, "view_finding")
    if sees_hub:
        user.groups.add(group)
    if verb == "withdraw":
        acknowledge(finding, user, "before", now=NOW)
    answers = Answer.objects.count()
    client.force_login(user)

    page = client.get(address(finding))
    assert page.status_code == (200 if sees_hub else 404)
    assert (b"Answer it" in page.content) == has_form
    assert give(client, finding, verb).status_code == status
    assert Answer.objects.count() == answers + (status == 302)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("public", [False, True])
def test_whoever_is_not_logged_in_is_led_to_the_finding(
    client: Client, finding: Finding, verb: str, public: bool, settings: Settings
) -> None:
    settings.SCMMON_PUBLIC_PAGES = public

    answer = give(client, finding, verb)

    assert answer.status_code == 302
    assert answer["Location"] == f"/login/?next={address(finding)}"
    assert not Answer.objects.exists()


def test_public_pages_have_no_form(client: Client, finding: Finding, settings: Settings) -> None:
    settings.SCMMON_PUBLIC_PAGES = True

    assert "Answer it" not in text(client, address(finding))


@pytest.mark.parametrize("verb", VERBS)
def test_answers_are_posts(client: Client, ada: User, finding: Finding, verb: str) -> None:
    for method in ("get", "head", "put", "delete"):
        assert getattr(client, method)(address(finding, verb)).status_code == 405


@pytest.mark.parametrize("verb", VERBS)
def test_answers_need_the_csrf_token(finding: Finding, verb: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(may_answer())

    assert give(client, finding, verb).status_code == 403
    assert not Answer.objects.exists()


def test_the_forms_carry_the_csrf_token(finding: Finding) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(may_answer())
    page = content(client, address(finding))

    form = page[page.index(f'action="{address(finding, "acknowledge")}"') :]
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', form)[0]

    assert give(client, finding, csrfmiddlewaretoken=token).status_code == 302


def test_a_page_has_each_id_once(client: Client, ada: User, finding: Finding) -> None:
    ids = re.findall(r'\sid="([^"]+)"', content(client, address(finding)))

    assert sorted(ids) == sorted(set(ids))


def test_history_is_told_in_order(
    client: Client, ada: User, finding: Finding, clock: Clock
) -> None:
    Finding.objects.update(reopenings=2, opened_at=NOW - DAY, confirmed_at=NOW + 4 * HOUR)
    acknowledge(finding, ada, "look tomorrow", NOW + 2 * HOUR, now=NOW)
    acknowledge(finding, may_answer("bob"), "look later", now=NOW + 3 * HOUR)
    Finding.objects.update(closed_at=NOW + 5 * HOUR)
    clock(NOW + DAY)

    page = text(client, address(finding))
    history = page[page.index("What happened to it") :]

    places = [
        history.index(words)
        for words in (
            "opened; since then it closed and came back within a day 2 times",
            "snoozed until 2024-05-15 14:00 UTC ada look tomorrow",
            "the snooze ran out: it speaks again",
            "acknowledged until it closes bob look later",
            "last found true",
            "closed scmmon",
        )
    ]
    assert places == sorted(places)


def test_a_snooze_that_was_withdrawn_never_ran_out(
    client: Client, ada: User, finding: Finding, clock: Clock
) -> None:
    acknowledge(finding, ada, "why", NOW + 2 * HOUR, now=NOW)
    withdraw(finding, ada, NOW + HOUR)
    clock(NOW + DAY)

    assert "ran out" not in text(client, address(finding))


def test_the_log_names_who_is_gone(client: Client, ada: User, finding: Finding) -> None:
    acknowledge(finding, make_user("bob"), "why", now=NOW)
    User.objects.get(username="bob").delete()

    page = text(client, address(finding))
    assert "Acknowledged by somebody whose account is gone : why" in page
    assert "acknowledged until it closes bob why" in page


def test_a_finding_that_another_tells_leads_there_and_back(
    client: Client, ada: User, hub: Hub
) -> None:
    night = open_finding(hub, "overdue", message="no backup that night")
    late = open_finding(hub, "lagging", told_in=night, message="a copy is late")

    assert f'href="{address(night)}"' in content(client, address(late))
    assert "Told together here" in text(client, address(night))
    assert f'href="{address(late)}"' in content(client, address(night))


def test_a_finding_of_another_hub_is_not_led_to(
    client: Client, ada: User, finding: Finding
) -> None:
    secret = make_hub("SECRET")
    secret.groups.add(Group.objects.create(name="institute"))
    finding.told_in = open_finding(secret, "overdue")
    finding.save()

    assert "Told together in" not in text(client, address(finding)).replace("told together", "")


def test_the_look_of_the_evidence_is_there_with_its_lines(
    client: Client, ada: User, hub: Hub
) -> None:
    run = make_run(make_replica(hub), NOW, command="ssh vault 'find /backup'")
    finding = open_finding(hub, "incomplete", evidence={"run": run.pk})

    page = text(client, address(finding))

    assert f"run look {run.pk}" in page
    assert "The lines that repeat the look ssh vault 'find /backup'" in page


@pytest.mark.parametrize("evidence", [{"run": 10**30}, {"run": True}, {"run": "1"}, {"run": -1}])
def test_evidence_that_names_no_look_does_no_harm(
    client: Client, ada: User, hub: Hub, evidence: dict[str, Any]
) -> None:
    finding = open_finding(hub, "incomplete", evidence=evidence)

    assert "The lines that repeat the look" not in text(client, address(finding))


def test_a_look_at_another_hub_is_not_shown(client: Client, ada: User, hub: Hub) -> None:
    run = make_run(make_replica(make_hub("OTHER")), NOW, command="ssh elsewhere")

    page = text(client, address(open_finding(hub, "incomplete", evidence={"run": run.pk})))

    assert "ssh elsewhere" not in page


def test_public_pages_do_not_show_how_to_log_in_to_nodes(
    client: Client, hub: Hub, settings: Settings
) -> None:
    settings.SCMMON_PUBLIC_PAGES = True
    run = make_run(make_replica(hub), NOW, command="ssh -i /keys/secret scm@vault")
    finding = open_finding(hub, "incomplete", evidence={"run": run.pk})

    assert "/keys/secret" not in text(client, address(finding))


@pytest.fixture
def some_muted(hub: Hub, ada: User) -> None:
    """One finding that speaks, one acknowledged, one snoozed, one whose snooze ran out."""
    for code, until in (("acked", None), ("snoozed", NOW + DAY), ("ran_out", NOW - HOUR)):
        acknowledge(open_finding(hub, code), ada, f"why {code}", until, now=NOW - 2 * HOUR)
    open_finding(hub, "speaks")


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("", {"acked", "snoozed", "ran_out", "speaks"}),
        ("?muted=", {"acked", "snoozed", "ran_out", "speaks"}),
        ("?muted=hide", {"ran_out", "speaks"}),
        ("?muted=only", {"acked", "snoozed"}),
        ("?muted=only&code=snoozed", {"snoozed"}),
        ("?muted=only&state=closed", set()),
    ],
)
@pytest.mark.usefixtures("some_muted")
def test_the_address_says_whether_muted_ones_are_listed(
    client: Client, query: str, codes: set[str]
) -> None:
    page = text(client, f"/findings/{query}")

    every = {"acked", "snoozed", "ran_out", "speaks"}
    assert {code for code in every if f"it is {code}" in page} == codes


@pytest.mark.usefixtures("some_muted")
def test_no_silence_is_forgotten(client: Client) -> None:
    page = content(client, "/findings/?muted=hide")

    assert '<a href="/findings/?muted=only">2 open findings</a> are acknowledged or snoozed' in page


def test_where_nothing_is_muted_nothing_is_said_of_it(
    client: Client, ada: User, finding: Finding
) -> None:
    assert "muted=only" not in content(client, "/findings/")


@pytest.mark.usefixtures("some_muted")
def test_muted_findings_of_hidden_hubs_are_not_counted(client: Client, hub: Hub) -> None:
    hub.groups.add(Group.objects.create(name="institute"))

    assert "muted=only" not in content(client, "/findings/")


def test_a_page_with_everything_asks_little_of_the_database(
    client: Client, hub: Hub, ada: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    names = [f"svn/repo{number}" for number in range(40)]
    for name in names:
        make_repo(hub, name)
    replica = make_replica(hub)
    evidence = {"repos": names, "run": make_run(replica, NOW).pk}
    finding = open_finding(hub, told_in=open_finding(hub, "overdue"), evidence=evidence)
    for number in range(30):
        acknowledge(finding, ada, f"reason {number}", now=NOW)
        open_finding(hub, f"also{number}", told_in=finding, replica=replica)
    give(client, finding, "accept")

    with django_assert_max_num_queries(25):
        assert client.get(address(finding)).status_code == 200
    with django_assert_max_num_queries(15):
        assert client.get("/findings/?muted=only").status_code == 200
