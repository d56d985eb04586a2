"""The numbers of a plot: which tarballs, which days, how many points."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from hubs.models import Replica
from hubs.names import key
from probes.draw.reading import MOST_TARBALLS
from probes.draw.series import MOST_DAYS, MOST_SIZES, Plot, Window, plot, plot_of_repo
from probes.models import RepoMonth, TarballSnapshot
from tests.estate import DAY, HOUR, NOW, every, lay_snapshots, make_hub, make_replica, make_repo
from tests.months import sum_up

pytestmark = pytest.mark.django_db

YEARS = 3_650


@pytest.fixture
def vault() -> Replica:
    return make_replica(make_hub())


def drawn(replica: Replica, range_name: str = "1m") -> Plot:
    sum_up(replica)
    return plot(replica, range_name, NOW)


def test_a_month_is_counted_back_from_the_newest_tarball(vault: Replica) -> None:
    lay_snapshots(vault, stamps=every(90, newest=10 * DAY))

    month = drawn(vault)

    assert (month.begin, month.end) == (date(2024, 4, 5), date(2024, 5, 5))
    assert len(month.sizes[0].points) == 31


def test_sizes_are_exact_and_at_their_stamps(vault: Replica) -> None:
    lay_snapshots(vault, stamps=[NOW - HOUR], size_bytes=9_007_199_254_740_993)

    assert drawn(vault).sizes[0].points == [(int((NOW - HOUR).timestamp()), 9_007_199_254_740_993)]


@pytest.mark.parametrize("range_name", ["1m", "3m", "6m", "1y", "all"])
def test_a_truncated_tarball_is_seen_in_every_range(vault: Replica, range_name: str) -> None:
    tarballs = lay_snapshots(vault, stamps=every(YEARS))
    TarballSnapshot.objects.filter(pk=tarballs[-20].pk).update(size_bytes=12)

    sizes = [size for _, size in drawn(vault, range_name).sizes[0].points]

    assert 12 in sizes


def test_ten_years_have_no_more_points_than_a_screen(vault: Replica) -> None:
    lay_snapshots(vault, stamps=every(YEARS))

    ten_years = drawn(vault, "all")

    assert len(ten_years.sizes[0].points) <= MOST_SIZES
    assert len(ten_years.day_counts) <= MOST_DAYS


@pytest.mark.parametrize("range_name", ["1m", "1y", "all"])
def test_what_it_costs_does_not_depend_on_the_number_of_repos(
    vault: Replica, range_name: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        lay_snapshots(vault, f"svn/repo{number}", every(500, 2 * DAY))
    sum_up(vault)

    with django_assert_max_num_queries(6):
        plot(vault, range_name, NOW)


def test_selected_repos_are_drawn_and_every_tarball_is_counted(vault: Replica) -> None:
    lay_snapshots(vault, "svn/kept", [NOW - HOUR])
    lay_snapshots(vault, "svn/other", [NOW - HOUR])
    make_repo(vault.hub, "svn/kept", selected=True)

    both = drawn(vault)

    assert [series.repo for series in both.sizes] == ["svn/kept"]
    assert both.day_counts[-1][1] == 2


def test_a_day_without_a_tarball_is_drawn_as_zero(vault: Replica) -> None:
    lay_snapshots(vault, stamps=[NOW - 3 * DAY, NOW])

    assert [count for _, count in drawn(vault).day_counts][-4:] == [1, 0, 0, 1]


def test_days_are_those_of_the_hub() -> None:
    vault = make_replica(make_hub(zone="Asia/Taipei"))
    lay_snapshots(vault, stamps=[datetime(2024, 5, 14, 17, tzinfo=UTC)])  # the 15th in Taipei

    (begins, count) = drawn(vault).day_counts[-1]

    assert datetime.fromtimestamp(begins, UTC) == datetime(2024, 5, 14, 16, tzinfo=UTC)
    assert count == 1


@pytest.mark.parametrize("night", [date(2024, 3, 31), date(2024, 10, 27)])
def test_a_day_of_changing_clocks_is_one_day(night: date) -> None:
    vault = make_replica(make_hub(zone="Europe/Paris"))
    noon = datetime(night.year, night.month, night.day, 12, tzinfo=UTC)
    lay_snapshots(vault, stamps=[noon + number * DAY for number in (-1, 0, 1)])
    sum_up(vault)

    days = plot(vault, "1m", noon + 2 * DAY).day_counts

    assert [count for _, count in days][-3:] == [1, 1, 1]
    assert days[-1][0] - days[-2][0] in (23 * 3600, 25 * 3600)


def test_a_stamp_in_the_future_does_not_move_the_range(vault: Replica) -> None:
    lay_snapshots(vault, stamps=[NOW - HOUR, NOW + timedelta(days=900)])

    assert drawn(vault).end == NOW.date()


def test_a_replica_without_tarballs_has_an_empty_plot(vault: Replica) -> None:
    nothing = plot(vault, "all", NOW)

    assert (nothing.sizes, nothing.day_counts, nothing.end) == ([], [], None)


@pytest.mark.parametrize(("policy", "expected"), [({}, None), ({"expected_per_day": 2}, 4)])
def test_what_is_expected_a_day_is_the_sum_over_judged_repos(
    policy: dict[str, Any], expected: int | None
) -> None:
    vault = make_replica(make_hub(**policy))
    lay_snapshots(vault, "svn/one", [NOW])
    lay_snapshots(vault, "svn/two", [NOW])

    assert drawn(vault).expected_per_day == expected


def test_two_directories_of_one_month_are_drawn_in_the_order_of_time(vault: Replica) -> None:
    lay_snapshots(vault, stamps=every(200))
    sum_up(vault)
    RepoMonth.objects.create(
        replica=vault,
        repo=make_repo(vault.hub),
        directory="moved/tracs/env/2024/03",
        directory_key=key("moved/tracs/env/2024/03"),
        starts_on=date(2024, 3, 1),
        fine_points=[[int((NOW - 70 * DAY).timestamp()), 7]],
    )

    points = plot(vault, "6m", NOW).sizes[0].points

    assert points == sorted(points)
    assert 7 in [size for _, size in points]


def test_a_short_window_has_every_tarball_of_a_dense_history(vault: Replica) -> None:
    lay_snapshots(vault, stamps=every(3_000, step=HOUR))
    sum_up(vault)
    then = (NOW - 60 * DAY).date()

    whole, window = plot(vault, "all", NOW), plot(vault, Window(then, then), NOW)

    assert (whole.is_whole, window.is_whole) == (False, True)
    assert len(window.sizes[0].points) == 24


def test_too_many_tarballs_are_read_by_month(vault: Replica) -> None:
    lay_snapshots(vault, stamps=every(MOST_TARBALLS + 500, step=HOUR / 2))
    sum_up(vault)

    dense = plot(vault, "3m", NOW)

    assert not dense.is_whole
    assert len(dense.sizes[0].points) <= MOST_SIZES
    assert sum(count for _, count in dense.day_counts) == MOST_TARBALLS + 500


def test_months_that_hold_every_tarball_leave_none_out(vault: Replica) -> None:
    lay_snapshots(vault, stamps=every(300))

    assert drawn(vault, "1y").is_whole


def test_a_repo_on_its_replicas_costs_as_many_queries_whatever_their_number(
    vault: Replica, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    replicas = [make_replica(vault.hub, f"node{number}") for number in range(9)]
    for replica in replicas:
        lay_snapshots(replica, stamps=every(200))
        sum_up(replica)
    repo = make_repo(vault.hub)

    with django_assert_max_num_queries(8):
        overlaid = plot_of_repo(repo, replicas, "all", NOW)

    assert [series.repo for series in overlaid.sizes] == [one.node.tag for one in replicas]
