"""/metrics: what a scraper reads, checked by the parsers of prometheus-client."""

import math
import re

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group, User
from django.test import Client
from prometheus_client import parser as plain_text
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.samples import Sample
from pytest_django import DjangoAssertNumQueries, Settings

from hubs.models import Replica
from hubs.names import to_text
from probes.models import RunStatus
from tests.estate import DAY, HOUR, NOW, every, lay_snapshots, make_hub, make_replica, make_run
from tests.findings import open_finding
from tests.months import sum_up

pytestmark = pytest.mark.django_db

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN_TEXT = "text/plain; version=0.0.4; charset=utf-8"
# What the servers send, 2.55 and 3.5.
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
    "text/plain;version=0.0.4;q=0.2,/;q=0.1"
)
HOSTILE = 'a"b\\c{d="e"}\u202e<script>'
MOST_QUERIES = 25
DOCS = django_settings.BASE_DIR / "docs"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def vault() -> Replica:
    """Three tarballs of 1 MB, looked at an hour ago, and well."""
    replica = make_replica(make_hub("C2"), "vault")
    lay_snapshots(replica, stamps=every(3))
    sum_up(replica)
    make_run(
        replica, NOW - HOUR, free_bytes=40, total_bytes=100, clock_skew_seconds=-1.5, seconds=30
    )
    return replica


def families(client: Client, query: str = "") -> dict[str, Metric]:
    """Return what the reference parser of OpenMetrics makes of the answer, by name."""
    text = client.get(f"/metrics{query}").content.decode()
    parsed = openmetrics.text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    return {family.name: family for family in parsed}


def samples(client: Client, name: str, query: str = "") -> list[Sample]:
    family = families(client, query).get(f"scmmon_{name}")
    return family.samples if family else []


def value(client: Client, name: str, query: str = "") -> float | None:
    """Return the one value of a family, or None where it has none."""
    found = samples(client, name, query)
    assert len(found) < 2
    return found[0].value if found else None


# --- The form ----------------------------------------------------------------------------------


def test_it_is_openmetrics_by_the_reference_parser(admin_client: Client, vault: Replica) -> None:
    response = admin_client.get("/metrics")

    assert (response.status_code, response["Content-Type"]) == (200, OPENMETRICS)
    assert response.content.endswith(b"\n# EOF\n")
    assert len(families(admin_client)) > 20


def test_every_family_says_what_it_is(admin_client: Client, vault: Replica) -> None:
    assert all(
        family.documentation.endswith(".") and family.type != "unknown"
        for family in families(admin_client, "?hub=C2&repos=1").values()
    )


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("", OPENMETRICS),
        ("*/*", OPENMETRICS),
        (PROMETHEUS_2, OPENMETRICS),
        (PROMETHEUS_3, OPENMETRICS),
        ("application/openmetrics-text", OPENMETRICS),
        ("application/openmetrics-text;version=x;q=é,,;=", OPENMETRICS),
        ("text/plain", PLAIN_TEXT),
        ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", PLAIN_TEXT),
        ("application/openmetrics-text;q=0.1, text/plain;q=0.9", PLAIN_TEXT),
        ("text/html,application/xhtml+xml,*/*;q=0.8", PLAIN_TEXT),
    ],
)
def test_the_form_is_what_accept_prefers(
    admin_client: Client, vault: Replica, accept: str, given: str
) -> None:
    response = admin_client.get("/metrics", headers={"Accept": accept})

    assert (response.status_code, response["Content-Type"]) == (200, given)


def test_the_older_text_says_the_same(admin_client: Client, vault: Replica) -> None:
    text = admin_client.get("/metrics", headers={"Accept": "text/plain"}).content.decode()
    plain = list(plain_text.text_string_to_metric_families(text))

    def rows(found: list[Metric]) -> set[tuple[str, tuple[tuple[str, str], ...], float]]:
        return {
            (one.name, tuple(sorted(one.labels.items())), one.value)
            for family in found
            for one in family.samples
        }

    assert rows(plain) == rows(list(families(admin_client).values()))


