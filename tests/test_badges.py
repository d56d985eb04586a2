"""Status badges: the state of a hub in a word, never a better one than is known, to whom it may be shown."""

from xml.etree import ElementTree

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import Settings

from hubs.models import Hub, Replica
from probes.draw.badge import badge_of
from probes.models import RunStatus
from tests.estate import DAY, HOUR, NOW, every, lay_snapshots, make_hub, make_replica, make_run
from tests.findings import open_finding

pytestmark = pytest.mark.django_db

URL = "/badges/C2.svg"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def vault() -> Replica:
    """Looked at an hour ago, and well."""
    replica = make_replica(make_hub("C2"), "vault")
    lay_snapshots(replica, stamps=every(3))
    make_run(replica, NOW - HOUR)
    return replica


def says(client: Client) -> str:
    """Return what a badge says to who does not see it."""
    svg = client.get(URL).content.decode()
    return ElementTree.fromstring(svg).attrib["aria-label"]


@pytest.mark.usefixtures("vault")
def test_a_hub_that_is_well_says_so(admin_client: Client) -> None:
    assert says(admin_client) == "C2: ok"


@pytest.mark.parametrize("severity", ["warn", "alarm"])
def test_a_finding_is_said(vault: Replica, admin_client: Client, severity: str) -> None:
    open_finding(vault.hub, severity=severity)

    assert says(admin_client) == f"C2: {severity}"


def test_a_hub_without_replica_is_unknown(admin_client: Client) -> None:
    make_hub("C2")

    assert says(admin_client) == "C2: unknown"


@pytest.mark.usefixtures("vault")
def test_a_hub_of_which_a_node_cannot_be_reached_is_unknown(admin_client: Client) -> None:
    make_run(make_replica(Hub.objects.get(), "attic", "copy"), NOW, RunStatus.UNREACHABLE)

    assert says(admin_client) == "C2: unknown"


@pytest.mark.usefixtures("vault")
def test_nothing_is_well_when_nobody_looks(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + 10 * DAY)
    client.force_login(User.objects.create_user("ada"))

    assert says(client) == "C2: unknown"


def test_a_badge_is_asked_again_after_a_minute(vault: Replica, admin_client: Client) -> None:
    first = admin_client.get(URL)

    assert first["Cache-Control"] == "private, max-age=60"
    assert admin_client.get(URL, headers={"if-none-match": first["ETag"]}).status_code == 304


@pytest.mark.usefixtures("vault")
def test_a_public_badge_may_be_shown_by_other_sites(client: Client, settings: Settings) -> None:
    settings.SCMMON_PUBLIC_PAGES = True

    response = client.get(URL)

    assert response["Cache-Control"] == "public, max-age=60"
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.mark.usefixtures("vault")
def test_a_badge_needs_a_login(client: Client) -> None:
    assert client.get(URL)["Location"].startswith("/login/")


def test_a_hidden_hub_has_no_badge(vault: Replica, client: Client) -> None:
    vault.hub.groups.add(Group.objects.create(name="theirs"))
    client.force_login(User.objects.create_user("eve"))

    assert client.get(URL).status_code == 404


@pytest.mark.parametrize(
    "tag", ["<script>alert(1)</script>", "\"' onload='x' ]]>", "a\u202eb\x00\n", "x" * 4_096]
)
def test_a_hostile_tag_stays_text(tag: str) -> None:
    badge = ElementTree.fromstring(badge_of(tag, "ok"))

    names = {element.tag.rpartition("}")[2] for element in badge.iter()}
    assert names == {"svg", "rect", "path", "text", "circle"}
    assert int(badge.attrib["width"]) < 400


@pytest.mark.parametrize("tone", ["ok", "warn", "alarm", "unknown"])
def test_every_state_has_a_shape_of_its_own(tone: str) -> None:
    others = {
        badge_of("C2", other) for other in ("ok", "warn", "alarm", "unknown") if other != tone
    }

    assert badge_of("C2", tone) not in others
