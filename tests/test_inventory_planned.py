"""Maintenance windows and holiday calendars in the inventory file, and the limits that joined the policy."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from hubs.limits import LIMIT_NAMES
from hubs.models import HolidayCalendar, Maintenance, Policy
from hubs.planned_rows import planned_of
from tests.estate import HOUR, NOW, make_hub, make_node
from tests.test_inventory import export, load
from tests.test_inventory_file import GOOD, problems

pytestmark = pytest.mark.django_db

PLANNED = """
[[maintenance]]
hub = "C2"
reason = "new disks"
author = "Ana"
starts_at = 2024-05-15T20:00:00+08:00
ends_at = 2024-05-15T21:00:00+08:00

[[maintenance]]
node = "vault"
reason = "upgrades"
cron = "30 2 * * 0"
duration = "2h"

[[calendar]]
name = "Office"
hubs = ["C2"]
nodes = ["vault"]
days = '''
# Taiwan
2024-02-08..2024-02-14  # Lunar New Year
10-10
'''
"""
ALL = GOOD + PLANNED


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "estate.toml"


def test_planned_windows_and_days_become_rows(file: Path) -> None:
    load(file, ALL)

    once, again = Maintenance.objects.order_by("cron")
    assert (once.hub and once.hub.tag, once.starts_at, once.ends_at) == ("C2", NOW, NOW + HOUR)
    assert (again.node and again.node.tag, again.duration) == ("vault", 2 * HOUR)
    calendar = HolidayCalendar.objects.get()
    assert [hub.tag for hub in calendar.hubs.all()] == ["C2"]
    assert [node.tag for node in calendar.nodes.all()] == ["vault"]
    assert planned_of(calendar.hubs.get()).covering(NOW)


def test_a_second_import_says_no_changes(file: Path) -> None:
    load(file, ALL)

    assert load(file, ALL) == "no changes\n"


def test_what_was_exported_changes_nothing(file: Path) -> None:
    load(file, ALL)

    assert load(file, export()) == "no changes\n"


def test_an_export_is_the_same_after_a_round_trip(file: Path) -> None:
    load(file, ALL)
    before = export()
    load(file, GOOD, prune=True)
    load(file, before)

    assert export() == before


def test_days_that_were_typed_in_a_browser_come_back_unchanged(file: Path) -> None:
    load(file, GOOD)
    calendar = HolidayCalendar(name="Typed", days="12-25  # Christmas\r\n\r\n01-01\r\n")
    calendar.full_clean()
    calendar.save()

    assert load(file, export()) == "no changes\n"


def test_the_end_of_a_window_can_be_changed(file: Path) -> None:
    load(file, ALL)

    said = load(file, ALL.replace("T21:00", "T23:00"))

    assert "~ maintenance of hub C2 at 2024-05-15 12:00:00+00:00: new disks" in said
    assert Maintenance.objects.get(cron="").ends_at == NOW + 3 * HOUR


def test_a_calendar_can_be_taken_from_a_node(file: Path) -> None:
    load(file, ALL)

    said = load(file, ALL.replace('nodes = ["vault"]\ndays', "days"))

    assert "nodes: vault -> not set" in said
    assert not HolidayCalendar.objects.get().nodes.exists()


def test_what_the_file_does_not_hold_is_kept_and_told(file: Path) -> None:
    load(file, ALL)

    said = load(file, GOOD)

    assert "not in the file, kept: calendar Office" in said
    assert "not in the file, kept: maintenance of node vault at 30 2 * * 0: upgrades" in said
    assert (Maintenance.objects.count(), HolidayCalendar.objects.count()) == (2, 1)


def test_pruning_takes_away_what_the_file_does_not_hold(file: Path) -> None:
    load(file, ALL)

    said = load(file, GOOD, prune=True)

    assert said.endswith("3 deleted\n")
    assert (Maintenance.objects.count(), HolidayCalendar.objects.count()) == (0, 0)


def test_pruning_a_hub_takes_its_windows_and_leaves_the_calendar(file: Path) -> None:
    load(file, ALL)
    calendar = PLANNED[PLANNED.index("[[calendar]]") :].replace('["C2"]', "[]")
    node = GOOD[: GOOD.index("[[hub]]")]

    load(file, node + calendar, prune=True)

    assert not Maintenance.objects.exists()
    assert [node.tag for node in HolidayCalendar.objects.get().nodes.all()] == ["vault"]


def test_windows_may_be_of_hubs_and_nodes_that_are_stored_already(file: Path) -> None:
    load(file, GOOD)

    assert load(file, PLANNED).count("+ ") == 3


def test_pruning_does_not_know_hubs_that_the_file_does_not_hold(file: Path) -> None:
    make_hub("C2")
    make_node("vault")

    assert "maintenance 1, hub: there is no hub 'C2'" in "".join(problems(file, PLANNED))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('reason = "new disks"', "", "reason: this key is missing"),
        ('hub = "C2"\nreason', "reason", "maintenance 1: give either a hub or a node"),
        ('node = "vault"\nreason', 'node = "vault"\nhub = "C2"\nreason', "give either a hub"),
        ('hub = "C2"\nreason', 'hub = "X"\nreason', "there is no hub 'X'"),
        ('node = "vault"\nreason', 'node = "X"\nreason', "there is no node 'X'"),
        ('author = "Ana"', 'who = "Ana"', "who: unknown key"),
        ('author = "Ana"', "enabled = 1", "enabled: write true or false"),
        ("2024-05-15T20:00:00+08:00", "2024-05-15T20:00:00", "starts_at: write a time with its"),
        ("2024-05-15T20:00:00+08:00", '"2024-05-15"', "starts_at: write a time with its"),
        ("2024-05-15T20:00:00+08:00", "0001-01-01T00:00:00+08:00", "starts_at: write a time"),
        ("2024-05-15T21:00:00+08:00", "2024-05-15T19:00:00+08:00", "ends_at: It ends before it"),
        ("ends_at = 2024-05-15T21:00:00+08:00", "", "ends_at: Say when it ends"),
        ('duration = "2h"', "", "duration: Say how long"),
        ('"30 2 * * 0"', '"* * * * *"', "cron: '* * * * *' begins more than once"),
        ("10-10", "10.10.", "days: line 3: '10.10.' is not a day"),
        ('hubs = ["C2"]', 'hubs = ["X"]', "calendar 1, hubs: there is no hub 'X'"),
        ('name = "Office"', "", "name: this key is missing"),
        ("[[calendar]]", '[[calendar]]\nname = "Office"\n[[calendar]]', "is there already on line"),
        ("[[calendar]]", "[calendar]", "calendar: write this as [[calendar]]"),
    ],
)
def test_every_mistake_is_told_with_its_key(file: Path, before: str, after: str, told: str) -> None:
    assert any(told in problem for problem in problems(file, ALL.replace(before, after, 1)))


def test_a_wrong_time_is_told_once(file: Path) -> None:
    assert len(problems(file, ALL.replace("2024-05-15T20:00:00+08:00", '"tonight"'))) == 1


def test_one_window_twice_is_a_mistake(file: Path) -> None:
    window = PLANNED[: PLANNED.index("[[maintenance]]\nnode")]

    (told,) = problems(file, ALL + window)

    assert "'new disks of C2 at 2024-05-15 12:00:00+00:00' is there already on line" in told


def test_the_zone_of_a_node_goes_in_and_out(file: Path) -> None:
    text = GOOD.replace('tag = "vault"\n', 'tag = "vault"\ntime_zone = "Europe/Berlin"\n')
    load(file, text)

    assert 'time_zone = "Europe/Berlin"' in export()
    assert load(file, export()) == "no changes\n"


# --- Limits ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("shrink_max", "20", 20),
        ("grow_max", "300", 300),
        ("copy_within", '"12h"', timedelta(hours=12)),
        ("days_to_full", "0", 0),
    ],
)
def test_a_limit_goes_in_and_out(file: Path, name: str, text: str, value: Any) -> None:
    load(file, GOOD.replace('cadence = "1d"', f"{name} = {text}"))

    assert getattr(Policy.objects.get(hub__tag="C2"), name) == value
    assert f"{name} = {text}" in export()
    assert load(file, export()) == "no changes\n"


@pytest.mark.parametrize("line", ["shrink_max = 101", "grow_max = 0", 'copy_within = "0h"'])
def test_a_limit_that_makes_no_sense_is_refused(file: Path, line: str) -> None:
    assert problems(file, GOOD.replace('cadence = "1d"', line))


@pytest.mark.parametrize("name", LIMIT_NAMES)
def test_every_limit_is_described(name: str) -> None:
    assert f"`{name}`" in (settings.BASE_DIR / "docs/inventory.md").read_text()
