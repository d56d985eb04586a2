"""Pictures that are kept: drawn once for each change and not otherwise, never older than the last change, never in the way."""

import gzip
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

import probes.pictures
from hubs.models import HolidayCalendar, Hub, Maintenance, Node, Policy, Replica
from hubs.removal import remove
from probes.draw.picture import svg_of
from probes.models import Finding, StoredPicture
from probes.pictures import (
    Form,
    Size,
    Wanted,
    current,
    in_first_forms,
    mark_changed,
    redraw,
    subject_key,
    waiting,
)
from probes.pipeline import CollectRequest, collect, draw
from probes.reports import EX_OK, CollectReport
from tests.estate import (
    DAY,
    HOUR,
    NOW,
    every,
    lay_snapshots,
    make_hub,
    make_node,
    make_replica,
    make_run,
)
from tests.findings import open_finding
from tests.months import sum_up
from tests.trees import lay_tarball, stamp

pytestmark = pytest.mark.django_db

Drawings = list[str]


@pytest.fixture
def vault() -> Replica:
    """A replica with a month of tarballs."""
    replica = make_replica(make_hub("C2"), "vault")
    lay_snapshots(replica, stamps=every(31))
    sum_up(replica)
    return replica


@pytest.fixture
def local(tmp_path: Path) -> Replica:
    """A replica on this machine that was looked at, and one more tarball to be found there."""
    make_node("vault", transport=Node.Transport.LOCAL)
    for days_ago in range(1, 4):
        lay_tarball(tmp_path / "vault", f"repos/env/{stamp(days_ago)}/env.tar.gz".encode())
    return make_replica(make_hub("C2"), node="vault", root=str(tmp_path / "vault"))


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> Drawings:
    """The titles of the plots that were drawn."""
    titles: Drawings = []

    def noted(*plots: Any, **asked: Any) -> str:
        titles.append(asked["title"])
        return svg_of(*plots, **asked)

    monkeypatch.setattr(probes.pictures, "svg_of", noted)
    return titles


@pytest.fixture
def cannot_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> str:
        raise ZeroDivisionError("no pen")

    monkeypatch.setattr(probes.pictures, "svg_of", fail)


def stored(subject: Replica | Hub) -> dict[str, StoredPicture]:
    """Return the pictures of a subject by their size."""
    return {row.size: row for row in StoredPicture.objects.filter(subject=subject_key(subject))}


def svg(picture: StoredPicture) -> str:
    return gzip.decompress(bytes(picture.content)).decode()


# Asked for ----------------------------------------------------------------------------------


def test_a_picture_that_was_never_drawn_is_drawn_and_stored(vault: Replica) -> None:
    picture = current(Wanted(vault), NOW)

    assert stored(vault)[Size.WIDE].digest == picture.digest


def test_a_picture_is_drawn_once(vault: Replica, drawings: Drawings) -> None:
    for _ in range(3):
        current(Wanted(vault), NOW)

    assert drawings == ["C2 on vault"]


