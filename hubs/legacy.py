"""Takes the text of the original `.scm_monitor.cnf` and `.libfab.cnf`, gives hubs and nodes as an inventory document.

Pure. Keys are case-sensitive. Percent signs and environment variables stay as they are written, but for
`%(srvnode)s` in a report URL; the keys that named the original's own files (`dbpath`, `jspath`) are not needed.
"""

import configparser
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email

from hubs import validators
from hubs.inventory import InventoryError

GUESSED_BASE = "/var/scm/backup"
HUB_SECTIONS = ("HUB", "HOSTS")
MONITOR_KEYS = ("srvnode", "dbpath", "jspath", "select", "reporturl", "message", "email")


@dataclass(frozen=True)
class LegacyHub:
    """A hub as the two files describe it."""

    tag: str
    server: str  # `srvnode`, the name of its folder below `backup/`; empty where no file says it
    message: str = ""
    report_url: str = ""
    select: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    node_tags: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The name of its folder as far as it is known."""
        return self.server or self.tag


@dataclass(frozen=True)
class Legacy:
    """What both files say together, and what a person should know about how they were understood."""

    hubs: list[LegacyHub]
    connect_timeout_seconds: int | None
    warnings: list[str] = field(default_factory=list)


def read(monitor_text: str = "", libfab_text: str = "") -> Legacy:
    """Return what the texts of `.scm_monitor.cnf` and `.libfab.cnf` say; either may be empty.

    Raises InventoryError when one is not such a file.
    """
    monitor = _parsed(monitor_text, ".scm_monitor.cnf")
    libfab = _parsed(libfab_text, ".libfab.cnf")
    node_tags = {
        hub: tuple(tags.split())
        for section in HUB_SECTIONS
        if libfab.has_section(section)
        for hub, tags in libfab.items(section)
    }
    warnings = [
        f".libfab.cnf: the settings of [{section}] are not taken over"
        for section in libfab.sections()
        if section not in (*HUB_SECTIONS, "ENV")
    ]
    hubs = []
    for tag in dict.fromkeys([*monitor.sections(), *node_tags]):
        keys = dict(monitor.items(tag)) if monitor.has_section(tag) else {}
        hubs.append(_hub(tag, keys, node_tags.get(tag, ()), warnings))
    return Legacy(hubs, _timeout_seconds(libfab, warnings), warnings)


def document(
    legacy: Legacy, time_zone: str, roots: Mapping[tuple[str, str], Collection[str]]
) -> tuple[dict[str, Any], list[str]]:
    """Return the inventory document that `hubs.inventory.check` takes, and warnings about what was guessed.

    `roots` holds what is known of the directories of a hub (by tag) on a node (by tag), the current one first.
    """
    warnings: list[str] = []
    timeout = legacy.connect_timeout_seconds
    timeouts = {} if timeout is None else {"connect_timeout": timeout}
    tags = dict.fromkeys(tag for hub in legacy.hubs for tag in hub.node_tags)
    if tags:
        warnings.append(
            "hosts of nodes: their tags are taken as host names or aliases; name the ssh_config file that "
            "knows the aliases in SCMMON_SSH_CONFIG, or write the hosts"
        )
    nodes = [{"tag": tag} | _address(tag, warnings) | timeouts for tag in tags]
    hubs = [
        {
            "tag": hub.tag,
            "name": hub.server,
            "time_zone": time_zone,
            "message": hub.message,
            "report_url": hub.report_url,
            "select": list(hub.select),
            "contacts": list(hub.contacts),
            "replica": [
                replica
                for tag in dict.fromkeys(hub.node_tags)
                for replica in _replicas(hub, tag, roots.get((hub.tag, tag), ()), warnings)
            ],
        }
        for hub in legacy.hubs
    ]
    return {"node": nodes, "hub": hubs}, warnings


def _parsed(text: str, name: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text, name)
    except configparser.Error as problem:
        raise InventoryError([f"{name}: {' '.join(str(problem).split())}"]) from None
    return parser


def _hub(
    tag: str, keys: Mapping[str, str], node_tags: tuple[str, ...], warnings: list[str]
) -> LegacyHub:
    def warn(text: str) -> None:
        warnings.append(f"hub {tag}: {text}")

    server = keys.get("srvnode", "")
    if not server:
        warn("no srvnode in .scm_monitor.cnf, so the name of its server is not known")
    if not node_tags:
        warn("no nodes in .libfab.cnf, so it has no replicas")
    for key in keys.keys() - set(MONITOR_KEYS):
        warn(f"the key {key} is not taken over")
    return LegacyHub(
        tag=tag,
        server=server,
        message=_unquoted(keys.get("message", "")),
        report_url="".join(
            _good([_report_url(keys, server)], URLValidator(["http", "https"]), warn)
        ),
        select=_good(keys.get("select", "").split(), validators.repo_path, warn),
        contacts=_good(re.findall(r"[^\s,]+", keys.get("email", "")), validate_email, warn),
        node_tags=node_tags,
    )


def _report_url(keys: Mapping[str, str], server: str) -> str:
    return keys.get("reporturl", "").replace("%(srvnode)s", server)


def _unquoted(text: str) -> str:
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1].strip() if is_quoted else text


def _good(texts: Collection[str], validator: Any, warn: Any) -> tuple[str, ...]:
    """Return the texts that are valid, once each, and warn about the others."""
    good = {}
    for text in filter(None, texts):
        try:
            validator(text)
            good[text] = True
        except ValidationError as error:
            warn(f"{text!r} is not taken over: {error.messages[0]}")
    return tuple(good)


def _timeout_seconds(libfab: configparser.RawConfigParser, warnings: list[str]) -> int | None:
    text = libfab.get("ENV", "timeout", fallback="")
    if not text:
        return None
    if text.isdecimal() and int(text):
        return int(text)
    warnings.append(f".libfab.cnf: the timeout {text!r} is not a number of seconds: not taken over")
    return None


def _address(tag: str, warnings: list[str]) -> dict[str, Any]:
    host, colon, port = tag.partition(":")
    if not colon:
        return {"host": tag}
    if port.isdecimal() and 0 < int(port) < 65536:
        warnings.append(f"node {tag}: taken as host {host}, port {port}")
        return {"host": host, "port": int(port)}
    warnings.append(f"node {tag}: taken as host {host}, port 22")
    return {"host": host}


def _replicas(
    hub: LegacyHub, node_tag: str, roots: Collection[str], warnings: list[str]
) -> list[dict[str, Any]]:
    current, *others = roots or [f"{GUESSED_BASE}/{hub.folder}"]
    where = f"hub {hub.tag} on node {node_tag}"
    if not roots:
        warnings.append(f"{where}: check its root, {current} is a guess")
    if others:
        warnings.append(
            f"{where}: its tarballs moved to {current}; check which replicas are enabled"
        )
    return [
        {"node": node_tag, "root": root, "role": "copy", "enabled": root == current}
        for root in [current, *others]
    ]
