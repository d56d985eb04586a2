"""Browsers that are logged in, for tests that are not about logging in."""

import time
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer


def log_in(
    browser: Page | BrowserContext, server: LiveServer, name: str = "ada", **fields: Any
) -> User:
    """Store somebody who may do everything, give a browser her session, and open the first page in it."""
    user = User.objects.create_superuser(name, **fields)
    client = Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context = browser.context if isinstance(browser, Page) else browser
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": server.url}]
    )
    if isinstance(browser, Page):
        browser.goto(server.url)
    return user


def until(page: Page, condition: str, argument: Any = None, seconds: float = 20) -> None:
    """Wait until a function in the page is true; the page's own policy lets Playwright evaluate no text there."""
    begun = time.monotonic()
    while not page.evaluate(condition, argument):
        assert time.monotonic() - begun < seconds, condition
        page.wait_for_timeout(40)