def test_hostile_names_are_labels_and_nothing_more(admin_client: Client, vault: Replica) -> None:
    vault.hub.name = HOSTILE
    vault.hub.save()
    name = to_text(b'x"\n\\ \xff')
    lay_snapshots(vault, f"tracs/{name}", stamps=every(1))

    hub = samples(admin_client, "hub")[0]
    repos = samples(admin_client, "repo_newest_size_bytes", "?hub=C2&repos=1")

    assert hub.labels["name"] == HOSTILE
    assert f"tracs/{name}" in {one.labels["repo"] for one in repos}


def test_it_comes_compressed_to_who_takes_that(admin_client: Client, vault: Replica) -> None:
    response = admin_client.get("/metrics", headers={"Accept-Encoding": "gzip"})

    assert response["Content-Encoding"] == "gzip"
    assert {"Accept", "Accept-Encoding"} <= set(response["Vary"].split(", "))


def test_an_empty_monitor_is_valid(admin_client: Client) -> None:
    assert admin_client.get("/metrics").status_code == 200
    assert value(admin_client, "last_look_timestamp_seconds") is None


# --- What it says ------------------------------------------------------------------------------


def test_a_replica_has_its_labels(admin_client: Client, vault: Replica) -> None:
    (known,) = samples(admin_client, "replica_known")

    assert known.labels == {
        "hub": "C2", "node": "vault", "replica": str(vault.pk), "role": "source",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("replica_known", 1),
        ("replica_newest_stamp_timestamp_seconds", (NOW - 2 * HOUR).timestamp()),
        ("replica_last_complete_look_timestamp_seconds", (NOW - HOUR).timestamp()),
        ("replica_last_look_timestamp_seconds", (NOW - HOUR).timestamp() + 30),
        ("replica_last_look_duration_seconds", 30),
        ("replica_filesystem_free_bytes", 40),
        ("replica_filesystem_size_bytes", 100),
        ("replica_clock_skew_seconds", -1.5),
        ("replica_tarballs", 3),
        ("replica_size_bytes", 3_000_000),
        ("hub_newest_stamp_timestamp_seconds", (NOW - 2 * HOUR).timestamp()),
        ("hub_replicas", 1),
        ("hub_unknown_replicas", 0),
        ("late", 0),
        ("last_look_timestamp_seconds", (NOW - HOUR).timestamp() + 30),
        ("last_complete_look_timestamp_seconds", (NOW - HOUR).timestamp() + 30),
        ("look_within_seconds", 26 * 3600),
        ("undelivered_messages", 0),
    ],
)
def test_what_is_known_is_told(
    admin_client: Client, vault: Replica, name: str, expected: float
) -> None:
    assert value(admin_client, name) == expected


def test_the_state_of_a_hub_is_a_set_of_states(admin_client: Client, vault: Replica) -> None:
    open_finding(vault.hub)

    states = samples(admin_client, "hub_state")

    assert {one.labels["scmmon_hub_state"]: one.value for one in states} == {
        "alarm": 1, "unknown": 0, "warn": 0, "ok": 0,
    }  # fmt: skip


def test_the_last_look_has_its_status(admin_client: Client, vault: Replica) -> None:
    make_run(vault, NOW - HOUR / 2, RunStatus.AUTH, stage="login")

    (look,) = samples(admin_client, "replica_last_look")

    assert (look.labels["status"], look.labels["stage"], look.value) == ("auth", "login", 1)


def counts(client: Client) -> dict[tuple[str, str], float]:
    return {
        (one.labels["severity"], one.labels["muted"]): one.value
        for one in samples(client, "open_findings")
    }


def test_findings_are_counted_by_severity_and_whether_they_are_muted(
    admin_client: Client, vault: Replica
) -> None:
    open_finding(vault.hub, "shrunk")
    open_finding(vault.hub, "overdue", acknowledged_at=NOW)
    open_finding(vault.hub, "gap", severity="warn", closed_at=NOW)

    found = counts(admin_client)

    assert found == {
        ("alarm", "false"): 1, ("alarm", "true"): 1,
        ("warn", "false"): 0, ("warn", "true"): 0,
        ("notice", "false"): 0, ("notice", "true"): 0,
    }  # fmt: skip


