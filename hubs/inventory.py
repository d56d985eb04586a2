"""Takes the inventory as TOML and gives it checked, or every mistake in it with its line; writes it as TOML too.

Knows texts and values only; `inventory_rows` brings them into the database and out of it. What is allowed is
what the models allow: their fields say the type of a key, their validators refuse bad values.
"""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import tomli_w
from django.core.exceptions import ValidationError
from django.db import models

from hubs import validators
from hubs.durations import format_duration, parse_duration
from hubs.limits import LIMIT_NAMES
from hubs.models import HolidayCalendar, Hub, Maintenance, Node, Policy, Replica
from hubs.names import to_bytes, to_text
from hubs.planned import tidy_days
from hubs.toml_lines import Place, TomlLines

NODE_KEYS = (
    "tag",
    "host",
    "port",
    "user",
    "identity_file",
    "known_hosts",
    "jump_host",
    "transport",
    "site",
    "connect_timeout",
    "command_timeout",
    "time_zone",
)
HUB_KEYS = ("tag", "name", "title", "time_zone", "message", "report_url", "contacts")
REPLICA_KEYS = ("root", "role", "enabled")
MAINTENANCE_KEYS = ("reason", "author", "starts_at", "ends_at", "cron", "duration", "enabled")
CALENDAR_KEYS = ("name", "days")
LONGEST = timedelta(days=36_500)

Values = dict[str, Any]
Table = Mapping[str, Any]


@dataclass(frozen=True)
class ReplicaEntry:
    """One `[[hub.replica]]`; the root in its values has no slash at the end."""

    node_tag: str
    values: Values

    @property
    def place(self) -> tuple[str, str]:
        """What tells it from the other replicas of its hub."""
        return self.node_tag, self.values["root"]


@dataclass(frozen=True)
class HubEntry:
    """One `[[hub]]` with all that is below it."""

    values: Values
    select: list[str]
    groups: list[str]
    policy: Values
    replicas: list[ReplicaEntry]
    repos: dict[str, Values]  # path to policy

    @property
    def tag(self) -> str:
        """What it is called everywhere."""
        return str(self.values["tag"])


@dataclass(frozen=True)
class MaintenanceEntry:
    """One `[[maintenance]]`, of a hub or of a node; the other tag is empty."""

    hub_tag: str
    node_tag: str
    values: Values

    @property
    def identity(self) -> tuple[str, str, str, object]:
        """What tells it from the other windows."""
        moment = self.values["cron"] or self.values["starts_at"]
        return self.hub_tag, self.node_tag, self.values["reason"], moment


@dataclass(frozen=True)
class CalendarEntry:
    """One `[[calendar]]` and whose it is."""

    values: Values
    hub_tags: list[str]
    node_tags: list[str]

    @property
    def name(self) -> str:
        """What tells it from the other calendars."""
        return str(self.values["name"])


@dataclass(frozen=True)
class Inventory:
    """A whole inventory; `values` and policies hold every key, with its default where it was not written."""

    nodes: list[Values]
    hubs: list[HubEntry]
    maintenance: list[MaintenanceEntry] = field(default_factory=list)
    calendars: list[CalendarEntry] = field(default_factory=list)


class InventoryError(Exception):
    """Everything that is wrong with an inventory."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def read_file(
    path: Path, known_nodes: Collection[str] = (), known_hubs: Collection[str] = ()
) -> Inventory:
    """Return the inventory that a TOML file holds; it may name known nodes and hubs besides its own.

    Raises InventoryError with every mistake.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        document = tomllib.loads(text)
    except OSError as problem:
        raise InventoryError([f"{path}: {problem.strerror or problem}"]) from None
    except UnicodeDecodeError as problem:
        line = problem.object.count(b"\n", 0, problem.start) + 1
        raise InventoryError([f"{path}:{line}: this is not UTF-8 text"]) from None
    except tomllib.TOMLDecodeError as problem:
        at = re.search(r" \(at line (\d+)", str(problem))
        line = int(at[1]) if at else text.count("\n") + 1
        raise InventoryError([f"{path}:{line}: this is not TOML: {problem}"]) from None
    except RecursionError:
        raise InventoryError([f"{path}: nested too deeply"]) from None
    return check(document, known_nodes, str(path), TomlLines(text), known_hubs)


