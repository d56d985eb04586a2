"""How many tarballs are there, as ingest keeps it in rows of months: for tests of rules that count."""

from django.db.models import Count

from hubs.models import Hub
from hubs.names import key
from probes.models import RepoMonth, TarballSnapshot
from tests.estate import NOW


def count_present(hub: Hub) -> None:
    """Store, in one row for each repo on each replica of a hub, how many tarballs are there."""
    RepoMonth.objects.filter(replica__hub=hub).delete()
    snapshots = TarballSnapshot.objects.filter(replica__hub=hub, gone_at=None).order_by()
    counts = snapshots.values_list("replica", "repo").annotate(Count("pk"))
    RepoMonth.objects.bulk_create(
        RepoMonth(
            replica_id=replica_id,
            repo_id=repo_id,
            directory="all",
            directory_key=key(f"{repo_id}"),
            starts_on=NOW.date().replace(day=1),
            tarballs=count,
        )
        for replica_id, repo_id, count in counts
    )