def test_a_stored_picture_costs_one_query(
    vault: Replica, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    current(Wanted(vault), NOW)

    with django_assert_num_queries(1):
        current(Wanted(vault), NOW)


def plan(hub: Hub) -> Maintenance:
    return Maintenance(hub=hub, starts_at=NOW - DAY, ends_at=NOW - HOUR, reason="a new disk")


def expect_two(hub: Hub) -> None:
    Policy.objects.create(hub=hub, expected_per_day=2)


def plan_for_the_node(hub: Hub) -> None:
    node = Node.objects.get(replicas__hub=hub)
    Maintenance.objects.create(
        node=node, starts_at=NOW - DAY, ends_at=NOW - HOUR, reason="a new disk"
    )


def give_holidays(hub: Hub) -> None:
    HolidayCalendar.objects.create(name="feasts", days="2024-05-14").hubs.add(hub)


def move_to_another_zone(hub: Hub) -> None:
    hub.time_zone = "Asia/Taipei"
    hub.save()


@pytest.mark.parametrize(
    "change",
    [
        expect_two,
        lambda hub: plan(hub).save(),
        plan_for_the_node,
        give_holidays,
        move_to_another_zone,
    ],
)
def test_what_is_set_in_the_admin_is_seen_at_once(
    vault: Replica, change: Callable[[Hub], None]
) -> None:
    before = current(Wanted(vault), NOW).digest

    change(vault.hub)

    assert current(Wanted(Replica.objects.get(pk=vault.pk)), NOW).digest != before


def test_what_is_set_in_bulk_is_seen_within_an_hour(vault: Replica) -> None:
    before = current(Wanted(vault), NOW).digest
    Maintenance.objects.bulk_create([plan(vault.hub)])

    assert current(Wanted(vault), NOW).digest == before
    assert "a new disk" in svg(current(Wanted(vault), NOW + 2 * HOUR))


def test_what_is_set_for_one_hub_leaves_another_alone(vault: Replica) -> None:
    current(Wanted(vault), NOW)

    expect_two(make_hub("D1"))

    assert stored(vault)[Size.WIDE].checked_at == NOW


def test_a_change_is_drawn_at_the_next_request(vault: Replica) -> None:
    before = current(Wanted(vault), NOW).digest
    lay_snapshots(vault, stamps=[NOW - HOUR], size_bytes=77_000_000)
    mark_changed(vault.hub, {vault.pk})

    assert current(Wanted(vault), NOW).digest != before


def test_a_change_that_shows_nothing_else_is_not_drawn(vault: Replica, drawings: Drawings) -> None:
    current(Wanted(vault), NOW)
    mark_changed(vault.hub, {vault.pk})

    current(Wanted(vault), NOW)

    assert len(drawings) == 1


def test_another_way_of_drawing_draws_anew(
    vault: Replica, drawings: Drawings, monkeypatch: pytest.MonkeyPatch
) -> None:
    current(Wanted(vault), NOW)
    monkeypatch.setattr(probes.pictures, "DRAWING", 1_000_000)

    current(Wanted(vault), NOW)

    assert len(drawings) == 2


def test_one_who_read_before_a_change_does_not_overwrite_what_was_drawn_after_it(
    vault: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer: list[str] = []

    def slow(*plots: Any, **asked: Any) -> str:
        monkeypatch.setattr(probes.pictures, "svg_of", svg_of)
        lay_snapshots(vault, stamps=[NOW - HOUR], size_bytes=77_000_000)
        mark_changed(vault.hub, {vault.pk})
        newer.append(current(Wanted(vault), NOW).digest)
        return svg_of(*plots, **asked)

    monkeypatch.setattr(probes.pictures, "svg_of", slow)

    older = current(Wanted(vault), NOW)

    assert older.digest != newer[0]
    assert stored(vault)[Size.WIDE].digest == newer[0]


def test_a_repo_is_drawn_with_a_line_for_each_node(vault: Replica) -> None:
    copy = make_replica(vault.hub, "attic", "copy")
    lay_snapshots(copy, stamps=every(20))
    sum_up(copy)
    (repo,) = vault.hub.repos.all()

    picture = svg(current(Wanted(repo), NOW))

    assert "Newest tarball on each node" in picture
    assert ">vault<" in picture
    assert ">attic<" in picture


def test_two_roots_of_a_hub_on_a_node_are_told_apart(vault: Replica) -> None:
    make_replica(vault.hub, "vault", root="/elsewhere")

    assert "C2 on vault, /backup/C2" in svg(current(Wanted(vault), NOW))


@pytest.mark.parametrize("form", [Form.LIGHT, Form.DARK])
def test_a_png_is_kept_for_each_theme(vault: Replica, form: str) -> None:
    picture = current(Wanted(vault, form=form), NOW)

    assert bytes(picture.content).startswith(b"\x89PNG")


def test_history_that_is_imported_is_drawn(vault: Replica, tmp_path: Path) -> None:
    before = current(Wanted(vault), NOW).digest
    csv = tmp_path / "history.csv"
    csv.write_text(
        "hub,node,root,path,size_bytes,mtime_at,sidecar_digest,sidecar_size,first_seen_at,gone_at\n"
        "C2,vault,,svn/older/2024/05/10/010000/older.tar.gz,70000000,,,,,\n"
    )

    call_command("import_snapshots", str(csv), "-v0")

    assert current(Wanted(vault), NOW).digest != before


# Marks and bands ----------------------------------------------------------------------------


def test_open_findings_are_marked_with_their_word(vault: Replica) -> None:
    open_finding(vault.hub, "no_sidecar", replica=vault, stamp_at=NOW - 9 * DAY)

    assert ">no sidecar<" in svg(current(Wanted(vault), NOW))


def test_findings_that_closed_say_so(vault: Replica) -> None:
    open_finding(vault.hub, "gap", opened_at=NOW - 9 * DAY, closed_at=NOW - 8 * DAY)

    assert ">gap, closed<" in svg(current(Wanted(vault), NOW))


def test_findings_of_another_replica_are_not_marked(vault: Replica) -> None:
    other = make_replica(vault.hub, "attic", "copy")
    open_finding(vault.hub, "no_sidecar", replica=other, stamp_at=NOW - 9 * DAY)

    assert "no sidecar" not in svg(current(Wanted(vault), NOW))


def test_many_findings_of_a_kind_and_day_are_one_mark(vault: Replica) -> None:
    for number in range(40):
        open_finding(
            vault.hub, "no_sidecar", subject=str(number), replica=vault, stamp_at=NOW - 9 * DAY
        )

    assert ">no sidecar (40)<" in svg(current(Wanted(vault), NOW))


def test_a_repo_with_an_open_finding_is_named_before_bigger_ones(vault: Replica) -> None:
    for number in range(9):
        lay_snapshots(vault, f"svn/big{number}", every(31), size_bytes=10**9 + number)
    vault.months.all().delete()
    sum_up(vault)
    (small,) = vault.hub.repos.filter(name="env")
    assert ">tracs/env<" not in svg(current(Wanted(vault), NOW))

    open_finding(vault.hub, "shrunk", replica=vault, repo=small)
    mark_changed(vault.hub, {vault.pk})

    assert ">tracs/env<" in svg(current(Wanted(vault), NOW))


# Drawn when data change ---------------------------------------------------------------------


def looked(replica: Replica, **changes: Any) -> CollectReport:
    """Return a report of one look, for the step that draws."""
    return CollectReport(NOW, runs=[make_run(replica, NOW, **changes)])


def test_a_new_tarball_draws_what_pages_show_first(vault: Replica, drawings: Drawings) -> None:
    draw([vault.hub], looked(vault, new=1))

    assert drawings == ["C2 on vault"] * 2
    assert all(row.digest for row in (stored(vault) | stored(vault.hub)).values())
    assert {*stored(vault), *stored(vault.hub)} == {Size.WIDE, Size.NARROW, Size.SPARK}


def test_an_unchanged_look_draws_nothing(vault: Replica, drawings: Drawings) -> None:
    draw([vault.hub], looked(vault, new=1))
    drawings.clear()

    draw([vault.hub], looked(vault))

    assert drawings == []


def test_an_unchanged_look_reads_one_row_a_hub(
    vault: Replica, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    draw([vault.hub], looked(vault, new=1))
    unchanged = looked(vault)

    with django_assert_num_queries(1):
        draw([vault.hub], unchanged)


def test_only_the_replica_that_changed_is_drawn(vault: Replica, drawings: Drawings) -> None:
    attic = make_replica(vault.hub, "attic", "copy")
    draw([vault.hub], looked(attic, new=1))
    drawings.clear()

    draw([vault.hub], looked(vault, changed=1))

    assert set(drawings) == {"C2 on vault"}


def test_a_finding_that_opened_is_drawn(vault: Replica) -> None:
    draw([vault.hub], looked(vault, new=1))
    report = looked(vault)
    report.opened = [open_finding(vault.hub, "no_sidecar", replica=vault)]

    draw([vault.hub], report)

    assert "no sidecar" in svg(stored(vault)[Size.WIDE])


def test_a_range_that_nobody_asked_for_since_is_not_drawn(
    vault: Replica, drawings: Drawings
) -> None:
    current(Wanted(vault, "all"), NOW)
    drawings.clear()

    draw([vault.hub], looked(vault, new=1))

    assert len(drawings) == len(in_first_forms(vault))
    assert StoredPicture.objects.get(range_name="all").checked_at is None


def test_what_was_not_checked_for_a_day_is_checked(vault: Replica, drawings: Drawings) -> None:
    redraw(in_first_forms(vault), NOW)

    assert waiting(vault.hub, NOW + HOUR) == []
    assert waiting(vault.hub, NOW + 25 * HOUR) == [in_first_forms(vault)[::-1]]


@pytest.mark.usefixtures("cannot_draw")
def test_what_could_not_be_drawn_is_not_taken_for_what_is_so_now(vault: Replica) -> None:
    draw([vault.hub], looked(vault, new=1))

    assert stored(vault)[Size.WIDE].checked_at is None


def test_what_could_not_be_drawn_is_drawn_by_the_next_look(
    vault: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(probes.pictures, "svg_of", lambda *_, **__: 1 / 0)
        draw([vault.hub], looked(vault, new=1))

    draw([vault.hub], looked(vault))

    assert stored(vault)[Size.WIDE].digest


@pytest.mark.usefixtures("cannot_draw")
def test_a_hub_that_cannot_be_drawn_does_not_stop_another(vault: Replica) -> None:
    other = make_hub("D1")
    report = looked(vault, new=1)
    report.opened = [open_finding(other)]

    draw([vault.hub, other], report)

    assert report.undrawn == [vault.hub]
    assert stored(other)[Size.SPARK].digest


def test_one_who_has_no_time_leaves_the_pictures_to_who_asks(
    vault: Replica, drawings: Drawings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probes.pipeline.SECONDS_TO_DRAW", 0)

    draw([vault.hub], looked(vault, new=1))

    assert drawings == []
    assert current(Wanted(vault), NOW).digest


# The whole way ------------------------------------------------------------------------------


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_collect_draws_what_it_found_and_nothing_the_second_time(
    local: Replica, drawings: Drawings
) -> None:
    collect(CollectRequest())
    first = list(drawings)
    drawings.clear()

    collect(CollectRequest())

    assert (first, drawings) == (["C2 on vault"] * 2, [])


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("cannot_draw")
def test_a_drawing_that_fails_stops_neither_judging_nor_telling(local: Replica) -> None:
    report = collect(CollectRequest())

    assert report.undrawn == [local.hub]
    assert report.delivered is not None
    assert report.exit_code == EX_OK


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_judge_draws_what_it_finds(vault: Replica) -> None:
    now = timezone.now()
    lay_snapshots(vault, "svn/old", [now - timedelta(days=number) for number in range(40, 60)])

    with pytest.raises(SystemExit):
        call_command("judge", "-v0", "--no-alert")

    assert Finding.objects.exists()
    assert stored(vault.hub)[Size.SPARK].digest


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_for_what_is_not_drawn_yet_both_get_it(vault: Replica) -> None:
    together = Barrier(2, timeout=30)

    def ask() -> str:
        try:
            together.wait()
            return current(Wanted(vault), NOW).digest
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        digests = {done.result() for done in [pool.submit(ask), pool.submit(ask)]}

    assert digests == {stored(vault)[Size.WIDE].digest}


@pytest.mark.database
def test_a_removed_replica_takes_its_pictures_with_it(vault: Replica) -> None:
    redraw(in_first_forms(vault), NOW)

    remove(Replica.objects.filter(pk=vault.pk))

    assert not StoredPicture.objects.exists()
