"""docs/access.md is true: every address of the site, asked by everybody it names, answers as its table says."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core import signing
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from pytest_django import Settings

from alerts.confirming import SALT
from alerts.models import Channel, NotificationPicture
from dashboard.models import ApiToken
from dashboard.tokens.making import make_token
from hubs.models import Hub
from tests.access_table import ROLES, Row, table
from tests.addresses import Address, site_addresses
from tests.estate import NOW, every, lay_snapshots, make_hub, make_replica, make_repo, make_run
from tests.findings import open_finding
from tests.months import sum_up
from tests.told import make_channel, make_message

pytestmark = pytest.mark.django_db

LOGGED_IN = ROLES[2:]
ADMIN = (
    "/admin/…"  # one row stands for all addresses of the admin but those that have one of their own
)
WHY = {"reason": "known since Monday", "until": "closed"}
# What a POST sends so that it is right, where it must send something.
BODIES: dict[str, dict[str, Any]] = {
    "/findings/<pk>/acknowledge/": WHY,
    "/findings/<pk>/accept/": WHY,
    "/api/v1/findings/<pk>/acknowledge/": {"reason": WHY["reason"]},
    "/api/v1/findings/<pk>/accept/": {"reason": WHY["reason"]},
    "/tokens/": {"label": "cron", "scopes": ["read"], "lifetime": "90"},
    "/login/": {"username": "nobody", "password": "wrong"},
    "/admin/login/": {"username": "nobody", "password": "wrong"},
}
# What an address needs to be about something.
QUERIES = {"/hubs/<hub>/<node>/cell/": "?repo=tracs/env"}
METHODS = ("GET", "POST", "PUT", "DELETE")
REFUSED = {"405", "401", "403", "login"}
IN = {
    "200",
    "302",
    "403",
    "404",
    "405",
}  # what the admin answers a superuser whose id or action is wrong
HEADS = ("nobody", "outsider", "viewer")
TABLE = table()
ROWS = {(row.address, row.method): row for row in TABLE}
ADDRESSES = site_addresses()
ADMINS = [one for one in ADDRESSES if one.is_admin and (one.text, "GET") not in ROWS]
ALL_BUT_ADMINS = [one for one in ADDRESSES if one not in ADMINS]
# Django takes a PUT for a POST there, and leads on who comes the wrong way.
LOGINS = ("/login/", "/admin/login/", "/admin/logout/")
KNOWN = {one.text: one for one in ADDRESSES}
ASKED = [row for row in TABLE if row.address != ADMIN]


@dataclass(frozen=True)
class Site:
    """A site with one hub, one thing of each kind, and everybody whom the table names."""

    people: dict[str, User]
    values: dict[str, dict[str, Any]]  # of the parameters of addresses, by how an address begins

    def fill(self, address: Address, role: str) -> str:
        """Return an address at which there is something; a token is one's own."""
        filled: dict[str, str] = {}
        for beginning, values in self.values.items():
            if address.text.startswith(beginning):
                filled |= {name: str(value) for name, value in values.items()}
        if address.text.startswith("/tokens/"):
            owner = self.people.get(role, self.people["viewer"])
            filled["pk"] = str(ApiToken.objects.get(user=owner).pk)
        return address.filled(filled) + QUERIES.get(address.text, "")

    def answer(self, role: str, method: str, address: Address) -> str:
        """Ask, as somebody, and undo what came of it; say it as the table does."""
        client = Client()
        if role in self.people:
            client.force_login(self.people[role])
        with transaction.atomic():
            response = self._ask(client, method, address, role)
            transaction.set_rollback(True)
        return _word(response)

    def _ask(self, client: Client, method: str, address: Address, role: str) -> Any:
        there = self.fill(address, role)
        if method != "POST":
            return getattr(client, method.lower())(there)
        body = BODIES.get(address.text, {})
        if there.startswith("/api/"):
            return client.post(there, body, content_type="application/json")
        return client.post(there, body)


def _word(response: HttpResponseBase) -> str:
    leads_to = response.headers.get("Location", "")
    is_login = leads_to.startswith(("/login/", "/admin/login/"))
    return "login" if is_login else str(response.status_code)


def people() -> dict[str, User]:
    """Store everybody."""
    institute = Group.objects.create(name="institute")
    found = {role: User.objects.create_user(role) for role in LOGGED_IN[:-1]}
    found["admin"] = User.objects.create_superuser("admin")
    for role in ("viewer", "operator"):
        found[role].groups.add(institute)
    may = Permission.objects.filter(codename__in=["change_finding", "add_collectrun"])
    found["operator"].user_permissions.add(*may)
    return found


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def hub() -> Hub:
    """A hub that only the group of viewer and operator may see, with one thing of each kind."""
    Channel.objects.all().delete()
    return make_hub("H")


