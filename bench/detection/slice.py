"""Sixty days of a simulated world that end now, as real files behind real SSH servers, looked at with `collect`.

What the simulator made is compared with what the program stored and said, so that the two cannot share a mistake.
Files are sparse: they have their sizes and times, and zeros for content; so wrong digests cannot be looked for here.
"""

import csv
import io
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.detection import export
from bench.detection.report import missed_line
from bench.detection.scenario import Scenario
from bench.detection.scoring import Detection, Finding, concerns, detect, read_finding
from bench.detection.simulator import simulate
from bench.detection.world import Fault, SimHub, SimTarball
from scmmon_site.demo.isolation import isolated_environment, manage_py
from scmmon_site.demo.sshd import ADDRESS, Sshd, make_key

DAYS_A_YEAR = 365.25


@dataclass(frozen=True)
class Seen:
    """What came of a slice: the world, its faults, and what the program stored and said of it."""

    hub: SimHub
    present: tuple[SimTarball, ...]
    faults: tuple[Fault, ...]
    stored: tuple[dict[str, str], ...]  # lines of export_snapshots
    detections: tuple[Detection, ...]
    unexplained: tuple[Finding, ...]
    findings: tuple[dict[str, Any], ...]


def slice_world(
    seed: int, now: datetime, *, days: int, repos: int, nodes: int
) -> tuple[SimHub, list[Fault]]:
    """Return a world whose last moment is now, with about so many days on each node, and what is wrong at its end.

    Its last node is away: that is a fault, too.
    """
    scenario = Scenario(
        years=days / DAYS_A_YEAR,
        repos=repos,
        nodes=nodes,
        benign=False,
        ends_at=now,
        keep=(days, days),
        at_end=True,
    )
    hub, faults, _ = simulate(seed, scenario)
    away = hub.nodes[-1].tag
    faults = [fault for fault in faults if fault.node != away]
    return hub, [*faults, Fault("node_out", hub.tag, away, None, now, now)]


def present_at(hub: SimHub, now: datetime) -> Iterator[SimTarball]:
    """Yield the tarballs that are there at a moment."""
    for tarball in hub.tarballs:
        if tarball.visible_at <= now and (tarball.gone_at is None or tarball.gone_at > now):
            yield tarball


def lay(tarball: SimTarball, root: Path) -> None:
    """Make the file, as long as it is and empty of content, and its sidecar."""
    file = root / tarball.path
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as empty:
        empty.truncate(tarball.size_bytes)
    _age(file, tarball)
    if tarball.sidecar_state == "absent":
        return
    text = "{'dig': "  # cut short
    if tarball.sidecar_state == "ok":
        text = f"{{'dig': '{tarball.sidecar_digest}', 'size': {tarball.sidecar_size_bytes}}}"
    sidecar = file.with_name(f"{file.name}.{tarball.sidecar_kind}")
    sidecar.write_text(text)
    _age(sidecar, tarball)


def _age(file: Path, tarball: SimTarball) -> None:
    seconds = tarball.mtime_at.timestamp()
    os.utime(file, (seconds, seconds))


def look_at_slice(directory: Path, seed: int, *, days: int, repos: int, nodes: int) -> Seen:
    """Lay a slice in an empty directory, look at it once with `collect`, and compare."""
    now = datetime.now(UTC).replace(microsecond=0)
    hub, faults = slice_world(seed, now, days=days, repos=repos, nodes=nodes)
    present = tuple(present_at(hub, now))
    roots = {node.tag: directory / "nodes" / node.tag for node in hub.nodes}
    for root in roots.values():
        root.mkdir(parents=True)
    for tarball in present:
        lay(tarball, roots[tarball.node])
    stored, raw = _collect(directory, hub, roots)
    away = hub.nodes[-1].tag
    findings = [read_finding(each) for each in raw]
    detections = tuple(_detected(fault, findings, now) for fault in faults)
    return Seen(
        hub=hub,
        present=tuple(tarball for tarball in present if tarball.node != away),
        faults=tuple(faults),
        stored=tuple(stored),
        detections=detections,
        unexplained=tuple(
            finding
            for finding in findings
            if not any(concerns(finding, fault) for fault in faults if fault.repo)
            and finding.nodes != {away}
        ),
        findings=tuple(raw),
    )


