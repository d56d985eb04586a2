"""The matrix of a past day: tarballs, looks and findings as they were then, and what of then is not kept."""

import html
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from dashboard.matrix.past import findings_at, first_known_at, tarballs_at
from dashboard.matrix.table import Cell, Known, matrix_of
from hubs.models import Hub, Maintenance, Replica
from probes.judge.conclusion import replica_states_at
from probes.models import RunStatus, TarballEvent, TarballSnapshot
from tests.estate import DAY, HOUR, NOW, every, lay_snapshots, make_hub, make_replica, make_repo
from tests.estate import make_run as look
from tests.findings import open_finding
from tests.months import sum_up

pytestmark = [pytest.mark.django_db, pytest.mark.database]

THEN = NOW - 10 * DAY


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def vault() -> Replica:
    """Looked at every day for a month, two hours after each backup; fourteen tarballs are kept."""
    replica = make_replica(make_hub("H"), "vault")
    for number in range(30):
        look(replica, NOW - number * DAY - HOUR)
    for stamp in every(30):
        gone_at = stamp + 14 * DAY
        lay_snapshots(replica, stamps=[stamp], gone_at=gone_at if gone_at < NOW else None)
    return replica


def cell_at(hub: Hub, moment: datetime = THEN) -> Cell:
    """Return the one cell of a hub as it was."""
    replicas, repos = list(hub.replicas.select_related("node")), list(hub.repos.all())
    there, gone = tarballs_at(hub, replicas, repos, moment)
    states = replica_states_at(replicas, moment)
    findings = list(findings_at(hub, moment))
    known = Known(moment, states, there, gone, findings, is_past=True)
    ((cell,),) = [row.cells for row in matrix_of(hub, replicas, repos, repos, known)]
    return cell


def said(cell: Cell) -> tuple[str, str, str]:
    return cell.state, cell.word, cell.age


def text(client: Client, query: str) -> str:
    content = client.get(f"/hubs/H/{query}").content.decode()
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", content)).split())


# --- Tarballs ----------------------------------------------------------------------------------


def test_the_newest_tarball_is_that_of_then(vault: Replica) -> None:
    assert said(cell_at(vault.hub)) == ("ok", "ok", "2 h ago")


def test_what_is_purged_now_was_there_then(vault: Replica) -> None:
    assert said(cell_at(vault.hub, NOW - 20 * DAY)) == ("ok", "ok", "2 h ago")


def test_a_tarball_that_was_found_later_was_not_there(vault: Replica) -> None:
    lay_snapshots(vault, stamps=[THEN - HOUR], first_seen_at=THEN + HOUR)

    assert cell_at(vault.hub).age == "2 h ago"


def test_a_copy_that_came_much_later_leaves_what_was_there_before(vault: Replica) -> None:
    TarballSnapshot.objects.all().delete()
    late = [THEN - number * HOUR for number in range(1, 200)]
    lay_snapshots(vault, stamps=late, first_seen_at=THEN + DAY)
    lay_snapshots(vault, stamps=[THEN - 9 * DAY])

    assert cell_at(vault.hub).age == "9 d ago"


def test_what_is_older_than_all_that_was_gone_is_found(vault: Replica) -> None:
    TarballSnapshot.objects.update(gone_at=THEN - DAY)
    lay_snapshots(vault, stamps=[THEN - 400 * DAY])

    assert said(cell_at(vault.hub)) == ("ok", "ok", "400 d ago")


def test_where_all_was_gone_the_newest_of_it_is_named(vault: Replica) -> None:
    TarballSnapshot.objects.update(gone_at=THEN - HOUR)

    assert said(cell_at(vault.hub)) == ("none", "all gone", "2 h ago")


def test_before_its_first_tarball_a_repo_was_not_here(vault: Replica) -> None:
    TarballSnapshot.objects.filter(stamp_at__lt=THEN).delete()

    assert said(cell_at(vault.hub)) == ("none", "not here", "")


def test_a_stamp_of_the_future_is_not_the_newest(vault: Replica) -> None:
    lay_snapshots(vault, stamps=[THEN + 5 * DAY], first_seen_at=THEN - DAY)

    assert cell_at(vault.hub).age == "2 h ago"


def test_of_a_tarball_seen_at_the_moment_the_moment_counts(vault: Replica) -> None:
    lay_snapshots(vault, stamps=[THEN - HOUR], first_seen_at=THEN)

    assert cell_at(vault.hub).age == "60 min ago"


def test_of_a_tarball_gone_at_the_moment_the_moment_counts(vault: Replica) -> None:
    lay_snapshots(vault, stamps=[THEN - HOUR], first_seen_at=THEN - HOUR, gone_at=THEN)

    assert cell_at(vault.hub).age == "2 h ago"


