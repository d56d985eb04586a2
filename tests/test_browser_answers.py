"""Answering a finding in a real browser: by hand, without scripts, and on a telephone."""

from collections.abc import Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from probes.models import Finding
from tests.estate import HOUR, make_hub, make_replica, make_repo, make_run
from tests.findings import may_answer, open_finding

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A telephone that runs no scripts."""
    page = browser.new_page(java_script_enabled=False, viewport={"width": 360, "height": 800})
    yield page
    page.close()


@pytest.fixture
def finding() -> Finding:
    """One with evidence of all kinds, some of it long."""
    now = timezone.now()
    hub = make_hub("H", "Asia/Taipei")
    replica = make_replica(hub)
    path = f"tracs/{'x' * 80}/2024/05/15/030000/env.tar.gz"
    evidence = {
        "run": make_run(replica, now, command=f"ssh vault 'find {path}'").pk,
        "examples": [path] * 9,
        "before": [{"stamp_at": now.isoformat(), "size_bytes": 10**9, "path": path}] * 2,
        "sizes": {path: {path: 1}},
    }
    return open_finding(
        hub, repo=make_repo(hub), replica=replica, path=path, stamp_at=now - HOUR, evidence=evidence
    )


def open_page(page: Page, server: LiveServer, finding: Finding) -> None:
    user = may_answer("ada")
    user.set_password("lovelace")
    user.save()
    page.goto(f"{server.url}/findings/{finding.pk}/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("lovelace")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Answer it")).to_be_visible()


def test_a_finding_is_snoozed_and_speaks_again(
    page: Page, live_server: LiveServer, finding: Finding
) -> None:
    open_page(page, live_server, finding)

    page.locator("#acknowledge-reason").fill("a new disk comes")
    page.get_by_label("For how long").select_option("1 week")
    page.get_by_role("button", name="Acknowledge", exact=True).click()

    told = page.locator(".verdict .silence")
    expect(told).to_contain_text("Snoozed until")
    expect(told).to_contain_text("by ada: a new disk comes")
    page.get_by_role("button", name="Let it speak again").click()
    expect(told).to_have_count(0)
    expect(page.get_by_role("row").filter(has_text="withdrawn")).to_be_visible()


def test_a_level_is_accepted(page: Page, live_server: LiveServer, finding: Finding) -> None:
    open_page(page, live_server, finding)

    page.locator("#accept-reason").fill("the project was cleaned up")
    page.get_by_role("button", name="Accept the new level").click()

    expect(page.get_by_role("heading", name="Accepted here")).to_be_visible()


def test_the_page_is_no_wider_than_a_telephone(
    page: Page, live_server: LiveServer, finding: Finding
) -> None:
    open_page(page, live_server, finding)

    assert page.locator("html").evaluate("(page) => page.scrollWidth") <= 360