def check(
    document: Table,
    known_nodes: Collection[str],
    source: str,
    lines: TomlLines | None = None,
    known_hubs: Collection[str] = (),
) -> Inventory:
    """Return the inventory that a parsed document means.

    Raises InventoryError with every mistake, each with the source it came from and its line if lines are known.
    """
    checker = _Checker(source, lines)
    inventory = checker.inventory(document, known_nodes, known_hubs)
    if checker.problems:
        raise InventoryError([text for _, text in sorted(checker.problems)])
    return inventory


class _Checker:
    """Reads tables into entries and notes what is wrong instead of stopping."""

    def __init__(self, source: str, lines: TomlLines | None) -> None:
        self.source, self.lines = source, lines
        self.problems: list[tuple[int, str]] = []

    def problem(self, place: Place, text: str) -> None:
        line = self.lines.of(place) if self.lines else 0
        where = f"{self.source}:{line}" if line else self.source
        self.problems.append((line, f"{where}: {_spoken(place)}: {text}"))

    # --- tables ---

    def inventory(
        self, document: Table, known_nodes: Collection[str], known_hubs: Collection[str]
    ) -> Inventory:
        self.refuse_unknown((), document, ("node", "hub", "maintenance", "calendar"))
        nodes = [self.node(*table) for table in self.tables((), document, "node")]
        node_tags = {node["tag"] for node in nodes} | set(known_nodes)
        hubs = [self.hub(*table, node_tags) for table in self.tables((), document, "hub")]
        tags = {"hub": {hub.tag for hub in hubs} | set(known_hubs), "node": node_tags}
        windows = self.tables((), document, "maintenance")
        maintenance = [self.maintenance(*table, tags) for table in windows]
        calendars = [self.calendar(*table, tags) for table in self.tables((), document, "calendar")]
        self.refuse_twice({("node", i, "tag"): node["tag"] for i, node in enumerate(nodes)})
        self.refuse_twice({("hub", i, "tag"): hub.tag for i, hub in enumerate(hubs)})
        self.refuse_twice(
            {("maintenance", i): _window_name(entry) for i, entry in enumerate(maintenance)}
        )
        self.refuse_twice({("calendar", i, "name"): each.name for i, each in enumerate(calendars)})
        return Inventory(nodes, hubs, maintenance, calendars)

    def maintenance(
        self, place: Place, table: Table, tags: Mapping[str, Collection[str]]
    ) -> MaintenanceEntry:
        self.refuse_unknown(place, table, ("hub", "node", *MAINTENANCE_KEYS))
        owners = [key for key in tags if key in table]
        if len(owners) != 1:
            self.problem(place, "give either a hub or a node")
        named = {key: self.text(place, table, key) for key in owners}
        for key, tag in named.items():
            self.known((*place, key), key, tag, tags[key])
        values = self.values(place, table, Maintenance, MAINTENANCE_KEYS, required="reason")
        return MaintenanceEntry(named.get("hub", ""), named.get("node", ""), values)

    def calendar(
        self, place: Place, table: Table, tags: Mapping[str, Collection[str]]
    ) -> CalendarEntry:
        self.refuse_unknown(place, table, (*CALENDAR_KEYS, "hubs", "nodes"))
        values = self.values(place, table, HolidayCalendar, CALENDAR_KEYS, required="name")
        owners = {}
        for key, known in tags.items():
            here = (*place, f"{key}s")
            owners[key] = sorted(set(self.texts(here, table.get(f"{key}s", []))))
            for tag in owners[key]:
                self.known(here, key, tag, known)
        values["days"] = tidy_days(values["days"])
        return CalendarEntry(values, owners["hub"], owners["node"])

    def known(self, place: Place, kind: str, tag: str, known: Collection[str]) -> None:
        if tag and tag not in known:
            self.problem(place, f"there is no {kind} {tag!r}")

    def node(self, place: Place, table: Table) -> Values:
        self.refuse_unknown(place, table, NODE_KEYS)
        return self.values(place, table, Node, NODE_KEYS, required="tag")

    def hub(self, place: Place, table: Table, node_tags: Collection[str]) -> HubEntry:
        self.refuse_unknown(
            place, table, (*HUB_KEYS, "select", "groups", "policy", "replica", "repo")
        )
        repos = [self.repo(*repo) for repo in self.tables(place, table, "repo")]
        replicas = [
            self.replica(*replica, node_tags) for replica in self.tables(place, table, "replica")
        ]
        self.refuse_twice({(*place, "repo", i, "path"): path for i, (path, _) in enumerate(repos)})
        self.refuse_twice(
            {(*place, "replica", i): ":".join(entry.place) for i, entry in enumerate(replicas)}
        )
        return HubEntry(
            values=self.values(place, table, Hub, HUB_KEYS, required="tag"),
            select=self.select(place, table),
            groups=self.texts((*place, "groups"), table.get("groups", [])),
            policy=self.policy(place, table),
            replicas=replicas,
            repos=dict(repos),
        )

    def replica(self, place: Place, table: Table, node_tags: Collection[str]) -> ReplicaEntry:
        self.refuse_unknown(place, table, ("node", *REPLICA_KEYS))
        values = self.values(place, table, Replica, REPLICA_KEYS, required="root")
        node_tag = self.text(place, table, "node")
        self.known((*place, "node"), "node", node_tag, node_tags)
        return ReplicaEntry(node_tag, values | {"root": values["root"].rstrip("/")})

    def repo(self, place: Place, table: Table) -> tuple[str, Values]:
        self.refuse_unknown(place, table, ("path", "policy"))
        path = self.text(place, table, "path")
        if path:
            self.repo_path((*place, "path"), path)
        return path, self.policy(place, table)

    def select(self, place: Place, table: Table) -> list[str]:
        here = (*place, "select")
        paths = self.texts(here, table.get("select", []))
        for path in paths:
            self.repo_path(here, path)
        for path in sorted({path for path in paths if paths.count(path) > 1}):
            self.problem(here, f"{path!r} is there twice")
        return paths

    def policy(self, owner: Place, owner_table: Table) -> Values:
        place, table = (*owner, "policy"), owner_table.get("policy", {})
        if not isinstance(table, dict):
            self.problem(place, "write a table here")
            table = {}
        self.refuse_unknown(place, table, LIMIT_NAMES)
        return self.values(place, table, Policy, LIMIT_NAMES)

    # --- what they are made of ---

    def tables(self, place: Place, table: Table, key: str) -> Iterator[tuple[Place, Table]]:
        entries = table.get(key, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            names = [part for part in (*place, key) if isinstance(part, str)]
            self.problem((*place, key), f"write this as [[{'.'.join(names)}]]")
            return
        for number, entry in enumerate(entries):
            yield (*place, key, number), entry

    def values(
        self,
        place: Place,
        table: Table,
        model: type[models.Model],
        keys: Collection[str],
        required: str = "",
    ) -> Values:
        """Return a value for each key, the model's default where it is absent or wrong."""
        values: Values = {}
        wrong = {each.name for each in model._meta.fields if each.name not in keys}
        for key in keys:
            model_field: models.Field[Any, Any] = model._meta.get_field(key)  # type: ignore[assignment]
            values[key] = model_field.get_default()
            try:
                if key in table:
                    values[key] = _value(model_field, table[key])
                elif key == required:
                    raise ValueError("this key is missing")
            except ValueError as problem:
                wrong.add(key)
                self.problem((*place, key), str(problem))
        try:
            model(**values).full_clean(wrong, validate_unique=False, validate_constraints=False)
        except ValidationError as errors:
            for key, messages in errors.message_dict.items():
                for message in messages if key not in wrong else []:
                    self.problem((*place, key), f"{message}{_quoted(table.get(key))}")
        return values

    def text(self, place: Place, table: Table, key: str) -> str:
        value = table.get(key)
        if isinstance(value, str) and value:
            return value
        self.problem(
            (*place, key), "this key is missing" if value is None else "write a text in quotes"
        )
        return ""

    def texts(self, place: Place, value: object) -> list[str]:
        try:
            return _texts(value)
        except ValueError as problem:
            self.problem(place, str(problem))
            return []

    def repo_path(self, place: Place, path: str) -> None:
        try:
            validators.repo_path(path)
        except ValidationError as error:
            self.problem(place, error.messages[0])
            return
        if (as_stored := to_text(to_bytes(path))) != path:
            self.problem(place, f"{path!r} must be written {as_stored!r}")

    def refuse_unknown(self, place: Place, table: Table, known: Collection[str]) -> None:
        for key in table:
            if key not in known:
                self.problem((*place, key), f"unknown key; known are {', '.join(sorted(known))}")

    def refuse_twice(self, texts: Mapping[Place, str]) -> None:
        first: dict[str, Place] = {}
        for place, text in texts.items():
            if text and first.setdefault(text, place) != place:
                before = f" on line {self.lines.of(first[text])}" if self.lines else " before"
                self.problem(place, f"{text!r} is there already{before}")


def _window_name(entry: MaintenanceEntry) -> str:
    hub_tag, node_tag, reason, moment = entry.identity
    return f"{reason} of {hub_tag or node_tag} at {moment}" if reason and moment else ""


def _spoken(place: Place) -> str:
    """Return a place in words, for instance `hub 2, replica 1, root`."""
    words: list[str] = []
    for part in place:
        if isinstance(part, int):
            words[-1] += f" {part + 1}"
        else:
            words.append(part)
    return ", ".join(words) or "file"


def _quoted(value: object) -> str:
    # What is long may be a pasted key, which has no business in a log.
    text = repr(value)
    return f" It is {text}." if value and len(text) <= 60 and "BEGIN" not in text else ""


def _value(model_field: "models.Field[Any, Any]", value: object) -> Any:
    """Return a TOML value as a field wants it; raises ValueError when it is of another type."""
    if isinstance(model_field, models.DurationField):
        return _duration(value)
    if isinstance(model_field, models.DateTimeField):
        return _moment(value)
    if isinstance(model_field, models.JSONField):
        return _texts(value)
    if isinstance(model_field, models.BooleanField):
        if not isinstance(value, bool):
            raise ValueError("write true or false")
        return value
    if isinstance(model_field, models.IntegerField):
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"write a whole number, not {value!r}")
        return value
    return _text(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"write a text in quotes, not {value!r}")
    if "\0" in value:
        raise ValueError("a text may not hold the character NUL")
    return value