def _detected(fault: Fault, findings: Sequence[Finding], now: datetime) -> Detection:
    """Return what came of a fault, as if all were found when it began: there was one look, and it was late."""
    of_it = [finding for finding in findings if concerns(finding, fault)]
    ended = Fault(
        fault.kind, fault.hub, fault.node, fault.repo, fault.onset, now, dict(fault.details)
    )
    return detect(ended, of_it, datetime.now(UTC) - now)


def _collect(
    directory: Path, hub: SimHub, roots: Mapping[str, Path]
) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """Run the servers and the commands; return what was stored and what was found, nodes by their own tags."""
    key = make_key(directory / "client_key")
    known_hosts = directory / "known_hosts"
    servers = {tag: Sshd(directory / "sshd" / tag, key) for tag in roots}
    with ExitStack() as running:
        for server in servers.values():
            running.enter_context(server)
        known_hosts.write_text("".join(server.known_hosts_line() for server in servers.values()))
        servers[hub.nodes[-1].tag].stop()
        logins = {
            tag: {
                "host": ADDRESS,
                "port": server.port,
                "user": server.user,
                "identity_file": str(key),
                "known_hosts": str(known_hosts),
            }
            for tag, server in servers.items()
        }
        inventory = directory / "slice.toml"
        inventory.write_text(export.inventory(hub, logins, roots))
        environment = isolated_environment(directory)
        _run(environment, "migrate", "--no-input", "--verbosity=0")
        _run(environment, "import_config", str(inventory))
        _run(environment, "collect", "--full", "--no-alert", "--verbosity=0", expected=(0, 3))
        raw = json.loads(_run(environment, "findings", "--format=json"))
        stored = list(csv_rows(_run(environment, "export_snapshots")))
    for each in (*raw, *stored):
        each["node"] = _plain_tag(hub, each["node"])
    for finding in raw:
        nodes = finding["evidence"].get("nodes")
        if isinstance(nodes, list):
            finding["evidence"]["nodes"] = [_plain_tag(hub, node) for node in nodes]
    return stored, raw


def _plain_tag(hub: SimHub, tag: str | None) -> Any:
    return tag and tag.removeprefix(f"{hub.tag}:")


def csv_rows(text: str) -> Iterator[dict[str, str]]:
    """Yield the lines of a CSV with a header."""
    yield from csv.DictReader(io.StringIO(text))


def _run(environment: Mapping[str, str], *command: str, expected: Sequence[int] = (0,)) -> str:
    done = subprocess.run(
        manage_py(*command), env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode not in expected:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-800:]}")
    return done.stdout


def lines(seen: Seen) -> Iterator[str]:
    """Yield what came of a slice, for people."""
    found = sum(detection.is_found for detection in seen.detections)
    yield f"{len(seen.present):,} tarballs on {len(seen.hub.nodes) - 1} nodes, {len(seen.stored):,} stored."
    yield f"{found} of {len(seen.detections)} faults found at the first look."
    for detection in seen.detections:
        fault = detection.fault
        by = f"found by {detection.by.code}" if detection.by else "MISSED"
        where = f"{fault.repo or '-'} on {fault.node or 'all nodes'}"
        yield f"  {fault.kind} of {where}: {by}"
        if not detection.is_found:
            yield f"    {missed_line(0, detection)}"
    yield f"{len(seen.unexplained)} findings about nothing that was planted."
    for finding in seen.unexplained:
        yield f"  {finding.code} ({finding.severity}): {finding.message}"
