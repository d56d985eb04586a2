"""Tokens: shown once and kept as a hash, they may what their user may and what they are for, and they end."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from dashboard.models import ApiToken
from dashboard.tokens.making import SECRET, make_token, revoke
from hubs.models import Hub
from tests.estate import DAY, HOUR, NOW, make_hub, make_replica, make_repo
from tests.findings import make_user, may_answer, open_finding
from tests.tokens import bearer

pytestmark = pytest.mark.django_db

HUBS = "/api/v1/hubs/"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def ada() -> User:
    return make_user("ada")


def asked(headers: dict[str, str], address: str = HUBS) -> Any:
    return Client().get(address, headers=headers)


# --- The secret --------------------------------------------------------------------------------


def test_a_token_logs_in(ada: User) -> None:
    assert asked(bearer(ada)).status_code == 200


def test_the_word_token_does_too(ada: User) -> None:
    secret = bearer(ada)["Authorization"].removeprefix("Bearer ")

    assert asked({"Authorization": f"Token {secret}"}).status_code == 200


def test_only_a_hash_is_stored(ada: User) -> None:
    token, secret = make_token(ada, "x", ["read"], NOW)

    stored = " ".join(map(str, ApiToken.objects.values_list().get()))
    assert SECRET.fullmatch(secret)
    assert secret.rpartition("_")[2] not in stored
    assert secret[len("scmmon_") + 9 :] not in stored
    assert len(token.secret_hash) == 64


def test_two_tokens_differ(ada: User) -> None:
    assert make_token(ada, "x", ["read"], NOW)[1] != make_token(ada, "x", ["read"], NOW)[1]


@pytest.mark.parametrize(
    "wrong",
    [
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer scmmon_00000000_0000000000000000000000000000",
        "Token é",
        "Bearer a b",
        f"Bearer {'x' * 9_000}",
    ],
)
def test_what_is_no_token_is_refused(ada: User, wrong: str) -> None:
    bearer(ada)

    answer = asked({"Authorization": wrong})

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="scmmon", error="invalid_token"'


def test_a_secret_with_one_letter_changed_is_refused(ada: User) -> None:
    right = bearer(ada)["Authorization"]
    last = "A" if right[-1] != "A" else "B"

    assert asked({"Authorization": right[:-1] + last}).status_code == 401


def test_a_wrong_token_is_not_excused_by_a_session(ada: User) -> None:
    client = Client()
    client.force_login(ada)

    assert client.get(HUBS, headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_without_login_the_answer_says_how_to_log_in() -> None:
    answer = Client().get(HUBS)

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="scmmon"')


# --- Its end -----------------------------------------------------------------------------------


def test_an_expired_token_is_refused(ada: User) -> None:
    assert asked(bearer(ada, expires_at=NOW)).status_code == 401


def test_one_that_ends_later_is_not(ada: User) -> None:
    assert asked(bearer(ada, expires_at=NOW + HOUR)).status_code == 200


def test_a_revoked_token_is_refused(ada: User) -> None:
    headers = bearer(ada)
    revoke(ApiToken.objects.get(), NOW)

    assert asked(headers).status_code == 401


def test_the_token_of_a_shut_account_is_refused(ada: User) -> None:
    headers = bearer(ada)
    User.objects.update(is_active=False)

    assert asked(headers).status_code == 401


# --- Its use -----------------------------------------------------------------------------------


def test_its_use_is_noted(ada: User) -> None:
    asked(bearer(ada))

    assert ApiToken.objects.get().last_used_at == NOW


def test_its_use_is_noted_once_an_hour(ada: User) -> None:
    headers = bearer(ada)
    ApiToken.objects.update(last_used_at=NOW - HOUR + timedelta(seconds=1))

    asked(headers)

    assert ApiToken.objects.get().last_used_at == NOW - HOUR + timedelta(seconds=1)


# --- What it may -------------------------------------------------------------------------------


@pytest.fixture
def hub() -> Hub:
    hub = make_hub("C2")
    make_replica(hub)
    return hub


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("#")[2]


@pytest.mark.parametrize("scope", ["acknowledge", "collect"])
@pytest.mark.parametrize("address", [HUBS, "/api/v1/hubs/C2/", "/api/schema/"])
def test_without_the_scope_read_nothing_is_read(
    hub: Hub, ada: User, scope: str, address: str
) -> None:
    answer = asked(bearer(ada, scope), address)

    assert problem(answer) == (403, "missing-scope")
    assert "“read”" in answer.json()["detail"]


@pytest.mark.parametrize("verb", ["acknowledge", "withdraw", "accept"])
def test_without_the_scope_acknowledge_nothing_is_answered(hub: Hub, verb: str) -> None:
    finding = open_finding(hub, repo=make_repo(hub))
    headers = bearer(may_answer(), "read", "collect")

    answer = Client().post(f"/api/v1/findings/{finding.pk}/{verb}/", headers=headers)

    assert problem(answer) == (403, "missing-scope")
    assert "“acknowledge”" in answer.json()["detail"]


def test_without_the_scope_collect_no_look_is_asked_for(hub: Hub) -> None:
    headers = bearer(make_user("ada", "add_collectrun"), "read", "acknowledge")

    answer = Client().post("/api/v1/hubs/C2/collect/", headers=headers)

    assert problem(answer) == (403, "missing-scope")


def test_a_scope_gives_no_permission_that_its_user_lacks(hub: Hub, ada: User) -> None:
    answer = Client().post("/api/v1/hubs/C2/collect/", headers=bearer(ada))

    assert problem(answer) == (403, "forbidden")


def test_a_token_sees_no_hub_that_its_user_does_not(hub: Hub, ada: User) -> None:
    hub.groups.add(Group.objects.create(name="institute"))

    assert asked(bearer(ada), "/api/v1/hubs/C2/").status_code == 404


def test_a_token_without_the_scope_read_reads_no_public_pages(
    hub: Hub, ada: User, settings: Settings
) -> None:
    settings.SCMMON_PUBLIC_PAGES = True

    assert asked(bearer(ada, "collect")).status_code == 403


@pytest.mark.parametrize("scopes", [[], ["write"], ["read", "read"], "read"])
def test_wrong_scopes_are_refused(ada: User, scopes: Any) -> None:
    with pytest.raises(ValidationError):
        make_token(ada, "x", scopes, NOW)


# --- The page ----------------------------------------------------------------------------------


def page_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def made(client: Client, **fields: Any) -> Any:
    given = {"label": "nagios", "scopes": ["read"], "lifetime": "90"} | fields
    return client.post("/tokens/", given)


def test_the_page_shows_a_new_token_once(ada: User) -> None:
    client = page_of(ada)

    answer = made(client)

    secret = re.search(r"scmmon_[0-9a-f]{8}_[\w-]+", answer.content.decode())
    assert secret
    assert asked({"Authorization": f"Bearer {secret[0]}"}).status_code == 200
    assert secret[0] not in client.get("/tokens/").content.decode()


def test_the_page_is_kept_by_no_cache(ada: User) -> None:
    assert "no-store" in made(page_of(ada))["Cache-Control"]


def test_a_token_lives_as_long_as_chosen(ada: User) -> None:
    made(page_of(ada), lifetime="30")

    assert ApiToken.objects.get().expires_at == NOW + 30 * DAY


def test_a_token_may_live_without_end(ada: User) -> None:
    made(page_of(ada), lifetime="")

    assert ApiToken.objects.get().expires_at is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"label": ""},
        {"label": "x" * 81},
        {"label": "a\nb"},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"scopes": ["collect"]},
        {"lifetime": "9999"},
    ],
)
def test_a_wrong_form_makes_no_token(ada: User, wrong: Any) -> None:
    answer = made(page_of(ada), **wrong)

    assert answer.status_code == 422
    assert not ApiToken.objects.exists()


def test_the_page_offers_the_scopes_that_are_of_use(ada: User) -> None:
    operator = page_of(make_user("bob", "change_finding", "add_collectrun"))

    assert 'value="collect"' in operator.get("/tokens/").content.decode()
    assert 'value="collect"' not in page_of(ada).get("/tokens/").content.decode()


def test_the_page_lists_ones_own_tokens_only(ada: User) -> None:
    make_token(make_user("bob"), "of bob", ["read"], NOW)
    make_token(ada, "of ada", ["read"], NOW)

    page = page_of(ada).get("/tokens/").content.decode()

    assert "of ada" in page
    assert "of bob" not in page


def test_a_label_is_no_html(ada: User) -> None:
    page = made(page_of(ada), label="<script>alert(1)</script>").content.decode()

    assert "<script>alert" not in page


def test_a_token_is_revoked_on_the_page(ada: User) -> None:
    token, _ = make_token(ada, "x", ["read"], NOW)

    answer = page_of(ada).post(f"/tokens/{token.pk}/revoke/")

    assert answer.status_code == 302
    assert ApiToken.objects.get().revoked_at == NOW


def test_nobody_revokes_the_token_of_another(ada: User) -> None:
    token, _ = make_token(make_user("bob"), "x", ["read"], NOW)

    assert page_of(ada).post(f"/tokens/{token.pk}/revoke/").status_code == 404
    assert ApiToken.objects.get().revoked_at is None


def test_the_page_needs_a_login() -> None:
    assert Client().get("/tokens/").status_code == 302


def test_the_page_is_for_those_who_are_logged_in_when_pages_are_public(settings: Settings) -> None:
    settings.SCMMON_PUBLIC_PAGES = True

    assert Client().get("/tokens/").status_code == 302


@pytest.mark.parametrize("address", ["/tokens/", "/tokens/1/revoke/"])
def test_the_page_needs_its_csrf_token(ada: User, address: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)

    assert client.post(address, {"label": "x", "scopes": ["read"]}).status_code == 403


def test_a_token_makes_no_token(ada: User) -> None:
    answer = Client().post("/tokens/", {"label": "x", "scopes": ["read"]}, headers=bearer(ada))

    assert answer.status_code == 302
    assert ApiToken.objects.count() == 1


# --- The admin ---------------------------------------------------------------------------------

ADD = "/admin/dashboard/apitoken/add/"


def in_admin(client: Client, user: User) -> Any:
    return client.post(ADD, {"user": user.pk, "label": "for a script", "scopes": ["read"]})


def test_the_admin_makes_a_token_for_somebody_and_shows_it_once(
    admin_client: Client, ada: User
) -> None:
    page = in_admin(admin_client, ada).content.decode()

    secret = re.search(r"scmmon_[0-9a-f]{8}_[\w-]+", page)
    assert secret
    assert ApiToken.objects.get().user == ada
    listed = admin_client.get("/admin/dashboard/apitoken/").content.decode()
    assert "for a script" in listed
    assert secret[0] not in listed


def staff() -> User:
    user = make_user("staff")
    user.is_staff = True
    user.save()
    user.user_permissions.add(*Permission.objects.filter(content_type__app_label="dashboard"))
    return user


def test_staff_make_tokens_for_nobody_else(ada: User) -> None:
    answer = in_admin(page_of(staff()), ada)

    assert answer.status_code == 200
    assert not ApiToken.objects.exists()


def test_staff_see_no_tokens_of_others(ada: User) -> None:
    make_token(ada, "of ada", ["read"], NOW)

    assert "of ada" not in page_of(staff()).get("/admin/dashboard/apitoken/").content.decode()


def test_tokens_are_revoked_in_the_admin(admin_client: Client, ada: User) -> None:
    token, _ = make_token(ada, "x", ["read"], NOW)

    admin_client.post(
        "/admin/dashboard/apitoken/", {"action": "revoke_chosen", "_selected_action": [token.pk]}
    )

    assert ApiToken.objects.get().revoked_at == NOW


# --- The command -------------------------------------------------------------------------------


def test_the_command_prints_a_token(ada: User, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("api_token", "ada", label="nagios", scopes=["read", "collect"], days=30)

    secret = capsys.readouterr().out.strip()
    assert asked({"Authorization": f"Bearer {secret}"}).status_code == 200
    token = ApiToken.objects.get()
    assert (token.scopes, token.expires_at) == (["read", "collect"], NOW + 30 * DAY)


def test_the_command_makes_a_token_for_reading_by_itself(
    ada: User, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("api_token", "ada", label="nagios", format="json")

    assert ApiToken.objects.get().scopes == ["read"]
    assert '"scopes"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("user", "options"),
    [
        ("nobody", {"label": "x"}),
        ("ada", {"label": "a\nb"}),
        ("ada", {"label": "x", "days": 0}),
        ("ada", {"label": "x", "days": 40_000_000}),
    ],
)
def test_the_command_refuses_what_is_wrong(ada: User, user: str, options: Any) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("api_token", user, **options)

    assert refused.value.returncode == 2
    assert not ApiToken.objects.exists()
