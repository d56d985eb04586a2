"""Removing a hub says what goes with it, and takes all of that and nothing else."""

import pytest

from hubs.models import Hub, Policy, Replica, Repo
from hubs.removal import dependent_counts, describe_dependents, remove
from probes.models import CollectRun, TarballSnapshot
from tests.estate import every, lay_snapshots, make_hub, make_replica, make_run

pytestmark = pytest.mark.django_db


def hub_with_history(tag: str) -> Hub:
    hub = make_hub(tag, cadence="1d")
    replica = make_replica(hub)
    make_run(replica)
    lay_snapshots(replica, stamps=every(3))
    return hub


def test_each_row_is_counted_once() -> None:
    hub = hub_with_history("C2")

    counts = dependent_counts(Hub.objects.filter(pk=hub.pk))

    assert counts["tarball snapshots"] == 3


def test_a_hub_without_history_says_so() -> None:
    hub = make_hub("C2")

    assert describe_dependents(Hub.objects.filter(pk=hub.pk)) == "no history"


def test_all_that_hangs_on_a_hub_goes() -> None:
    hub = hub_with_history("C2")

    remove(Hub.objects.filter(pk=hub.pk))

    models = (Hub, Policy, Replica, Repo, CollectRun, TarballSnapshot)
    assert [model for model in models if model.objects.exists()] == []


def test_another_hub_stays_whole() -> None:
    gone, stays = hub_with_history("C2"), hub_with_history("G")

    remove(Hub.objects.filter(pk=gone.pk))

    assert TarballSnapshot.objects.filter(replica__hub=stays).count() == 3
