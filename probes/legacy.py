"""Takes the original SQLite table `tgzs`, gives past tarballs by the replica that held them.

The file is opened read-only. Its sizes are MB (2**20 bytes) as `du` rounded them up, so the bytes are only as exact
as that; the column `date` must agree with the stamp in the path, which is what counts.
"""

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hubs.inventory import InventoryError
from hubs.legacy import LegacyHub
from hubs.models import Replica
from hubs.names import to_text
from probes.look.layout import split_place, stamp_text
from probes.look.observation import Observation

QUERY = "SELECT nodepath, node, date, size FROM tgzs ORDER BY node, nodepath"


@dataclass(frozen=True)
class OldTarball:
    """One row of the table."""

    node_tag: str
    path: bytes  # absolute
    stamp_text: str
    size_bytes: int


@dataclass
class OldTable:
    """The rows that can be understood, and what is wrong with each of the others."""

    tarballs: list[OldTarball] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@dataclass
class Shares:
    """Past tarballs by the key of their replica, and how many are no replica's, by node and directory."""

    observations: dict[int, list[Observation]]
    unclaimed: Counter[tuple[str, str]]


def read_table(file: Path) -> OldTable:
    """Return what the table `tgzs` of an SQLite file holds; raises InventoryError when it cannot be read."""
    table = OldTable()
    try:
        with closing(
            sqlite3.connect(f"file:{quote(str(file.absolute()))}?mode=ro", uri=True)
        ) as database:
            database.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
            for row in database.execute(QUERY):
                try:
                    table.tarballs.append(_tarball(*row))
                except ValueError as problem:
                    table.refused.append(f"row {row[0]!r}: {problem}")
    except sqlite3.Error as problem:
        raise InventoryError([f"{file}: {problem}"]) from None
    return table


def _tarball(nodepath: Any, node: Any, date: Any, size_mb: Any) -> OldTarball:
    if not isinstance(nodepath, str) or not isinstance(node, str):
        raise ValueError("nodepath and node must be texts")
    if not nodepath.startswith(f"{node}:/"):
        raise ValueError(f"it does not begin with its node and an absolute path: {node!r}")
    path = nodepath.removeprefix(f"{node}:").encode("utf-8", "surrogateescape")
    place = split_place(path)
    if place is None:
        raise ValueError("the path does not end in category/name/YYYY/MM/DD/HHMMSS/file")
    stamp = stamp_text(*place)
    if re.sub(r"\D", "", str(date))[:14] != re.sub(r"\D", "", stamp):
        raise ValueError(f"its date {date!r} is not the stamp in its path")
    if not isinstance(size_mb, int | float) or not 0 <= size_mb < 2**40:
        raise ValueError(f"{size_mb!r} is not a size")
    return OldTarball(node, path, stamp, round(size_mb * 2**20))


def known_roots(
    hubs: Iterable[LegacyHub], tarballs: Iterable[OldTarball]
) -> dict[tuple[str, str], list[str]]:
    """Return the directories that held a hub's tarballs, by the tags of hub and node, the latest first.

    A root is what goes up to and including the folder that has the name of the hub's server.
    """
    hubs_on = defaultdict(list)
    for hub in hubs:
        for tag in set(hub.node_tags):
            hubs_on[tag].append(hub)
    newest: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for tarball in tarballs:
        for hub in hubs_on[tarball.node_tag]:
            root = _up_to(tarball.path, hub.folder.encode())
            if root:
                stamps = newest[hub.tag, tarball.node_tag]
                stamps[root] = max(stamps.get(root, ""), tarball.stamp_text)
    return {
        place: sorted(stamps, key=lambda root: stamps[root], reverse=True)
        for place, stamps in newest.items()
    }


def _up_to(path: bytes, folder: bytes) -> str | None:
    # YYYY/MM/DD/HHMMSS/file and two levels more are below any root.
    above = path.split(b"/")[:-7]
    if folder not in above:
        return None
    last = len(above) - above[::-1].index(folder)
    return b"/".join(above[:last]).decode("utf-8", "surrogateescape")


def share_out(tarballs: Iterable[OldTarball], replicas: Iterable[Replica]) -> Shares:
    """Return which tarballs are whose; a tarball below the roots of several hubs is each hub's."""
    roots_on: dict[str, list[tuple[bytes, Replica]]] = defaultdict(list)
    for replica in replicas:
        root = replica.root.rstrip("/").encode("utf-8", "surrogateescape") + b"/"
        roots_on[replica.node.tag].append((root, replica))
    for roots in roots_on.values():
        roots.sort(key=lambda pair: len(pair[0]))  # so that the longest root of a hub wins
    shares = Shares(defaultdict(list), Counter())
    for tarball in tarballs:
        holders = {
            replica.hub_id: (root, replica)
            for root, replica in roots_on[tarball.node_tag]
            if tarball.path.startswith(root) and split_place(tarball.path[len(root) :])
        }
        for root, replica in holders.values():
            observation = Observation(tarball.path[len(root) :], tarball.size_bytes)
            shares.observations[replica.pk].append(observation)
        if not holders:
            directory = b"/".join(tarball.path.split(b"/")[:-5])
            shares.unclaimed[tarball.node_tag, to_text(directory)] += 1
    return shares
