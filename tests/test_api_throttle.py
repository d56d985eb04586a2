"""So many requests a minute, for each token, user and address, and then 429 until the next."""

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from tests.findings import make_user
from tests.tokens import bearer

pytestmark = pytest.mark.django_db

HUBS = "/api/v1/hubs/"
MINUTE = 60 * 28_000_000


@pytest.fixture(autouse=True)
def three_a_minute(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SCMMON_API_PER_MINUTE = settings.SCMMON_API_ANONYMOUS_PER_MINUTE = 3
    cache.clear()
    at(monkeypatch, MINUTE + 10)


def at(monkeypatch: pytest.MonkeyPatch, second: int) -> None:
    monkeypatch.setattr("dashboard.api.throttles.time.time", lambda: second + 0.5)


def statuses(
    times: int, headers: dict[str, str] | None = None, client: Client | None = None
) -> list[int]:
    asking = client or Client()
    return [asking.get(HUBS, headers=headers or {}).status_code for _ in range(times)]


def test_a_token_has_so_many_requests_a_minute() -> None:
    assert statuses(4, bearer(make_user())) == [200, 200, 200, 429]


def test_the_answer_says_how_long_to_wait() -> None:
    headers = bearer(make_user())
    statuses(3, headers)

    answer = Client().get(HUBS, headers=headers)

    assert answer["Retry-After"] == "50"
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"].endswith("#too-many-requests")


def test_the_next_minute_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    headers = bearer(make_user())
    statuses(4, headers)

    at(monkeypatch, MINUTE + 60)

    assert statuses(1, headers) == [200]


def test_tokens_are_counted_apart() -> None:
    ada = make_user()
    statuses(4, bearer(ada))

    assert statuses(1, bearer(ada)) == [200]


def test_a_user_in_a_browser_is_counted(client: Client) -> None:
    client.force_login(make_user())

    assert statuses(4, client=client) == [200, 200, 200, 429]


def test_addresses_without_login_are_counted_apart(settings: Settings) -> None:
    settings.SCMMON_PUBLIC_PAGES = True

    assert statuses(4, client=Client(REMOTE_ADDR="192.0.2.1")) == [200, 200, 200, 429]
    assert statuses(1, client=Client(REMOTE_ADDR="192.0.2.2")) == [200]


def test_behind_a_web_server_the_address_is_what_that_names(settings: Settings) -> None:
    settings.SCMMON_PUBLIC_PAGES = True
    settings.SCMMON_PROXIES = 1
    statuses(4, {"X-Forwarded-For": "192.0.2.1"})

    assert statuses(1, {"X-Forwarded-For": "192.0.2.2"}) == [200]
    assert statuses(1, {"X-Forwarded-For": "192.0.2.9, 192.0.2.1"}) == [429]


def test_a_refusal_for_want_of_a_login_is_not_counted() -> None:
    assert statuses(5) == [401] * 5


def test_pages_are_not_counted(client: Client) -> None:
    client.force_login(make_user())

    assert [client.get("/findings/").status_code for _ in range(5)] == [200] * 5