def test_a_snooze_that_is_over_is_not_muted(admin_client: Client, vault: Replica) -> None:
    open_finding(vault.hub, acknowledged_at=NOW - DAY, acknowledged_until=NOW - HOUR)

    assert counts(admin_client)["alarm", "false"] == 1


def test_what_is_not_looked_at_is_not_told(admin_client: Client, vault: Replica) -> None:
    Replica.objects.update(enabled=False)

    assert samples(admin_client, "replica_known") == []


def test_it_says_what_runs(admin_client: Client, settings: Settings) -> None:
    (build,) = samples(admin_client, "build")

    assert build.labels["version"] == settings.SCMMON_VERSION


# --- Unknown is never good ---------------------------------------------------------------------

CLAIMS = [
    "replica_tarballs",
    "replica_size_bytes",
    "replica_filesystem_free_bytes",
    "replica_filesystem_size_bytes",
    "replica_clock_skew_seconds",
]


@pytest.fixture
def unreached(vault: Replica) -> Replica:
    """Listed completely an hour ago, not reached since."""
    make_run(vault, NOW - HOUR / 2, RunStatus.UNREACHABLE)
    return vault


@pytest.mark.parametrize("name", CLAIMS)
def test_a_value_that_is_unknown_is_absent(
    admin_client: Client, unreached: Replica, name: str
) -> None:
    assert value(admin_client, name) is None


@pytest.mark.parametrize("name", CLAIMS)
def test_a_look_that_is_too_old_tells_nothing(
    admin_client: Client, vault: Replica, name: str
) -> None:
    vault.runs.update(started_at=NOW - 3 * DAY, finished_at=NOW - 3 * DAY)

    assert value(admin_client, name) is None


def test_a_moment_stays_as_its_age_must_raise_an_alert(
    admin_client: Client, unreached: Replica
) -> None:
    newest = value(admin_client, "replica_newest_stamp_timestamp_seconds")

    assert newest == (NOW - 2 * HOUR).timestamp()


def test_what_was_never_looked_at_is_not_known(admin_client: Client) -> None:
    make_replica(make_hub("C2"), "vault")

    assert value(admin_client, "replica_known") == 0
    assert value(admin_client, "replica_last_complete_look_timestamp_seconds") is None


def test_a_replica_with_nothing_on_it_has_no_tarballs(admin_client: Client) -> None:
    make_run(make_replica(make_hub("C2"), "vault"), NOW - HOUR)

    assert value(admin_client, "replica_tarballs") == 0


def test_a_stamp_of_the_future_is_not_the_newest(admin_client: Client, vault: Replica) -> None:
    lay_snapshots(vault, stamps=[NOW + DAY])

    newest = value(admin_client, "replica_newest_stamp_timestamp_seconds")

    assert newest == (NOW - 2 * HOUR).timestamp()


def test_what_is_gone_is_not_the_newest(admin_client: Client, vault: Replica) -> None:
    vault.snapshots.filter(stamp_at=NOW - 2 * HOUR).update(gone_at=NOW)

    newest = value(admin_client, "replica_newest_stamp_timestamp_seconds")

    assert newest == (NOW - DAY - 2 * HOUR).timestamp()


def test_no_sample_is_infinite_or_no_number(admin_client: Client, unreached: Replica) -> None:
    found = families(admin_client, "?hub=C2&repos=1").values()

    assert all(math.isfinite(one.value) for family in found for one in family.samples)


# --- When the monitor itself is late -----------------------------------------------------------


def test_a_late_monitor_answers_503_and_still_says_all(
    admin_client: Client, vault: Replica
) -> None:
    vault.runs.update(started_at=NOW - 3 * DAY, finished_at=NOW - 3 * DAY)

    response = admin_client.get("/metrics")

    assert response.status_code == 503
    assert value(admin_client, "late") == 1
    assert value(admin_client, "replica_known") == 0


# --- Repos, where they are asked for -----------------------------------------------------------