@pytest.fixture
def site(hub: Hub, settings: Settings) -> Site:
    everybody = people()
    hub.groups.add(Group.objects.get())
    replica = make_replica(hub, "vault")
    snapshot = lay_snapshots(replica, stamps=every(2))[0]
    sum_up(replica)
    repo = make_repo(hub)
    finding = open_finding(
        hub, "shrunk", replica=replica, repo=repo, stamp_at=NOW, acknowledged_at=NOW
    )
    message = make_message(hub, make_channel(addresses=["ops@example.org"]))
    NotificationPicture.objects.create(notification=message, name="plot-7", png=b"png")
    for user in everybody.values():
        make_token(user, "cron", ["read"], NOW)
    link = signing.dumps(message.deliveries.get().pk, salt=SALT)
    values: dict[str, dict[str, Any]] = {
        "/": {"hub": "H", "node": "vault", "category": "tracs", "name": "env", "kind": "svg"},
        "/findings/": {"pk": finding.pk},
        "/runs/": {"pk": make_run(replica).pk},
        "/notifications/": {"pk": message.pk, "name": "plot-7"},
        "/confirm/": {"token": link},
        "/api/v1/hubs/": {"tag": "H"},
        "/api/v1/nodes/": {"tag": "vault"},
        "/api/v1/replicas/": {"pk": replica.pk},
        "/api/v1/repos/": {"pk": repo.pk},
        "/api/v1/snapshots/": {"pk": snapshot.pk},
        "/api/v1/runs/": {"pk": replica.runs.get().pk},
        "/api/v1/findings/": {"pk": finding.pk},
        "/api/v1/messages/": {"pk": message.pk},
    }
    return Site(everybody, values)


def answers(site: Site, settings: Settings, row: Row) -> dict[str, str]:
    """Return what everybody is answered."""
    found = {}
    for role in ROLES:
        settings.SCMMON_PUBLIC_PAGES = role == "public"
        found[role] = site.answer(role, row.method, KNOWN[row.address])
    return found


# --- The table and the URL conf ----------------------------------------------------------------


@pytest.mark.parametrize("address", ALL_BUT_ADMINS, ids=lambda one: one.text)
def test_every_address_has_a_row(address: Address) -> None:
    assert any((address.text, method) in ROWS for method in ("GET", "POST")), (
        f"docs/access.md says nothing of {address.text}. Add a row for it that says who gets what; if it has a "
        "parameter that this test cannot fill in, add its value to `site` in tests/test_access_table.py."
    )


@pytest.mark.parametrize("row", ASKED, ids=str)
def test_every_row_is_an_address(row: Row) -> None:
    assert row.address in KNOWN, f"docs/access.md has a row for {row.address}, which is no address"


def test_no_row_is_there_twice() -> None:
    assert len(ROWS) == len(TABLE)


# --- The table and the truth -------------------------------------------------------------------


@pytest.mark.parametrize("row", ASKED, ids=str)
def test_a_row_says_what_everybody_gets(site: Site, settings: Settings, row: Row) -> None:
    assert answers(site, settings, row) == row.answers


@pytest.mark.parametrize("row", ASKED, ids=str)
def test_a_hub_without_groups_has_no_outsiders(
    site: Site, hub: Hub, settings: Settings, row: Row
) -> None:
    hub.groups.clear()

    assert answers(site, settings, row) == row.where_all_may_see()


@pytest.mark.parametrize("row", ASKED, ids=str)
def test_public_pages_change_nothing_for_who_is_logged_in(
    site: Site, settings: Settings, row: Row
) -> None:
    settings.SCMMON_PUBLIC_PAGES = True

    found = {role: site.answer(role, row.method, KNOWN[row.address]) for role in LOGGED_IN}

    assert found == {role: row.answers[role] for role in LOGGED_IN}


@pytest.mark.parametrize("row", [row for row in ASKED if row.method == "GET"], ids=str)
def test_the_head_is_that_of_the_page(site: Site, row: Row) -> None:
    found = {role: site.answer(role, "HEAD", KNOWN[row.address]) for role in HEADS}

    assert found == {role: row.answers[role] for role in HEADS}


@pytest.mark.parametrize(
    "address", [one for one in ALL_BUT_ADMINS if one.text not in LOGINS], ids=lambda one: one.text
)
def test_what_has_no_row_is_refused(site: Site, settings: Settings, address: Address) -> None:
    settings.SCMMON_PUBLIC_PAGES = True
    methods = [method for method in METHODS if (address.text, method) not in ROWS]

    found = {site.answer(role, method, address) for role in ROLES for method in methods}

    assert found <= REFUSED


@pytest.mark.parametrize("address", ADMINS, ids=lambda one: one.text)
def test_the_admin_is_for_staff(site: Site, address: Address) -> None:
    found = {role: site.answer(role, "GET", address) for role in ROLES}

    row = ROWS[ADMIN, "GET"].answers
    assert found.pop("admin") in IN
    assert found == {role: row[role] for role in found}
