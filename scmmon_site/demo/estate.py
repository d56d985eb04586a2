"""The demo's estate: which hubs and nodes it has, their trees of tarballs, the faults in them, and its inventory.

All of it lies in one directory and is kept: making it again adds the days that have passed since.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import tomli_w

from scmmon_site.demo.sshd import ADDRESS, Sshd, make_key
from scmmon_site.demo.trees import WRITING_TIME, Tarball, age, daily, growth, lay, link

DAYS = 366
STALE_FOR = timedelta(days=9)


@dataclass(frozen=True)
class DemoHub:
    """A hub of the demo; the first of its nodes holds the source."""

    tag: str
    name: str
    title: str
    time_zone: str
    clock: str
    sidecar: str
    repos: tuple[str, ...]
    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Plant:
    """A planted fault, and the code of the finding that must name it."""

    what: str
    code: str
    hub: str
    node: str
    repo: str | None = None
    path: str | None = None

    def named_by(self, finding: dict[str, Any]) -> bool:
        """Tell whether a finding, as `findings --format json` gives it, is about this fault."""
        about = (finding["code"], finding["hub"], finding["node"], finding["repo"])
        return about == (self.code, self.hub, self.node, self.repo) and (
            self.path is None or self.path in (finding["path"] or "")
        )


SITES = {
    "C": "NTU",
    "H1": "IHEP",
    "SDU": "SDU",
    "Z2": "NUU",
    "Z9:229": "home",
    "L": "LBL",
}
UNREACHABLE, REKEYED = "Z2", "L"
STALE = ("C2", "C", "tracs/heprez")  # stopped at its source, and so everywhere
LAGGING = ("C2", "H1", "repos/heprez")  # stopped on one copy only
HUBS = (
    DemoHub(
        tag="C2",
        name="cms02",
        title="Repositories and Tracs of cms02",
        time_zone="Asia/Taipei",
        clock="04:10",
        sidecar="dna",
        repos=("repos/env", "tracs/env", "repos/heprez", "tracs/heprez", "folders/svnsetup"),
        nodes=("C", "H1", "SDU", UNREACHABLE),
    ),
    DemoHub(
        tag="G",
        name="g4pb",
        title="Repositories and Tracs of g4pb",
        time_zone="Europe/Berlin",
        clock="23:40",
        sidecar="sha256",
        repos=("repos/workflow", "tracs/workflow", "repos/tracdev", "folders/gitsetup"),
        nodes=("Z9:229", "C", REKEYED),
    ),
)


class Estate:
    """The estate in a directory; a context in which its nodes run."""

    def __init__(self, directory: Path) -> None:
        self.inventory = directory / "estate.toml"
        self.laid: dict[tuple[str, str], list[Tarball]] = {}
        self._directory = directory
        self._known_hosts = directory / "known_hosts"
        self._memory = directory / "memory.json"
        remembered = json.loads(self._memory.read_text()) if self._memory.exists() else {}
        self.plants = [Plant(**fields) for fields in remembered.get("plants", [])]
        self._pinned: dict[str, str] = remembered.get("pinned", {})
        self._client_key = make_key(directory / "client_key")
        self._ports: dict[str, int] = remembered.get("ports", {})
        self._nodes = {
            tag: Sshd(self._place(tag) / "sshd", self._client_key, port=self._ports.get(tag))
            for tag in SITES
        }

    def __enter__(self) -> Self:
        for tag, node in self._nodes.items():
            self._ports[tag] = node.start().port
            self._pinned.setdefault(tag, node.public_key)
        if self.nodes_are_broken:
            self._nodes[UNREACHABLE].stop()
        self._write_inventory()
        self._remember()
        return self

    def __exit__(self, *_: object) -> None:
        for node in self._nodes.values():
            node.close()

    @property
    def nodes_are_broken(self) -> bool:
        """Whether the faults of nodes are planted, and not only those of tarballs."""
        return any(plant.code == "unreachable" for plant in self.plants)

    def lay(self, now: datetime) -> int:
        """Lay a year of daily tarballs on every node, or what is missing of it; return how many there are."""
        count = 0
        for hub in HUBS:
            source, *copies = hub.nodes
            all_moments = daily(hub.time_zone, hub.clock, DAYS, now)
            old_moments = [at for at in all_moments if at < now - STALE_FOR]
            for number, repo in enumerate(hub.repos):
                laid = lay(
                    self._root(hub, source),
                    repo,
                    old_moments if (hub.tag, source, repo) == STALE else all_moments,
                    zone=hub.time_zone,
                    sizes=growth(f"{hub.tag}/{repo}", 6000 + 9000 * number, 40),
                    sidecar=hub.sidecar,
                )
                self.laid[hub.tag, repo] = laid
                count += len(laid)
                for tag in copies:
                    lags = (hub.tag, tag, repo) == LAGGING
                    arrived = [tar for tar in laid if not lags or tar.at in old_moments]
                    link(arrived, self._root(hub, tag))
                    count += len(arrived)
        return count

    def plant_in_trees(self) -> None:
        """Plant the faults of tarballs, once: repos that stopped, a cut tarball, a sidecar that never came."""
        if self.plants:
            return
        c2 = HUBS[0]
        cut = self.laid["C2", "repos/env"][-3]
        file = self._root(c2, "H1") / cut.path
        content = cut.file.read_bytes()
        file.unlink()  # it is a hard link: the other nodes keep theirs whole
        file.write_bytes(content[: len(content) * 3 // 4])
        age(file, cut.at + WRITING_TIME)
        alone = self.laid["C2", "tracs/env"][-2]
        (self._root(c2, "SDU") / alone.path).with_name(alone.sidecar.name).unlink(missing_ok=True)
        self.plants = [
            Plant(f"nobody backs it up since {STALE_FOR.days} days", "overdue", *STALE),
            Plant(f"it is not copied since {STALE_FOR.days} days", "lagging", *LAGGING),
            Plant("a tarball was cut at 75 %", "size_mismatch", "C2", "H1", "repos/env", cut.path),
            Plant("a sidecar never came", "no_sidecar", "C2", "SDU", "tracs/env", alone.path),
        ]
        self._remember()

    def break_nodes(self) -> None:
        """Plant the faults of nodes, which were well when they were first looked at."""
        self._nodes[UNREACHABLE].stop()
        self._nodes[REKEYED].rekey()
        self.plants += [
            Plant("nobody answers", "unreachable", "C2", UNREACHABLE),
            Plant(
                "another machine answers: its host key is not the known one",
                "host_key",
                "G",
                REKEYED,
            ),
        ]
        self._remember()

    def _place(self, tag: str) -> Path:
        return self._directory / "nodes" / tag.replace(":", "_")

    def _root(self, hub: DemoHub, tag: str) -> Path:
        return self._place(tag) / "backup" / hub.name

    def _remember(self) -> None:
        plants = [asdict(plant) for plant in self.plants]
        memory = {"ports": self._ports, "pinned": self._pinned, "plants": plants}
        self._memory.write_text(json.dumps(memory, indent=1))

    def _write_inventory(self) -> None:
        lines = (
            f"[{ADDRESS}]:{node.port} {self._pinned[tag]}\n" for tag, node in self._nodes.items()
        )
        self._known_hosts.write_text("".join(lines))
        inventory = {
            "node": [self._node_table(tag) for tag in SITES],
            "hub": [self._hub_table(hub) for hub in HUBS],
        }
        self.inventory.write_text(tomli_w.dumps(inventory))

    def _node_table(self, tag: str) -> dict[str, Any]:
        return {
            "tag": tag,
            "host": ADDRESS,
            "port": self._nodes[tag].port,
            "user": self._nodes[tag].user,
            "identity_file": str(self._client_key),
            "known_hosts": str(self._known_hosts),
            "site": SITES[tag],
        }

    def _hub_table(self, hub: DemoHub) -> dict[str, Any]:
        replicas = [
            {
                "node": tag,
                "root": str(self._root(hub, tag)),
                "role": "copy" if number else "source",
            }
            for number, tag in enumerate(hub.nodes)
        ]
        return {
            "tag": hub.tag,
            "name": hub.name,
            "title": hub.title,
            "time_zone": hub.time_zone,
            "contacts": ["you@example.org"],
            "replica": replicas,
        }
