"""The evidence of one cell of the matrix, as the page fetches it."""

import html
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from hubs.models import Replica
from hubs.names import to_text
from probes.models import RunStatus, SidecarState, TarballEvent, TarballSnapshot
from tests.estate import DAY, HOUR, NOW, every, lay_snapshots, make_hub, make_replica, make_repo
from tests.estate import make_run as look
from tests.findings import open_finding

pytestmark = pytest.mark.django_db

HOSTILE = to_text(b"<img src=x onerror=alert(1)>&?#%\xe2\x80\xae")


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def vault() -> Replica:
    replica = make_replica(make_hub("Z9:hub", "Asia/Taipei"), "Z9:229")
    lay_snapshots(replica, stamps=every(20), size_bytes=64_312_345)
    for number in range(20):
        look(replica, NOW - number * DAY - HOUR)
    return replica


def address(**fields: Any) -> str:
    return f"/hubs/Z9:hub/Z9:229/cell/?{urlencode({'repo': 'tracs/env'} | fields)}"


def text(client: Client, **fields: Any) -> str:
    response = client.get(address(**fields))
    assert response.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", response.content.decode())).split())


@pytest.mark.parametrize(
    "fact",
    [
        "tracs/env on Z9:229",
        "Stamp 2024-05-15 10:00 UTC (18:00 +0800) , 2 h ago",
        "Size 64,312,345 bytes",
        "Path tracs/env/2024/05/15/180000/env.tar.gz",
        "Sidecar dna read",
        "First seen 2024-05-15 11:00 UTC (19:00 +0800)",
        "Proof never proved",
        "Last complete look 60 min ago",
    ],
)
def test_the_evidence_has_every_fact(vault: Replica, admin_client: Client, fact: str) -> None:
    assert fact in text(admin_client)


def test_the_digest_is_there_whole(vault: Replica, admin_client: Client) -> None:
    digest = vault.snapshots.get(stamp_at=NOW - 2 * HOUR).sidecar_digest

    assert len(digest) == 32
    assert digest in text(admin_client)


def test_every_finding_says_what_and_since_when_and_leads_to_its_page(
    vault: Replica, admin_client: Client
) -> None:
    repo = make_repo(vault.hub)
    findings = [
        open_finding(vault.hub, code, replica=vault, repo=repo) for code in ("shrunk", "lagging")
    ]

    page = admin_client.get(address()).content.decode()

    for finding in findings:
        assert f'href="/findings/{finding.pk}/"' in page
        assert f"it is {finding.code}" in page
    assert "Since <time" in page


def test_a_finding_that_somebody_answered_says_who_and_why(
    vault: Replica, admin_client: Client, admin_user: User
) -> None:
    open_finding(
        vault.hub,
        replica=vault,
        repo=make_repo(vault.hub),
        acknowledged_at=NOW,
        acknowledged_by=admin_user,
        acknowledged_reason="a new disk",
    )

    assert "Acknowledged by admin : a new disk" in text(admin_client)


def test_the_evidence_leads_to_the_repo_and_to_the_node(
    vault: Replica, admin_client: Client
) -> None:
    page = admin_client.get(address()).content.decode()

    assert f'href="/repos/Z9:hub/tracs/env/#replica-{vault.pk}"' in page
    assert f'href="/hubs/Z9:hub/Z9:229/#replica-{vault.pk}"' in page


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("good", "proved 2 d ago digest: as it should be, 2024-05-13 12:00 UTC"),
        ("corrupt", "disproved 2 d ago digest: no readable archive, 2024-05-13 12:00 UTC"),
    ],
)
def test_a_proof_says_how_and_what_came_of_it(
    vault: Replica, admin_client: Client, verdict: str, said: str
) -> None:
    TarballSnapshot.objects.update(
        verified_at=NOW - 2 * DAY, verified_level="digest", verified_verdict=verdict
    )

    assert said in text(admin_client)


def test_an_unknown_node_says_how_the_last_look_ended(vault: Replica, admin_client: Client) -> None:
    look(vault, NOW, RunStatus.HOST_KEY)

    page = text(admin_client)

    assert "unknown since 2024-05-15 11:00 UTC" in page
    assert "the last one ended as host key" in page


def test_what_was_never_seen_has_evidence_too(vault: Replica, admin_client: Client) -> None:
    make_repo(vault.hub, "svn/lost")

    assert "No tarball of it was ever seen here." in text(admin_client, repo="svn/lost")


