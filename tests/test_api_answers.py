"""Answers by the API: for tokens that may, refused with the right status, and described in the schema."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import Settings

from hubs.models import Hub
from probes.models import AcceptedLevel, Answer, Finding
from tests.estate import DAY, HOUR, NOW, make_hub, make_repo
from tests.findings import make_user, may_answer, open_finding
from tests.tokens import bearer

pytestmark = pytest.mark.django_db

VERBS = ["acknowledge", "withdraw", "accept"]


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def hub() -> Hub:
    return make_hub()


@pytest.fixture
def finding(hub: Hub) -> Finding:
    return open_finding(hub, repo=make_repo(hub), stamp_at=NOW - 2 * HOUR)


@pytest.fixture
def ada() -> User:
    return may_answer("ada")


def post(
    finding: Finding, verb: str, user: User | None, body: Any = None, client: Client | None = None
) -> Any:
    token = bearer(user) if user else {}
    return (client or Client()).post(
        f"/api/v1/findings/{finding.pk}/{verb}/",
        {"reason": "a known fault"} if body is None else body,
        content_type="application/json",
        headers=token,
    )


def test_a_finding_is_acknowledged(finding: Finding, ada: User) -> None:
    answer = post(finding, "acknowledge", ada)

    assert answer.status_code == 200
    told = answer.json()
    assert told["acknowledged_by"] == "ada"
    assert told["acknowledged_at"] == "2024-05-15T12:00:00Z"
    assert told["acknowledged_reason"] == "a known fault"
    assert told["acknowledged_until"] is None
    assert (told["reopenings"], told["told_in"]) == (0, None)
    assert Finding.objects.get().is_muted(NOW)


def test_the_answer_is_what_the_list_gives(finding: Finding, ada: User) -> None:
    told = post(finding, "acknowledge", ada).json()

    assert Client().get(f"/api/v1/findings/{finding.pk}/", headers=bearer(ada)).json() == told


@pytest.mark.parametrize(
    ("until", "stored"),
    [
        ("2024-05-16T12:00:00Z", NOW + DAY),
        ("2024-05-16T20:00:00+08:00", NOW + DAY),
        ("2024-05-16T12:00", NOW + DAY),
        (None, None),
    ],
)
def test_a_finding_is_snoozed(finding: Finding, ada: User, until: Any, stored: Any) -> None:
    answer = post(finding, "acknowledge", ada, {"reason": "why", "until": until})

    assert answer.status_code == 200
    assert Finding.objects.get().acknowledged_until == stored


def test_an_acknowledgement_is_withdrawn(finding: Finding, ada: User) -> None:
    post(finding, "acknowledge", ada)

    answer = post(finding, "withdraw", ada)

    assert (answer.status_code, answer.json()["acknowledged_at"]) == (200, None)


def test_a_level_is_accepted(finding: Finding, ada: User) -> None:
    answer = post(finding, "accept", ada, {"reason": "cleaned up"})

    assert answer.status_code == 200
    assert AcceptedLevel.objects.get().from_stamp_at == NOW - 2 * HOUR
    assert answer.json()["acknowledged_by"] == "ada"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "  "}, "reason"),
        ({"reason": None}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "nul \0"}, "reason"),
        ({"reason": "why", "until": "soon"}, "until"),
        ({"reason": "why", "until": "2024-05-15T11:59:59Z"}, "until"),
        ({"reason": "why", "until": "9999-12-31T23:59:59-14:00"}, "until"),
        ({"reason": "why", "expires": "2024-05-16T12:00:00Z"}, "expires"),
        (["why"], "detail"),
    ],
)
def test_wrong_input_is_refused_and_named(
    finding: Finding, ada: User, body: Any, field: str
) -> None:
    answer = post(finding, "acknowledge", ada, body)

    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not Answer.objects.exists()


def test_a_body_that_is_no_json_is_refused(finding: Finding, ada: User) -> None:
    assert post(finding, "acknowledge", ada, "{").status_code == 400


def test_a_finding_without_a_level_has_none_to_accept(hub: Hub, ada: User) -> None:
    answer = post(open_finding(hub, "overdue"), "accept", ada)

    assert answer.status_code == 400
    assert "no level to accept" in answer.json()["detail"]


@pytest.mark.parametrize("verb", VERBS)
def test_a_closed_finding_is_a_conflict(finding: Finding, ada: User, verb: str) -> None:
    Finding.objects.update(closed_at=NOW)

    answer = post(finding, verb, ada)

    assert answer.status_code == 409
    assert "It is closed" in answer.json()["detail"]


def test_withdrawing_nothing_is_a_conflict(finding: Finding, ada: User) -> None:
    assert post(finding, "withdraw", ada).status_code == 409


@pytest.mark.parametrize("verb", VERBS)
def test_without_the_permission_nobody_answers(finding: Finding, verb: str) -> None:
    reader = make_user("reader", "view_finding", "delete_finding", "add_acceptedlevel")

    assert post(finding, verb, reader).status_code == 403
    assert not Answer.objects.exists()


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("public", [False, True])
def test_without_login_nobody_answers(
    finding: Finding, verb: str, public: bool, settings: Settings
) -> None:
    settings.SCMMON_PUBLIC_PAGES = public

    answer = post(finding, verb, None)

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="scmmon"')


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("permitted", [False, True])
def test_a_finding_of_a_hidden_hub_is_not_there(
    finding: Finding, verb: str, permitted: bool
) -> None:
    finding.hub.groups.add(Group.objects.create(name="institute"))
    outsider = may_answer("eve") if permitted else make_user("eve")

    assert post(finding, verb, outsider).status_code == 404
    assert not Answer.objects.exists()


def test_a_member_with_the_permission_answers_for_a_hub_of_the_group(
    finding: Finding, ada: User
) -> None:
    group = Group.objects.create(name="institute")
    finding.hub.groups.add(group)
    ada.groups.add(group)

    assert post(finding, "acknowledge", ada).status_code == 200


def test_an_account_that_was_shut_answers_no_more(finding: Finding, ada: User) -> None:
    User.objects.update(is_active=False)

    assert post(finding, "acknowledge", ada).status_code == 401


@pytest.mark.parametrize("verb", VERBS)
def test_answers_are_posts(finding: Finding, admin_client: Client, verb: str) -> None:
    address = f"/api/v1/findings/{finding.pk}/{verb}/"

    for method in ("get", "put", "patch", "delete"):
        assert getattr(admin_client, method)(address).status_code == 405


def test_a_session_needs_its_csrf_token(finding: Finding, ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)

    answer = post(finding, "acknowledge", None, client=client)

    assert answer.status_code == 403
    assert "CSRF" in answer.json()["detail"]


@pytest.mark.parametrize(("query", "count"), [("", 2), ("?muted=true", 1), ("?muted=false", 1)])
def test_findings_are_filtered_by_whether_they_are_muted(
    hub: Hub, finding: Finding, ada: User, admin_client: Client, query: str, count: int
) -> None:
    open_finding(hub, "overdue")
    post(finding, "acknowledge", ada)

    assert len(admin_client.get(f"/api/v1/findings/{query}").json()["results"]) == count


def test_it_is_told_which_finding_tells_another(hub: Hub, admin_client: Client) -> None:
    night = open_finding(hub, "overdue")
    late = open_finding(hub, "lagging", told_in=night, reopenings=2)

    told = admin_client.get(f"/api/v1/findings/{late.pk}/").json()

    assert (told["told_in"], told["reopenings"]) == (night.pk, 2)


def test_the_schema_describes_what_to_send_and_what_comes(admin_client: Client) -> None:
    schema = admin_client.get("/api/schema/?format=json").json()

    for verb in VERBS:
        operation = schema["paths"][f"/api/v1/findings/{{id}}/{verb}/"]["post"]
        errors = {"400", "401", "403", "404", "406", "409", "415", "429", "500"}
        assert set(operation["responses"]) == {"200"} | errors
        assert operation["description"]
        assert ("requestBody" in operation) == (verb != "withdraw")
    asked = schema["components"]["schemas"]["Acknowledge"]
    assert asked["required"] == ["reason"]
    assert asked["properties"]["reason"]["maxLength"] == 500
    assert json.dumps(asked["properties"]["until"]).count("date-time") == 1
