"""An open page in a real browser: looks that a real queue makes are followed without a reload, and news are told."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from hubs.models import Node, Replica
from tests.browsing import log_in
from tests.estate import make_hub, make_node, make_replica, make_run
from tests.trees import lay_tarball, stamp

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PATIENCE_MS = 60_000  # for a whole cluster to start


@pytest.fixture
def vault(tmp_path: Path) -> Replica:
    """A replica on this machine."""
    cache.clear()
    make_node("vault", transport=Node.Transport.LOCAL)
    lay_tarball(tmp_path / "vault", f"repos/env/{stamp()}/env.tar.gz".encode())
    return make_replica(make_hub(), node="vault", root=str(tmp_path / "vault"))


@pytest.fixture
def cluster(live_server: LiveServer) -> Iterator[None]:
    """A real `qcluster` on this test's database."""
    process = subprocess.Popen(
        [sys.executable, str(django_settings.BASE_DIR / "manage.py"), "qcluster"],
        env=os.environ | {"DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield
    process.terminate()
    process.wait(PATIENCE_MS / 1000)


def test_collect_now_shows_its_progress_without_a_reload(
    page: Page, vault: Replica, live_server: LiveServer, cluster: None
) -> None:
    log_in(page, live_server)
    page.goto(f"{live_server.url}/hubs/H/")
    page.get_by_role("button", name="Collect now").click()
    panel = page.locator("#looking")
    expect(panel).to_contain_text("Looking: 0 of 1 done.")
    page.evaluate("window.isTheSamePage = true")

    expect(panel).to_contain_text("Looked at 1 of 1.", timeout=PATIENCE_MS)

    assert page.evaluate("window.isTheSamePage")
    expect(panel).to_contain_text("1 seen, 1 new")
    panel.get_by_role("link", name="Show what they saw").click()
    expect(page.get_by_role("link", name="repos/env").first).to_be_visible()


def test_a_page_says_that_new_data_arrived(
    page: Page, vault: Replica, live_server: LiveServer
) -> None:
    page.clock.install()
    log_in(page, live_server)
    page.goto(f"{live_server.url}/hubs/H/")
    news = page.locator(".news")
    expect(news).to_be_hidden()
    make_run(vault, timezone.now(), seconds=2)

    page.clock.fast_forward(31_000)

    expect(news).to_contain_text("New since this page was made: 1 look.")
    expect(news.get_by_role("link", name="Show it")).to_have_attribute("href", "/hubs/H/")


def test_without_scripts_a_link_asks_how_far_it_is(
    browser: Browser, vault: Replica, live_server: LiveServer
) -> None:
    page = browser.new_page(java_script_enabled=False)
    log_in(page, live_server)
    page.goto(f"{live_server.url}/hubs/H/")
    page.get_by_role("button", name="Collect now").click()
    make_run(vault, timezone.now(), seconds=2)

    page.get_by_role("link", name="How far is it now?").click()

    expect(page.locator("#looking")).to_contain_text("Looked at 1 of 1.")
    page.close()
