"""Takes a verdict, adds the line that shows on the node what it tells, so that nobody has to believe us. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from shlex import quote

from hubs.names import exact
from probes.judge.values import ReplicaPast, Verdict

NEWEST = 5


def shown(
    verdict: Verdict, replicas: Mapping[int, ReplicaPast], repos: Mapping[int, str]
) -> Verdict:
    """Return the verdict with a command in its message and evidence; as it is where there is none to give."""
    replica = replicas.get(verdict.replica_id or 0)
    line = _line(verdict, replica, repos.get(verdict.repo_id or 0)) if replica else ""
    if not replica or not line:
        return verdict
    return replace(
        verdict,
        message=f"{verdict.message} On {replica.node}: {line}",
        evidence={**verdict.evidence, "shown_by": line},
    )


def _line(verdict: Verdict, replica: ReplicaPast, repo: str | None) -> str:
    root = replica.root.rstrip("/")
    path = verdict.path or repo or ""
    if exact(path) != path or not path.isprintable():
        return ""  # such a name is nothing to copy into a shell
    if verdict.path:
        directory = path.rpartition("/")[0]
        return f"ls -l {quote(f'{root}/{directory}')}"
    if repo:
        return f"find {quote(f'{root}/{repo}')} -type f | sort | tail -n {NEWEST}"
    return ""