def _texts(value: object) -> list[str]:
    if not isinstance(value, list):
        raise ValueError("write a list of texts in quotes")
    return [_text(each) for each in value]


def _moment(value: object) -> datetime:
    try:
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value.astimezone(UTC)
    except OverflowError:
        pass
    raise ValueError("write a time with its offset and without quotes: 2026-12-24T22:00:00Z")


def _duration(value: object) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"write a duration such as '10s' or a whole number of seconds: {value!r}")
    try:
        duration = timedelta(seconds=value) if isinstance(value, int) else parse_duration(value)
    except OverflowError:
        duration = timedelta.max
    if duration > LONGEST:
        raise ValueError(f"{value!r} is longer than a hundred years")
    return duration


def write(inventory: Inventory) -> str:
    """Return the TOML text of an inventory: what is not the default, always in the same order."""
    parts = [_section("[[node]]", _written(Node, node)) for node in inventory.nodes]
    for hub in inventory.hubs:
        lists = {"select": hub.select, "groups": hub.groups}
        parts.append(
            _section("[[hub]]", _written(Hub, hub.values) | {k: v for k, v in lists.items() if v})
        )
        if policy := _written(Policy, hub.policy):
            parts.append(_section("[hub.policy]", policy))
        for replica in hub.replicas:
            values = {"node": replica.node_tag} | _written(Replica, replica.values)
            parts.append(_section("[[hub.replica]]", values))
        for path, policy in hub.repos.items():
            parts.append(_section("[[hub.repo]]", {"path": path}))
            parts.append(_section("[hub.repo.policy]", _written(Policy, policy)))
    for window in inventory.maintenance:
        owner = {"hub": window.hub_tag} if window.hub_tag else {"node": window.node_tag}
        parts.append(_section("[[maintenance]]", owner | _written(Maintenance, window.values)))
    for calendar in inventory.calendars:
        owners = {"hubs": calendar.hub_tags, "nodes": calendar.node_tags}
        values = _written(HolidayCalendar, calendar.values)
        parts.append(
            _section("[[calendar]]", values | {k: v for k, v in owners.items() if v}, long=True)
        )
    return "\n".join(parts)


def _written(model: type[models.Model], values: Values) -> Values:
    return {
        key: format_duration(value) if isinstance(value, timedelta) else value
        for key, value in values.items()
        if value != model._meta.get_field(key).get_default()  # type: ignore[union-attr]
    }


def _section(header: str, values: Values, *, long: bool = False) -> str:
    """Return a table's text; with `long`, texts of several lines are written on several lines."""
    return f"{header}\n{tomli_w.dumps(values, multiline_strings=long)}"