def happened(tarball: TarballSnapshot, kind: str, at: datetime, **fields: Any) -> None:
    sizes = {"size_bytes_before": 5_000_000, "size_bytes_after": tarball.size_bytes}
    TarballEvent.objects.create(snapshot=tarball, kind=kind, noticed_at=at, **sizes | fields)


@pytest.mark.parametrize(
    ("moment", "age"),
    [
        (THEN, "60 min ago"),
        (THEN + timedelta(minutes=90), "4 h ago"),  # away: that of two hours before is the newest
        (THEN + 3 * HOUR, "4 h ago"),
    ],
)
def test_a_tarball_that_went_and_returned_was_away_in_between(
    vault: Replica, moment: datetime, age: str
) -> None:
    (tarball,) = lay_snapshots(vault, stamps=[THEN - HOUR], first_seen_at=THEN - HOUR)
    happened(tarball, "returned", THEN + 2 * HOUR, gone_at_before=THEN + HOUR)

    assert cell_at(vault.hub, moment).age == age


def test_a_tarball_that_changed_later_has_the_size_of_then(vault: Replica) -> None:
    tarball = TarballSnapshot.objects.get(stamp_at=THEN - 2 * HOUR)
    happened(tarball, "changed", THEN + 2 * DAY, digest_before="a" * 32)
    happened(tarball, "changed", THEN + DAY, digest_before="b" * 32, size_bytes_before=7_000_000)

    assert cell_at(vault.hub).size == "7.00 MB"
    assert cell_at(vault.hub, NOW).tarball != cell_at(vault.hub).tarball


def test_a_tarball_that_had_changed_by_then_has_the_size_it_changed_to(vault: Replica) -> None:
    tarball = TarballSnapshot.objects.get(stamp_at=THEN - 2 * HOUR)
    happened(tarball, "changed", THEN - timedelta(minutes=30), digest_before="a" * 32)

    assert cell_at(vault.hub).size == "1.00 MB"


def test_a_sidecar_that_was_written_later_was_awaited(vault: Replica) -> None:
    TarballSnapshot.objects.filter(stamp_at=THEN - 2 * HOUR).update(sidecar_mtime_at=THEN + HOUR)

    assert said(cell_at(vault.hub))[:2] == ("transfer", "in transfer")


def test_a_proof_of_then_is_shown(vault: Replica) -> None:
    TarballSnapshot.objects.update(verified_at=THEN - DAY, verified_verdict="good")

    proof = cell_at(vault.hub).proof

    assert proof is not None
    assert proof.words == "proved 24 h ago"


def test_a_later_proof_says_that_the_one_of_then_is_not_kept(vault: Replica) -> None:
    TarballSnapshot.objects.update(verified_at=THEN + DAY, verified_verdict="corrupt")

    proof = cell_at(vault.hub).proof

    assert proof is not None
    assert (proof.state, proof.words) == ("none", "proof of then not kept")


# --- Looks -------------------------------------------------------------------------------------


def test_a_node_that_failed_then_was_unknown_then(vault: Replica) -> None:
    look(vault, THEN - timedelta(minutes=10), RunStatus.TIMEOUT)

    assert cell_at(vault.hub).state == "unknown"
    assert cell_at(vault.hub, THEN + DAY).state == "ok"


def test_a_look_that_began_then_and_ended_later_had_told_nothing_yet(vault: Replica) -> None:
    look(vault, THEN - timedelta(minutes=10), RunStatus.TIMEOUT, seconds=1200)

    assert cell_at(vault.hub).state == "ok"


def test_a_look_long_before_was_too_old_then(vault: Replica) -> None:
    vault.runs.filter(started_at__gt=THEN - 2 * DAY, started_at__lt=THEN).delete()

    assert cell_at(vault.hub).state == "unknown"


def test_before_the_first_look_nothing_was_known(vault: Replica) -> None:
    assert cell_at(vault.hub, NOW - 31 * DAY).word == "never looked at"


def test_history_from_elsewhere_is_shown_without_being_taken_for_a_look(vault: Replica) -> None:
    stamp = NOW - 60 * DAY
    lay_snapshots(vault, stamps=[stamp], first_seen_at=stamp, gone_at=stamp + 9 * DAY)

    assert said(cell_at(vault.hub, stamp + HOUR)) == ("unknown", "never looked at", "60 min ago")


def test_a_replica_that_was_looked_at_then_is_shown_though_it_is_disabled_now(
    vault: Replica,
) -> None:
    Replica.objects.update(enabled=False)

    assert cell_at(vault.hub).state == "ok"