def test_what_is_gone_says_when_it_went(vault: Replica, admin_client: Client) -> None:
    TarballSnapshot.objects.update(gone_at=NOW - HOUR)

    assert "Gone 2024-05-15 11:00 UTC (19:00 +0800)" in text(admin_client)


def test_a_bad_sidecar_says_why(vault: Replica, admin_client: Client) -> None:
    TarballSnapshot.objects.update(
        sidecar_state=SidecarState.BAD, sidecar_problem="it is longer than 64 bytes"
    )

    assert "cannot be understood: it is longer than 64 bytes" in text(admin_client)


def test_of_a_past_day_it_shows_the_values_of_then(vault: Replica, admin_client: Client) -> None:
    TarballEvent.objects.create(
        snapshot=vault.snapshots.get(stamp_at=NOW - 5 * DAY - 2 * HOUR),
        kind="changed",
        noticed_at=NOW - DAY,
        size_bytes_before=99,
        size_bytes_after=64_312_345,
        digest_before="f" * 32,
    )

    page = text(admin_client, day="2024-05-10")

    assert "at the end of 2024-05-10" in page
    assert "Size 99 bytes" in page
    assert "f" * 32 in page
    assert "2024-05-10 10:00 UTC (18:00 +0800) , 6 h ago" in page


def test_two_roots_on_a_node_are_told_apart(vault: Replica, admin_client: Client) -> None:
    other = make_replica(vault.hub, "Z9:229", "copy", root="/other")
    lay_snapshots(other, stamps=every(1), size_bytes=7)

    assert "Size 7 bytes" in text(admin_client, replica=other.pk)
    assert "Size 64,312,345 bytes" in text(admin_client, replica=vault.pk)


def test_a_selected_repo_that_is_only_elsewhere_says_what_the_matrix_says(
    vault: Replica, admin_client: Client
) -> None:
    attic = make_replica(vault.hub, "attic", "copy")
    lay_snapshots(attic, "svn/chosen", every(1))
    make_repo(vault.hub, "svn/chosen", selected=True)

    assert "not here" in text(admin_client, repo="svn/chosen")
    assert "not judged" in text(admin_client)


def test_a_hostile_name_is_text(vault: Replica, admin_client: Client) -> None:
    lay_snapshots(vault, f"svn/{HOSTILE}", every(1), file_name=f"{HOSTILE}.tar.gz")

    page = admin_client.get(address(repo=f"svn/{HOSTILE}")).content.decode()

    assert "<img" not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") >= 2


@pytest.mark.parametrize(
    "fields",
    [{"repo": "tracs"}, {"repo": ""}, {"repo": "tracs/none"}, {"replica": "x"}, {"replica": 99}],
)
def test_what_is_not_there_has_no_evidence(
    vault: Replica, admin_client: Client, fields: dict[str, Any]
) -> None:
    assert admin_client.get(address(**fields)).status_code == 404


@pytest.fixture
def outsider(vault: Replica, client: Client) -> Client:
    vault.hub.groups.add(Group.objects.create(name="institute"))
    client.force_login(User.objects.create_user("charlie"))
    return client


@pytest.mark.parametrize(
    "url", ["/hubs/Z9:hub/Z9:229/cell/?repo=tracs/env", "/hubs/Z9:hub/?part=matrix"]
)
def test_a_hidden_hub_has_no_evidence_and_no_matrix(outsider: Client, url: str) -> None:
    assert outsider.get(url).status_code == 404


def test_without_login_there_is_no_evidence_unless_pages_are_public(
    vault: Replica, client: Client, settings: Settings
) -> None:
    assert client.get(address()).status_code == 302
    settings.SCMMON_PUBLIC_PAGES = True
    assert client.get(address()).status_code == 200


@pytest.mark.parametrize("day", ["", "2024-05-05"])
def test_evidence_asks_the_database_a_few_things_whatever_there_is(
    vault: Replica,
    admin_client: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    day: str,
) -> None:
    for number in range(30):
        lay_snapshots(make_replica(vault.hub, f"n{number}", "copy"), stamps=every(3))
        open_finding(
            vault.hub, "gap", replica=vault, repo=make_repo(vault.hub), subject=f"{number}"
        )

    with django_assert_max_num_queries(17):
        admin_client.get(address(day=day))