def test_repos_are_left_out_unless_asked_for(admin_client: Client, vault: Replica) -> None:
    assert "scmmon_repo_newest_size_bytes" not in families(admin_client)


def test_repos_of_one_hub_tell_their_newest_tarball(admin_client: Client, vault: Replica) -> None:
    (size,) = samples(admin_client, "repo_newest_size_bytes", "?hub=C2&repos=1")

    assert (size.labels["repo"], size.value) == ("tracs/env", 1_000_000)


def test_sizes_of_repos_that_are_unknown_are_absent(
    admin_client: Client, unreached: Replica
) -> None:
    assert samples(admin_client, "repo_newest_size_bytes", "?hub=C2&repos=1") == []


def test_repos_of_all_hubs_at_once_are_refused(admin_client: Client, vault: Replica) -> None:
    assert admin_client.get("/metrics?repos=1").status_code == 400


def test_one_hub_can_be_asked_for(admin_client: Client, vault: Replica) -> None:
    make_replica(make_hub("D"), "attic")

    assert {one.labels["hub"] for one in samples(admin_client, "replica_known", "?hub=D")} == {"D"}


# --- Who may read it ---------------------------------------------------------------------------


def test_without_login_it_is_401(client: Client, vault: Replica) -> None:
    response = client.get("/metrics")

    assert response.status_code == 401
    assert b"C2" not in response.content


def test_public_pages_open_it(client: Client, vault: Replica, settings: Settings) -> None:
    settings.SCMMON_PUBLIC_PAGES = True

    assert client.get("/metrics").status_code == 200


def test_a_reader_sees_only_his_hubs(client: Client, vault: Replica) -> None:
    vault.hub.groups.add(Group.objects.create(name="institute"))
    client.force_login(User.objects.create_user("charlie"))

    text = client.get("/metrics").content

    assert b"C2" not in text
    assert b"vault" not in text


def test_a_hidden_hub_is_like_none(client: Client, vault: Replica) -> None:
    vault.hub.groups.add(Group.objects.create(name="institute"))
    client.force_login(User.objects.create_user("charlie"))

    hidden, absent = (client.get(f"/metrics?hub={tag}") for tag in ("C2", "C3"))

    assert hidden.status_code == absent.status_code == 404
    assert hidden.content == absent.content


@pytest.mark.parametrize("method", ["post", "put", "delete", "options"])
def test_it_is_only_read(admin_client: Client, method: str) -> None:
    assert getattr(admin_client, method)("/metrics").status_code == 405


# --- What it costs -----------------------------------------------------------------------------


def enlarge(hubs: int, nodes: int) -> None:
    for number in range(hubs):
        hub = make_hub(f"hub{number}")
        for place in range(nodes):
            replica = make_replica(hub, f"node{place}", root=f"/backup/{number}")
            lay_snapshots(replica, stamps=every(2))
            make_run(replica, NOW - HOUR)
        open_finding(hub)


@pytest.mark.parametrize(("hubs", "nodes"), [(1, 1), (8, 6)])
def test_queries_do_not_grow_with_rows(
    admin_client: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    hubs: int,
    nodes: int,
) -> None:
    enlarge(hubs, nodes)

    with django_assert_max_num_queries(MOST_QUERIES):
        assert admin_client.get("/metrics").status_code == 200


def test_queries_of_repos_do_not_grow_with_rows(
    admin_client: Client, vault: Replica, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        lay_snapshots(vault, f"svn/repo{number}", stamps=every(2))

    with django_assert_max_num_queries(MOST_QUERIES + 5):
        admin_client.get("/metrics?hub=C2&repos=1")


def test_the_docs_name_every_metric_and_no_other(admin_client: Client, vault: Replica) -> None:
    told = {
        name
        for family in families(admin_client, "?hub=C2&repos=1").values()
        for name in {one.name for one in family.samples}
    }

    described = re.findall(r"^\| `(scmmon_\w+)`", (DOCS / "metrics.md").read_text(), re.MULTILINE)

    assert sorted(described) == sorted(told)
