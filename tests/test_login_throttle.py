"""Guessing passwords is slow, for the pages and the admin alike, and says nothing about who has an account."""

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from dashboard.login_throttle import address_of

pytestmark = [pytest.mark.django_db, pytest.mark.database]

LIMIT = 5
LOGINS = ["/login/", "/admin/login/"]


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice", password="wonderland", is_staff=True)


def attempt(
    client: Client, password: str, name: str = "alice", address: str = "/login/", **extra: Any
) -> Any:
    return client.post(address, {"username": name, "password": password}, **extra)


def guess(client: Client, times: int, **options: str) -> Any:
    """Give so many wrong passwords; return the last answer."""
    for number in range(times):
        response = attempt(client, f"wrong {number}", **options)
    return response


@pytest.mark.parametrize("address", LOGINS)
def test_a_few_slips_lock_nobody_out(client: Client, alice: User, address: str) -> None:
    guess(client, LIMIT - 1, address=address)

    assert attempt(client, "wonderland", address=address).status_code == 302


@pytest.mark.parametrize("address", LOGINS)
def test_a_right_password_is_refused_after_too_many_wrong_ones(
    client: Client, alice: User, address: str
) -> None:
    guess(client, LIMIT, address=address)

    refused = attempt(client, "wonderland", address=address)

    assert refused.status_code == 429
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(("first", "then"), [LOGINS, LOGINS[::-1]])
def test_one_login_page_is_no_way_around_the_other(
    client: Client, alice: User, first: str, then: str
) -> None:
    guess(client, LIMIT, address=first)

    assert attempt(client, "wonderland", address=then).status_code == 429


def test_the_refusal_says_how_long_to_wait(client: Client, alice: User) -> None:
    refused = guess(client, LIMIT + 1)

    assert refused["Retry-After"] == "900"
    assert b"Wait 15 minutes" in refused.content
    assert refused["Cache-Control"] == "private, no-store"


def test_names_without_an_account_are_answered_alike(client: Client, alice: User) -> None:
    known, unknown = guess(client, LIMIT + 1), guess(client, LIMIT + 1, name="mallory")

    assert known.status_code == unknown.status_code == 429
    assert known.content == unknown.content


def test_waiting_opens_the_door_again(
    client: Client, alice: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    guess(client, LIMIT)
    later = timezone.now() + settings.AXES_COOLOFF_TIME + timedelta(seconds=1)
    monkeypatch.setattr("axes.handlers.proxy.now", lambda: later)

    assert attempt(client, "wonderland").status_code == 302


def test_knocking_at_a_locked_door_does_not_lock_it_for_longer(client: Client, alice: User) -> None:
    guess(client, LIMIT)
    locked_at = AccessAttempt.objects.get().attempt_time

    guess(client, 3)

    assert AccessAttempt.objects.get().attempt_time == locked_at


def test_a_login_forgets_the_slips_before_it(client: Client, alice: User) -> None:
    guess(client, LIMIT - 1)
    attempt(client, "wonderland")
    client.post("/logout/")

    guess(client, LIMIT - 1)

    assert attempt(client, "wonderland").status_code == 302


def test_others_can_log_in_meanwhile(client: Client, alice: User) -> None:
    User.objects.create_user("bob", password="builder-of-things")
    guess(client, LIMIT)

    assert attempt(client, "builder-of-things", name="bob").status_code == 302


def test_nobody_can_lock_another_out_from_elsewhere(client: Client, alice: User) -> None:
    guess(client, LIMIT, REMOTE_ADDR="198.51.100.7")

    assert attempt(client, "wonderland").status_code == 302


def test_another_browser_is_the_same_guesser(client: Client, alice: User) -> None:
    for number in range(LIMIT):
        attempt(client, "wrong", HTTP_USER_AGENT=f"agent {number}")

    assert attempt(client, "wonderland", HTTP_USER_AGENT="new").status_code == 429


def test_another_address_of_the_same_network_is_the_same_guesser(
    client: Client, alice: User
) -> None:
    for number in range(LIMIT):
        attempt(client, "wrong", REMOTE_ADDR=f"2001:db8::{number + 1}")

    assert attempt(client, "wonderland", REMOTE_ADDR="2001:db8::abcd").status_code == 429


def test_a_claimed_address_is_not_believed(client: Client, alice: User) -> None:
    for number in range(LIMIT):
        attempt(client, "wrong", HTTP_X_FORWARDED_FOR=f"203.0.113.{number}")

    assert attempt(client, "wonderland", HTTP_X_FORWARDED_FOR="203.0.113.99").status_code == 429


def test_a_session_that_is_open_stays_open(client: Client, alice: User) -> None:
    client.force_login(alice, "django.contrib.auth.backends.ModelBackend")
    guess(Client(), LIMIT + 1)

    assert client.get("/").status_code == 200


def test_what_was_typed_is_not_kept(client: Client, alice: User) -> None:
    guess(client, 2)

    kept = AccessAttempt.objects.get()

    assert "wrong" not in kept.post_data
    assert "wrong" not in kept.get_data


def test_an_operator_unlocks_by_hand(client: Client, alice: User) -> None:
    guess(client, LIMIT)
    call_command("axes_reset_username", "alice")

    assert attempt(client, "wonderland").status_code == 302


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "10.0.0.1, 203.0.113.9", "203.0.113.9"),
        (2, "10.0.0.1, 203.0.113.9, 192.0.2.7", "203.0.113.9"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        (1, "<script>", None),
    ],
)
def test_the_address_is_that_which_our_outermost_server_noted(
    settings: Settings, proxies: int, forwarded: str, expected: str | None
) -> None:
    settings.SCMMON_PROXIES = proxies
    request = RequestFactory(REMOTE_ADDR="192.0.2.1").get(
        "/", headers={"X-Forwarded-For": forwarded} if forwarded else {}
    )

    assert address_of(request) == expected
