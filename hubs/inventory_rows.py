"""Brings an inventory into the database, saying what that changes, and reads it out again."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from django.contrib.auth.models import Group
from django.db import models, transaction

from hubs.durations import format_duration
from hubs.inventory import (
    CALENDAR_KEYS,
    HUB_KEYS,
    MAINTENANCE_KEYS,
    NODE_KEYS,
    REPLICA_KEYS,
    CalendarEntry,
    HubEntry,
    Inventory,
    MaintenanceEntry,
    ReplicaEntry,
    Values,
)
from hubs.limits import LIMIT_NAMES
from hubs.models import (
    HolidayCalendar,
    Hub,
    Maintenance,
    Node,
    Policy,
    Replica,
    Repo,
    policy_layer,
)
from hubs.removal import describe_dependents, remove

NOT_SET: Values = {name: Policy._meta.get_field(name).get_default() for name in LIMIT_NAMES}  # type: ignore[union-attr]


Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class Change:
    """One thing that an import did: `added`, `changed` or `deleted`."""

    action: str
    what: str
    details: list[str] = field(default_factory=list)


@dataclass
class Changes:
    """All that an import did, and what it left alone although the file does not hold it."""

    done: list[Change] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def add(self, action: str, what: str, details: list[str] | None = None) -> None:
        """Note a change."""
        self.done.append(Change(action, what, details or []))

    def as_json(self) -> dict[str, Any]:
        """Return it as programs read it."""
        return asdict(self)


def node_tags() -> set[str]:
    """Return the tags of the nodes that are stored."""
    return set(Node.objects.values_list("tag", flat=True))


def hub_tags() -> set[str]:
    """Return the tags of the hubs that are stored."""
    return set(Hub.objects.values_list("tag", flat=True))


def store(
    inventory: Inventory, *, prune: bool = False, add_only: bool = False, dry_run: bool = False
) -> Changes:
    """Make the database say what the inventory says, in one transaction, and return what that changed.

    Rows that the inventory does not hold are kept, or with `prune` deleted with their history. With `add_only`
    nothing that is there is changed. With `dry_run` nothing is kept of it.
    """
    with transaction.atomic():
        changes = _Storing(add_only, prune).run(inventory)
        transaction.set_rollback(dry_run)
    return changes


class _Storing:
    """One import."""

    def __init__(self, add_only: bool, prune: bool) -> None:
        self.add_only, self.prune = add_only, prune
        self.changes = Changes()

    def run(self, inventory: Inventory) -> Changes:
        for values in inventory.nodes:
            self.row(Node, {"tag": values["tag"]}, values, f"node {values['tag']}")
        nodes = {node.tag: node for node in Node.objects.all()}
        for entry in inventory.hubs:
            self.hub(entry, nodes)
        hubs = {hub.tag: hub for hub in Hub.objects.all()}
        for window in inventory.maintenance:
            self.maintenance(window, hubs, nodes)
        for calendar in inventory.calendars:
            self.calendar(calendar, hubs, nodes)
        if not self.add_only:
            self.leftovers(inventory)
        return self.changes

    def hub(self, entry: HubEntry, nodes: dict[str, Node]) -> None:
        hub, is_new = self.row(Hub, {"tag": entry.tag}, entry.values, f"hub {entry.tag}")
        for replica in entry.replicas:
            self.replica(hub, replica, nodes[replica.node_tag])
        if is_new or not self.add_only:
            self.groups(hub, entry.groups)
            self.policy(hub, entry.policy, f"policy of hub {hub.tag}")
            self.repos(hub, entry)

    def replica(self, hub: Hub, entry: ReplicaEntry, node: Node) -> None:
        # A root that was written with a slash at its end elsewhere is the same place.
        stored = [
            replica.root
            for replica in hub.replicas.filter(node=node)
            if replica.root.rstrip("/") == entry.values["root"]
        ]
        values = entry.values | {"root": stored[0] if stored else entry.values["root"]}
        identity = {"hub": hub, "node": node, "root": values["root"]}
        self.row(Replica, identity, values, _replica_text(hub, node, values["root"]))

    def maintenance(
        self, entry: MaintenanceEntry, hubs: dict[str, Hub], nodes: dict[str, Node]
    ) -> None:
        owner = {"hub": hubs.get(entry.hub_tag), "node": nodes.get(entry.node_tag)}
        kind = "cron" if entry.values["cron"] else "starts_at"
        moment = {"cron": entry.values["cron"], kind: entry.values[kind]}
        identity = owner | {"reason": entry.values["reason"]} | moment
        self.row(Maintenance, identity, entry.values, _maintenance_text(entry))

    def calendar(self, entry: CalendarEntry, hubs: dict[str, Hub], nodes: dict[str, Node]) -> None:
        what = f"calendar {entry.name}"
        row, is_new = self.row(HolidayCalendar, {"name": entry.name}, entry.values, what)
        details = []
        for key, before, wanted in (
            ("hubs", set(row.hubs.all()), {hubs[tag] for tag in entry.hub_tags}),
            ("nodes", set(row.nodes.all()), {nodes[tag] for tag in entry.node_tags}),
        ):
            if before != wanted:
                getattr(row, key).set(wanted)
                details.append(_difference(key, _tags(before), _tags(wanted)))
        if details and not is_new:
            self.changes.add("changed", what, details)

    def groups(self, hub: Hub, names: list[str]) -> None:
        before = set(hub.groups.values_list("name", flat=True))
        if before == set(names):
            return
        groups = []
        for name in sorted(set(names)):
            group, is_new = Group.objects.get_or_create(name=name)
            groups.append(group)
            if is_new:
                self.changes.add("added", f"group {name}, with nobody in it")
        hub.groups.set(groups)
        self.changes.add("changed", f"hub {hub.tag}", [_difference("groups", before, set(names))])

    def repos(self, hub: Hub, entry: HubEntry) -> None:
        stored = {repo.path: repo for repo in hub.repos.select_related("policy")}
        for path in dict.fromkeys([*entry.select, *entry.repos]):
            if path not in stored:
                category, name = path.split("/")
                stored[path] = Repo.objects.create(
                    hub=hub, category=category, name=name, selected=path in entry.select
                )
                note = ["selected"] if stored[path].selected else []
                self.changes.add("added", f"repo {path} of {hub.tag}", note)
        for path, repo in stored.items():
            if repo.selected != (path in entry.select):
                repo.selected = path in entry.select
                repo.save(update_fields=["selected"])
                selected = "selected" if repo.selected else "no longer selected"
                self.changes.add("changed", f"repo {path} of {hub.tag}", [selected])
            wanted = entry.repos.get(path, NOT_SET)
            self.policy(repo, wanted, f"policy of repo {path} of {hub.tag}")

    def policy(self, owner: Hub | Repo, wanted: Values, what: str) -> None:
        stored = policy_layer(owner) or NOT_SET
        if stored == wanted:
            return
        details = [
            _difference(key, stored[key], wanted[key])
            for key in LIMIT_NAMES
            if stored[key] != wanted[key]
        ]
        owned_by: Values = {"hub": owner} if isinstance(owner, Hub) else {"repo": owner}
        if wanted == NOT_SET:
            Policy.objects.filter(**owned_by).delete()
        else:
            Policy.objects.update_or_create(**owned_by, defaults=wanted)
        self.changes.add("changed", what, details)

    def row(
        self, model: type[Row], identity: Values, values: Values, what: str
    ) -> tuple[Row, bool]:
        """Return the row with this identity, new or brought up to the values, and whether it is new."""
        row = model._default_manager.filter(**identity).first()
        if row is None:
            self.changes.add("added", what)
            return model._default_manager.create(**identity | values), True
        different = [key for key in values if getattr(row, key) != values[key]]
        if different and not self.add_only:
            details = [_difference(key, getattr(row, key), values[key]) for key in different]
            for key in different:
                setattr(row, key, values[key])
            row.save(update_fields=different)
            self.changes.add("changed", what, details)
        return row, False

    def leftovers(self, inventory: Inventory) -> None:
        self.leftover_plans(inventory)
        replicas = [
            replica
            for hub in inventory.hubs
            for replica in Replica.objects.filter(hub__tag=hub.tag).select_related("hub", "node")
            if (replica.node.tag, replica.root.rstrip("/")) not in {r.place for r in hub.replicas}
        ]
        for replica in replicas:
            rows = Replica.objects.filter(pk=replica.pk)
            self.leftover(rows, _replica_text(replica.hub, replica.node, replica.root))
        for tag in _absent(Hub, {hub.tag for hub in inventory.hubs}):
            self.leftover(Hub.objects.filter(tag=tag), f"hub {tag}")
        # Last, when no replica holds on to them any more.
        for tag in _absent(Node, {node["tag"] for node in inventory.nodes}):
            self.leftover(Node.objects.filter(tag=tag), f"node {tag}")

    def leftover_plans(self, inventory: Inventory) -> None:
        planned = {entry.identity for entry in inventory.maintenance}
        for pk, entry in _stored_windows().items():
            if entry.identity not in planned:
                self.leftover(Maintenance.objects.filter(pk=pk), _maintenance_text(entry))
        names = [calendar.name for calendar in inventory.calendars]
        for name in HolidayCalendar.objects.exclude(name__in=names).values_list("name", flat=True):
            self.leftover(HolidayCalendar.objects.filter(name=name), f"calendar {name}")

    def leftover(self, rows: models.QuerySet[Any], what: str) -> None:
        if not self.prune:
            self.changes.kept.append(what)
            return
        is_watched = issubclass(rows.model, Hub | Node | Replica)
        details = [f"with it go {describe_dependents(rows)}"] if is_watched else []
        self.changes.add("deleted", what, details)
        remove(rows)


def _absent(model: type[Hub] | type[Node], tags: set[str]) -> list[str]:
    stored = model._default_manager.exclude(tag__in=tags).order_by("tag")
    return list(stored.values_list("tag", flat=True))


def _replica_text(hub: Hub, node: Node, root: str) -> str:
    return f"replica of {hub.tag} on {node.tag}, {root}"


def _maintenance_text(entry: MaintenanceEntry) -> str:
    hub_tag, node_tag, reason, moment = entry.identity
    owner = f"hub {hub_tag}" if hub_tag else f"node {node_tag}"
    return f"maintenance of {owner} at {moment}: {reason}"


def _tags(rows: Iterable[Hub | Node]) -> set[str]:
    return {row.tag for row in rows}


def _difference(key: str, before: object, after: object) -> str:
    return f"{key}: {_shown(before)} -> {_shown(after)}"


def _shown(value: object) -> str:
    if value in (None, "", [], set()):
        return "not set"
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, list | set):
        return ", ".join(sorted(map(str, value)))
    return repr(value) if isinstance(value, str) else str(value)


def stored_inventory() -> Inventory:
    """Return the inventory that the database holds, in a fixed order."""
    hubs = Hub.objects.order_by("tag").select_related("policy").prefetch_related("groups")
    return Inventory(
        nodes=[_values(node, NODE_KEYS) for node in Node.objects.order_by("tag")],
        hubs=[_hub_entry(hub) for hub in hubs],
        maintenance=list(_stored_windows().values()),
        calendars=[
            CalendarEntry(
                _values(calendar, CALENDAR_KEYS),
                sorted(_tags(calendar.hubs.all())),
                sorted(_tags(calendar.nodes.all())),
            )
            for calendar in HolidayCalendar.objects.prefetch_related("hubs", "nodes")
        ],
    )


def _stored_windows() -> dict[int, MaintenanceEntry]:
    """Return the windows that are stored, by key, in an order that is the same on any database."""
    entries = {
        window.pk: MaintenanceEntry(
            window.hub.tag if window.hub else "",
            window.node.tag if window.node else "",
            _values(window, MAINTENANCE_KEYS),
        )
        for window in Maintenance.objects.select_related("hub", "node")
    }
    return dict(sorted(entries.items(), key=lambda item: tuple(map(str, item[1].identity))))


def _hub_entry(hub: Hub) -> HubEntry:
    repos = hub.repos.select_related("policy").order_by("category", "name")
    known = list(repos.filter(models.Q(selected=True) | models.Q(policy__isnull=False)))
    policies = {repo.path: policy_layer(repo) or NOT_SET for repo in known}
    replicas = hub.replicas.select_related("node").order_by("-role", "node__tag", "root")
    return HubEntry(
        values=_values(hub, HUB_KEYS),
        select=[repo.path for repo in known if repo.selected],
        groups=sorted(group.name for group in hub.groups.all()),
        policy=policy_layer(hub) or NOT_SET,
        replicas=[
            ReplicaEntry(replica.node.tag, _values(replica, REPLICA_KEYS)) for replica in replicas
        ],
        repos={path: policy for path, policy in policies.items() if policy != NOT_SET},
    )


def _values(row: models.Model, keys: Iterable[str]) -> Values:
    return {key: getattr(row, key) for key in keys}
