"""Faults that a review of pages, pictures, matrix and API found, each as the claim that it broke."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client
from playwright.sync_api import Browser, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from dashboard.live.collecting import collect_now, progress_of
from dashboard.plots.links import links_of
from hubs.models import Hub, Maintenance, Node, Replica, Repo
from probes.draw.day_bytes import day_bytes
from probes.judge.findings import Changes
from probes.models import RunStatus, StoredPicture
from probes.pictures import BELIEVED_BY_LOOKS, Wanted, current, in_first_forms, redraw
from probes.pipeline import draw, judge
from probes.reports import CollectReport
from tests.browsing import log_in
from tests.estate import DAY, HOUR, NOW, every, lay_snapshots, make_hub, make_replica, make_run
from tests.findings import open_finding
from tests.months import sum_up
from tests.tokens import bearer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def vault() -> Replica:
    """A replica with a month of tarballs that was looked at an hour ago."""
    replica = make_replica(make_hub("C2"), "vault")
    lay_snapshots(replica, stamps=every(31))
    sum_up(replica)
    make_run(replica, NOW - HOUR)
    return replica


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def no_writing() -> Iterator[None]:
    """A database that can be read only, as when its disk is full or somebody holds it locked."""

    def refuse(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.split(None, 1)[0] in ("INSERT", "UPDATE", "DELETE"):
            raise OperationalError("database is locked")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        yield


def is_marked(replica: Replica) -> bool:
    """Say whether each picture of a replica is to be drawn before it is shown again."""
    return not StoredPicture.objects.filter(replica=replica, checked_at__isnull=False).exists()


# --- Stored pictures that are over ----------------------------------------------------------------


def test_a_picture_is_out_of_date_once_its_node_has_another_tag(vault: Replica) -> None:
    redraw(in_first_forms(vault), NOW)

    node = Node.objects.get(pk=vault.node_id)
    node.tag = "strongroom"
    node.save()

    assert is_marked(vault)


def test_a_picture_is_out_of_date_once_repos_are_selected_in_bulk(
    admin: Client, vault: Replica
) -> None:
    redraw(in_first_forms(vault), NOW)

    repos = [str(pk) for pk in Repo.objects.values_list("pk", flat=True)]
    given = {"action": "select", "_selected_action": repos}
    assert admin.post("/admin/hubs/repo/", given).status_code == 302

    assert is_marked(vault)


def test_a_picture_is_out_of_date_once_a_finding_in_it_is_worse(
    vault: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = open_finding(vault.hub, "lagging", replica=vault, severity="warn")
    redraw(in_first_forms(vault), NOW)
    before = current(Wanted(vault), NOW).digest

    def judged(hub: Hub, now: Any) -> Changes:
        from probes.judge.findings import _confirm
        from probes.judge.values import Verdict

        verdict = Verdict(
            code="lagging",
            subject="lagging",
            severity="alarm",
            message="it is worse",
            evidence={},
            replica_id=vault.pk,
        )
        return Changes(redrawn=_confirm([(finding, verdict)], now))

    monkeypatch.setattr("probes.pipeline.judge_hub", judged)
    report = CollectReport(started_at=NOW)
    judge([vault.hub], report)
    draw([vault.hub], report)

    assert current(Wanted(vault), NOW).digest != before


def test_a_picture_that_was_long_not_checked_is_linked_without_its_digest(vault: Replica) -> None:
    current(Wanted(vault, "3m"), NOW - BELIEVED_BY_LOOKS - HOUR)

    assert "v=" not in links_of([vault], "3m")[vault.pk].wide


def test_a_picture_is_out_of_date_once_its_maintenance_is_moved_to_another_hub(
    vault: Replica,
) -> None:
    window = Maintenance.objects.create(
        hub=vault.hub, starts_at=NOW - DAY, ends_at=NOW, reason="power"
    )
    redraw(in_first_forms(vault), NOW)

    window.hub = make_hub("C3")
    window.save()

    assert is_marked(vault)


def test_the_sparkline_of_a_hub_whose_backups_stopped_has_days_without_any() -> None:
    fresh, silent = make_replica(make_hub("C2")), make_replica(make_hub("C3"))
    lay_snapshots(fresh, stamps=every(60))
    lay_snapshots(silent, stamps=every(60, newest=20 * DAY))
    for replica in (fresh, silent):
        sum_up(replica)
        make_run(replica, NOW - HOUR)

    assert day_bytes(silent.hub, NOW).sizes[-18:] == [0] * 18
    assert all(day_bytes(fresh.hub, NOW).sizes)


# --- A database that cannot be written ------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_picture_is_shown_where_it_cannot_be_stored(
    admin: Client, vault: Replica, no_writing: None
) -> None:
    assert admin.get("/plots/C2/vault.svg").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_picture_whose_digest_is_over_is_shown_where_it_cannot_be_stored(
    admin: Client, vault: Replica, no_writing: None
) -> None:
    answer = admin.get("/plots/C2/vault.svg", {"v": "0" * 32}, follow=True)

    assert answer.status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_token_reads_where_its_use_cannot_be_noted(client: Client, vault: Replica) -> None:
    header = bearer(User.objects.create_user("nagios"))

    def refuse(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE"):
            raise OperationalError("database is locked")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        assert client.get("/api/v1/hubs/", headers=header).status_code == 200


# --- Looks that are asked for ---------------------------------------------------------------------


def test_a_look_whose_process_died_long_ago_does_not_keep_others_from_asking(
    vault: Replica, settings: Settings
) -> None:
    settings.SCMMON_RUN_BUDGET = 3600
    make_run(vault, NOW - 3 * HOUR, RunStatus.RUNNING, seconds=None)

    assert collect_now([vault]).queued == [vault]


def test_a_look_whose_process_died_long_ago_is_not_shown_as_under_way(
    vault: Replica, settings: Settings
) -> None:
    settings.SCMMON_RUN_BUDGET = 3600
    make_run(vault, NOW - 3 * HOUR, RunStatus.RUNNING, seconds=None)

    looking = progress_of([vault], NOW, NOW)

    assert looking
    assert looking.steps[0].state == "waiting"


# --- The matrix ----------------------------------------------------------------------------------


def test_problems_have_the_repo_whose_alarm_is_on_a_node_that_nobody_could_look_at(
    admin: Client, vault: Replica
) -> None:
    other = make_replica(vault.hub, "cellar", "copy")
    lay_snapshots(other, stamps=every(31))
    make_run(other, NOW - HOUR, RunStatus.UNREACHABLE)
    repo = Repo.objects.get()
    open_finding(vault.hub, "truncated", replica=other, repo=repo, severity="alarm")

    matrix = admin.get("/hubs/C2/?part=matrix&show=problems").content.decode()

    assert "tracs/env" in matrix


@pytest.mark.parametrize("address", ["/hubs/C2/vault/", "/repos/C2/tracs/env/"])
def test_an_alarm_is_said_above_that_nobody_could_look_since(
    admin: Client, vault: Replica, address: str
) -> None:
    make_run(vault, NOW, RunStatus.UNREACHABLE)
    open_finding(vault.hub, "truncated", replica=vault, repo=Repo.objects.get(), severity="alarm")

    summary = admin.get(address).context["summary"]

    assert (summary.state, summary.text.split(";")[0][:9]) == ("alarm", "truncated")


# --- The API -------------------------------------------------------------------------------------


def test_a_replica_of_thousands_of_digits_is_a_wrong_parameter(
    admin: Client, vault: Replica
) -> None:
    answer = admin.get("/api/v1/series/C2/vault/", {"replica": "9" * 5000})

    assert answer.status_code == 400


@pytest.mark.database
@pytest.mark.parametrize("code", ["\0", "\ud800"])
def test_a_cursor_with_what_no_database_holds_leads_nowhere(
    admin: Client, vault: Replica, code: str
) -> None:
    text = json.dumps([["code", "pk"], [code, 1], False])
    cursor = urlsafe_b64encode(text.encode()).decode()

    answer = admin.get("/api/v1/findings/", {"ordering": "code", "cursor": cursor})

    assert answer.status_code == 404


# --- Open pages ----------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_an_open_page_says_that_it_hears_no_news_any_more(
    browser: Browser, vault: Replica, live_server: LiveServer
) -> None:
    page = browser.new_page()
    page.clock.install()
    log_in(page, live_server)
    page.goto(f"{live_server.url}/hubs/C2/")
    page.context.set_offline(True)

    page.clock.fast_forward(31_000)

    expect(page.locator(".news")).to_contain_text("is not known")
    page.close()
