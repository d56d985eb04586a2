"""By what the lists of the pages can be sorted: columns by their name in the URL, and the keys of lists that are made here."""

from django.db.models import DurationField, ExpressionWrapper, F

from dashboard.lists.sorting import IN_NUMBER, IN_SIZE, IN_STATE, IN_TIME, Column, Key
from dashboard.matrix.table import Cell
from dashboard.queries import WORST_FIRST as HUBS_WORST_FIRST
from dashboard.queries import HubRow
from dashboard.summary import WORST_FIRST
from hubs.models import Repo

HUB_COLUMNS = {
    "state": Column("state", ways=IN_STATE),
    "hub": Column("hub"),
    "nodes": Column("copies", falls=True, ways=IN_NUMBER),
    "looked": Column("all looked at", ways=IN_TIME),
    "newest": Column("newest backup", ways=IN_TIME),
    "open": Column("open findings", falls=True, ways=IN_NUMBER),
}
HUB_KEYS: dict[str, Key[HubRow]] = {
    "state": lambda row: HUBS_WORST_FIRST.index(row.conclusion.state),
    "hub": lambda row: row.hub.tag,
    "nodes": lambda row: row.conclusion.replicas,
    "looked": lambda row: row.conclusion.complete_at,
    "newest": lambda row: row.conclusion.newest_stamp_at,
    "open": lambda row: (row.conclusion.alarms, row.conclusion.warns, row.conclusion.notices),
}
REPO_COLUMNS = {
    "repo": Column("repo"),
    "state": Column("state", ways=IN_STATE),
    "stamp": Column("stamp", falls=True, ways=IN_TIME),
    "size": Column("size", falls=True, ways=IN_SIZE),
    "sidecar": Column("sidecar"),
}
REPO_KEYS: dict[str, Key[tuple[Repo, Cell]]] = {
    "repo": lambda shown: shown[0].path,
    "state": lambda shown: (WORST_FIRST.index(shown[1].state), shown[1].word),
    "stamp": lambda shown: shown[1].tarball and shown[1].tarball.stamp_at,
    "size": lambda shown: shown[1].tarball and shown[1].tarball.size_bytes,
    "sidecar": lambda shown: shown[1].tarball and shown[1].tarball.sidecar_state,
}
TARBALL_COLUMNS = {
    "stamp": Column(
        "stamp", ("stamp_at", "replica__node__tag"), falls=True, is_kept=True, ways=IN_TIME
    ),
    "node": Column("node", ("replica__node__tag", "stamp_at")),
    "size": Column("size", ("size_bytes", "stamp_at"), falls=True, ways=IN_SIZE),
    "sidecar": Column("sidecar", ("sidecar_state", "sidecar_kind", "stamp_at")),
    "seen": Column("first seen", ("first_seen_at", "stamp_at"), falls=True, ways=IN_TIME),
    "gone": Column("gone", ("gone_at", "stamp_at"), falls=True, ways=IN_TIME),
}
RUN_COLUMNS = {
    "started": Column("started", ("started_at",), falls=True, is_kept=True, ways=IN_TIME),
    "hub": Column("hub", ("replica__hub__tag", "started_at")),
    "node": Column("node", ("replica__node__tag", "started_at")),
    "status": Column("status", ("status", "started_at")),
    "seen": Column("seen", ("seen",), falls=True, ways=IN_NUMBER),
    "new": Column("new", ("new",), falls=True, ways=IN_NUMBER),
    "changed": Column("changed", ("changed",), falls=True, ways=IN_NUMBER),
    "gone": Column("gone", ("gone",), falls=True, ways=IN_NUMBER),
    "took": Column(
        "took",
        (ExpressionWrapper(F("finished_at") - F("started_at"), output_field=DurationField()),),
        falls=True,
        ways=("shortest first", "longest first"),
    ),
}