# --- Findings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opened", "closed", "is_open"),
    [
        (THEN - DAY, THEN + DAY, True),
        (THEN - DAY, None, True),
        (THEN, None, True),
        (THEN - DAY, THEN, False),
        (THEN + HOUR, None, False),
    ],
)
def test_a_finding_counts_while_it_was_open(
    vault: Replica, opened: datetime, closed: datetime | None, is_open: bool
) -> None:
    repo = make_repo(vault.hub)
    open_finding(vault.hub, "shrunk", replica=vault, repo=repo, opened_at=opened, closed_at=closed)

    assert cell_at(vault.hub).state == ("alarm" if is_open else "ok")


def test_nobody_knows_who_had_answered_then(vault: Replica) -> None:
    repo = make_repo(vault.hub)
    open_finding(
        vault.hub, replica=vault, repo=repo, opened_at=THEN - DAY, acknowledged_at=THEN - HOUR
    )

    assert not cell_at(vault.hub).is_quiet


# --- The page ----------------------------------------------------------------------------------


def test_a_past_day_says_that_it_is_one_and_what_is_not_kept(
    vault: Replica, admin_client: Client
) -> None:
    page = text(admin_client, "?day=2024-05-05")

    assert "As it was at the end of Sunday, 5 May 2024 in UTC, 2024-05-06 00:00 UTC" in page
    assert "who had answered it is not kept" in page
    assert "tracs/env ok 14 h ago" in page


def test_the_day_is_that_of_the_hub(vault: Replica, admin_client: Client) -> None:
    Hub.objects.update(time_zone="Asia/Taipei")

    assert "2024-05-05 16:00 UTC" in text(admin_client, "?day=2024-05-05")


def test_a_day_before_anything_was_known_is_unknown_and_says_so(
    vault: Replica, admin_client: Client
) -> None:
    page = text(admin_client, "?day=2024-03-01")

    assert "Nothing was known yet: it begins on 2024-04-16." in page
    assert "1 unknown" in page
    assert "tracs/env never looked at" in page


@pytest.mark.parametrize(
    ("day", "note"),
    [("2030-01-01", "2030-01-01 has not come yet"), ("soon", "The address names no day")],
)
def test_what_is_no_past_day_is_today_and_says_so(
    vault: Replica, admin_client: Client, day: str, note: str
) -> None:
    page = text(admin_client, f"?day={day}")

    assert note in page
    assert "tracs/env ok 2 h ago" in page
    assert "As it was" not in page


def test_the_day_before_and_after_and_now_are_links(vault: Replica, admin_client: Client) -> None:
    page = admin_client.get("/hubs/H/?order=name&day=2024-05-05").content.decode()

    assert 'href="/hubs/H/?order=name&amp;day=2024-05-04#matrix"' in page
    assert 'href="/hubs/H/?order=name&amp;day=2024-05-06#matrix"' in page
    assert 'data-day="today" href="/hubs/H/?order=name#matrix"' in page


def test_what_was_planned_then_explains_what_was_unknown_then(
    vault: Replica, admin_client: Client
) -> None:
    Maintenance.objects.create(
        node=vault.node, starts_at=THEN - 2 * DAY, ends_at=THEN + 2 * DAY, reason="new disks"
    )
    look(vault, THEN, RunStatus.UNREACHABLE)

    assert "tracs/env in maintenance" in text(admin_client, "?day=2024-05-05")


def test_conclusion_and_problems_stay_those_of_now(vault: Replica, admin_client: Client) -> None:
    open_finding(vault.hub, "shrunk", replica=vault, repo=make_repo(vault.hub))

    page = text(admin_client, "?day=2024-05-05")

    assert "1 alarm: shrunk tracs/env on vault" in page
    assert "1 ok" in page


# --- Since when ---------------------------------------------------------------------------------


def test_what_is_known_begins_with_the_first_look(vault: Replica) -> None:
    TarballSnapshot.objects.all().delete()
    lay_snapshots(vault, stamps=[NOW - 300 * DAY], first_seen_at=NOW - 29 * DAY)
    sum_up(vault)

    assert first_known_at([vault]) == NOW - 29 * DAY - HOUR


def test_what_is_known_begins_with_history_from_elsewhere(vault: Replica) -> None:
    stamp = NOW - 300 * DAY
    lay_snapshots(vault, stamps=[stamp], first_seen_at=stamp)
    sum_up(vault)

    assert first_known_at([vault]) == stamp


def test_of_nothing_nothing_is_known() -> None:
    assert first_known_at([make_replica(make_hub("H"))]) is None
