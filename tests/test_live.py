"""What an open page is told of what came since it was made."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from hubs.models import Replica
from probes.models import Finding, RunStatus
from tests.estate import HOUR, make_hub, make_replica, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def vault() -> Replica:
    return make_replica(make_hub("H"))


def since_an_hour() -> int:
    return int((timezone.now() - HOUR).timestamp())


def told(client: Client, **query: str) -> str:
    return str(client.get("/news/", {"since": str(since_an_hour())} | query).json()["words"])


def make_finding(replica: Replica, ago: timedelta, closed_ago: timedelta | None = None) -> None:
    now = timezone.now()
    Finding.objects.create(
        hub=replica.hub, replica=replica, code="overdue", severity="alarm", subject_key=str(ago),
        message="late", opened_at=now - ago, confirmed_at=now,
        closed_at=None if closed_ago is None else now - closed_ago,
    )  # fmt: skip


def test_looks_and_findings_are_news(admin_client: Client, vault: Replica) -> None:
    for minutes in (5, 6):
        make_run(vault, timezone.now() - timedelta(minutes=minutes))
    make_finding(vault, timedelta(minutes=1))
    make_finding(vault, 3 * HOUR, closed_ago=timedelta(minutes=1))

    assert told(admin_client) == "2 looks, 1 finding opened, 1 finding closed"


def test_what_was_there_before_is_no_news(admin_client: Client, vault: Replica) -> None:
    make_run(vault, timezone.now() - 2 * HOUR)
    make_finding(vault, 2 * HOUR)

    assert told(admin_client) == ""


def test_a_look_that_began_before_and_ended_since_is_news(
    admin_client: Client, vault: Replica
) -> None:
    make_run(vault, timezone.now() - 2 * HOUR, seconds=5400)

    assert told(admin_client) == "1 look"


def test_a_look_that_goes_on_is_no_news_yet(admin_client: Client, vault: Replica) -> None:
    make_run(vault, timezone.now(), RunStatus.RUNNING, seconds=None)

    assert told(admin_client) == ""


def test_the_page_of_a_hub_is_told_of_that_hub(admin_client: Client, vault: Replica) -> None:
    make_run(make_replica(make_hub("other")), timezone.now() - timedelta(minutes=1))

    assert told(admin_client, hub="H") == ""
    assert told(admin_client, hub="other") == "1 look"


def test_nobody_is_told_of_a_hidden_hub(django_user_model: type, vault: Replica) -> None:
    vault.hub.groups.add(Group.objects.create(name="institute"))
    make_run(vault, timezone.now() - timedelta(minutes=1))
    outsider = Client()
    outsider.force_login(django_user_model.objects.create_user("oscar"))  # type: ignore[attr-defined]

    assert told(outsider) == ""
    assert outsider.get("/news/", {"hub": "H"}).status_code == 404


@pytest.mark.parametrize("since", ["", "x", "-1", "99999999999999", "99999999999"])
def test_an_odd_moment_is_now(admin_client: Client, vault: Replica, since: str) -> None:
    make_run(vault, timezone.now() - timedelta(minutes=1))

    assert admin_client.get("/news/", {"since": since}).json()["words"] == ""


def test_it_costs_a_few_queries_however_much_there_is(
    admin_client: Client, vault: Replica, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for minutes in range(1, 30):
        make_run(vault, timezone.now() - timedelta(minutes=minutes))

    with django_assert_max_num_queries(7):
        told(admin_client)
