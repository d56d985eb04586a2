"""Maintenance windows and holiday calendars in the admin."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from hubs.models import HolidayCalendar, Maintenance
from tests.estate import HOUR, NOW, make_hub, make_node

pytestmark = pytest.mark.django_db

ADD = reverse("admin:hubs_maintenance_add")


def window_form(**changed: Any) -> dict[str, Any]:
    form = {"reason": "upgrades", "cron": "30 2 * * 0", "duration": "2h", "enabled": "on"}
    return form | {"hub": make_hub().pk} | changed


def test_who_adds_a_window_is_its_author(admin_client: Client) -> None:
    admin_client.post(ADD, window_form())

    window = Maintenance.objects.get()
    assert (window.author, window.duration) == ("admin", 2 * HOUR)


def test_an_author_who_is_named_stays(admin_client: Client) -> None:
    admin_client.post(ADD, window_form(author="Ana"))

    assert Maintenance.objects.get().author == "Ana"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"cron": "* * * * *"}, "begins more than once in an hour"),
        ({"hub": ""}, "Give either a hub or a node."),
        ({"cron": ""}, "Say when it begins"),
    ],
)
def test_a_wrong_window_is_told(admin_client: Client, changed: dict[str, str], told: str) -> None:
    page = admin_client.post(ADD, window_form(**changed)).content.decode()

    assert told in page
    assert not Maintenance.objects.exists()


def test_the_same_window_twice_is_told(admin_client: Client) -> None:
    form = window_form()
    admin_client.post(ADD, form)

    page = admin_client.post(ADD, form).content.decode()

    assert "There is such a window for the same reason already." in page


def test_a_wrong_line_of_a_calendar_is_told(admin_client: Client) -> None:
    form = {"name": "Office", "days": "12-25\nEaster"}

    page = admin_client.post(reverse("admin:hubs_holidaycalendar_add"), form).content.decode()

    assert "line 2: &#x27;Easter&#x27; is not a day" in page


def test_lists_ask_no_more_for_more_rows(
    admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(9):
        hub, node = make_hub(f"H{number}"), make_node(f"n{number}")
        Maintenance.objects.create(hub=hub, starts_at=NOW, ends_at=NOW + HOUR, reason="disks")
        Maintenance.objects.create(node=node, cron="0 2 * * 0", duration=HOUR, reason="disks")
        calendar = HolidayCalendar.objects.create(name=f"C{number}", days="12-25")
        calendar.hubs.add(hub)
        calendar.nodes.add(node)

    for model in ("maintenance", "holidaycalendar"):
        with django_assert_max_num_queries(14):
            page = admin_client.get(reverse(f"admin:hubs_{model}_changelist"))
        assert page.status_code == 200
