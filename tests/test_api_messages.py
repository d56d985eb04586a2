"""Messages by the API: with how each went out, for those who may see them on the pages too."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import Settings

from alerts.message import Kind
from alerts.parcel import Result
from hubs.models import Hub
from tests.estate import NOW, make_hub
from tests.findings import make_user, open_finding
from tests.tokens import bearer
from tests.told import ADDRESS, make_channel, make_message, tell, try_it

pytestmark = pytest.mark.django_db


@pytest.fixture
def hub() -> Hub:
    return make_hub("C2")


def listed(user: User | None, query: str = "") -> list[dict[str, Any]]:
    headers = bearer(user) if user else {}
    answer = Client().get(f"/api/v1/messages/{query}", headers=headers)
    assert answer.status_code == 200
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def test_a_message_says_how_it_went_out(hub: Hub) -> None:
    message = make_message(hub, make_channel())
    try_it(message.deliveries.get(), Result.ACCEPTED, "250 OK")

    (told,) = listed(make_user())

    assert (told["hub"], told["kind"], told["subject"]) == ("C2", "change", message.subject)
    (delivery,) = told["deliveries"]
    assert delivery["recipient"] == ADDRESS
    assert (delivery["channel"], delivery["status"]) == ("operators", "sent")
    assert (delivery["attempts_made"], delivery["answer"]) == (1, "250 OK")


def test_without_login_nobody_learns_whom_it_went_to(hub: Hub, settings: Settings) -> None:
    settings.SCMMON_PUBLIC_PAGES = True
    make_message(hub, make_channel())

    (told,) = listed(None)

    assert told["deliveries"][0]["recipient"] is None
    assert told["deliveries"][0]["answer"] is None


def test_of_a_hidden_hub_there_are_no_messages(hub: Hub) -> None:
    hub.groups.add(Group.objects.create(name="institute"))
    message = make_message(hub, make_channel())
    eve = make_user("eve")

    assert listed(eve) == []
    one = Client().get(f"/api/v1/messages/{message.pk}/", headers=bearer(eve))
    assert one.status_code == 404


def test_messages_about_no_hub_are_for_staff() -> None:
    make_message(None, make_channel())
    staff = make_user("staff")

    assert listed(staff) == []
    User.objects.filter(pk=staff.pk).update(is_staff=True)
    assert len(listed(staff)) == 1


def test_without_login_failures_of_commands_are_not_there(hub: Hub, settings: Settings) -> None:
    settings.SCMMON_PUBLIC_PAGES = True
    make_message(hub, kind=Kind.FAILURE)

    assert listed(None) == []
    assert len(listed(make_user())) == 1


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("hub=C2", 2),
        ("hub=C3", 0),
        ("kind=change", 1),
        ("kind=reminder", 1),
        ("severity=alarm", 2),
        ("severity=notice", 0),
        ("channel=operators", 1),
        ("channel=nobody", 0),
        ("status=sent", 1),
        ("status=failed", 0),
        ("created_after=2024-05-15T00:00:00Z", 2),
        ("created_before=2024-05-15T00:00:00Z", 0),
    ],
)
def test_messages_are_filtered(hub: Hub, query: str, count: int) -> None:
    sent = make_message(hub, make_channel())
    make_message(hub, make_channel("others"), kind=Kind.REMINDER)
    try_it(sent.deliveries.get(), Result.ACCEPTED)

    assert len(listed(make_user(), f"?{query}")) == count


def test_messages_are_found_by_the_finding_that_they_told_of(hub: Hub) -> None:
    finding, other = open_finding(hub), open_finding(hub, "overdue")
    message = make_message(hub)
    make_message(hub)
    tell(message, [finding])
    ada = make_user()

    assert [row["id"] for row in listed(ada, f"?finding={finding.pk}")] == [message.pk]
    assert listed(ada, f"?finding={other.pk}") == []


def test_the_finding_of_a_hidden_hub_finds_nothing(hub: Hub) -> None:
    hidden = make_hub("secret")
    hidden.groups.add(Group.objects.create(name="institute"))
    finding = open_finding(hidden)
    tell(make_message(hub, at=NOW), [finding])

    assert listed(make_user(), f"?finding={finding.pk}") == []
