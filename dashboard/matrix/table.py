"""The table repo x node of a hub: takes what was known at a moment, gives one cell for each: a colour, a word, age, size, proof."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from dashboard.matrix.proofs import Proof, proof_of
from dashboard.planned import PlannedAround
from dashboard.queries import Newest, newest_gone_tarballs, newest_tarballs
from dashboard.wording import age, size, unknown_since
from hubs.limits import limits_from
from hubs.models import Hub, Replica, Repo, policy_layer
from probes.judge.conclusion import ReplicaState
from probes.models import Finding, SidecarState

SEVERITIES = ["notice", "warn", "alarm"]
WORST_FIRST = ["alarm", "warn", "transfer", "none"]
UNKNOWN = {"unknown", "planned"}
# Words of cells that are neither good nor bad, and nothing to do about.
AS_IT_SHOULD_BE = {"not looked at", "not judged", "not here"}
Place = tuple[int, int]  # replica id, repo id


@dataclass(frozen=True)
class Cell:
    """One repo on one replica: a state that is a colour, the word for it, and its newest tarball."""

    state: str  # ok, warn, alarm, unknown, transfer, planned, none
    word: str
    age: str = ""
    size: str = ""
    tarball: Newest | None = None
    proof: Proof | None = None
    is_quiet: bool = False  # somebody has answered all that is wrong
    findings: tuple[Finding, ...] = ()  # the worst that nobody has answered first
    is_gone: bool = False

    @property
    def is_known(self) -> bool:
        """Whether anybody could look; where not, that is told of the node and not of each repo."""
        return self.state not in UNKNOWN

    @property
    def is_problem(self) -> bool:
        """Whether somebody may want to do something about this repo."""
        return self.is_known and self.state != "ok" and self.word not in AS_IT_SHOULD_BE

    @property
    def rank(self) -> int:
        """How bad it is, 0 the worst; what somebody has answered comes after all that nobody has."""
        if not self.is_problem:
            return 2 * len(WORST_FIRST)
        return WORST_FIRST.index(self.state) + len(WORST_FIRST) * self.is_quiet

    @property
    def more(self) -> int:
        """How many findings there are beside the one that the word names."""
        names_one = self.findings and self.word == _word(self.findings[0])
        return len(self.findings) - bool(names_one)


@dataclass(frozen=True)
class Row:
    """One repo on every replica."""

    repo: Repo
    cells: list[Cell]

    @property
    def rank(self) -> int:
        """Its place among rows that begin with the worst."""
        return min((cell.rank for cell in self.cells), default=0)

    @property
    def is_problem(self) -> bool:
        """Whether a cell of it is a problem, or none is known, or one that is not known was bad when it was."""
        return any(
            cell.is_problem or (not cell.is_known and _are_bad(cell.findings))
            for cell in self.cells
        ) or not any(cell.is_known for cell in self.cells)


@dataclass(frozen=True)
class Known:
    """All that cells are made from: what was known of a hub at a moment."""

    moment: datetime
    states: Mapping[int, ReplicaState]  # by replica
    there: Mapping[Place, Newest]
    gone: Mapping[Place, Newest]  # where there is none, the newest that is there no more
    findings: Sequence[Finding] = ()
    planned: PlannedAround | None = None
    is_past: bool = False
    seen_elsewhere: frozenset[int] = frozenset()  # repos, on replicas that are not asked for


def matrix(
    hub: Hub,
    replicas: Sequence[Replica],
    repos: Sequence[Repo],
    judged: Sequence[Repo],
    states: Mapping[int, ReplicaState],
    findings: Iterable[Finding],
    now: datetime,
    planned: PlannedAround | None = None,
) -> list[Row]:
    """Return a row for each repo, with a cell for each replica, as it is now; four queries for up to a hundred replicas."""
    there, gone = tarballs_now(hub, replicas, repos)
    known = Known(now, states, there, gone, list(findings), planned)
    return matrix_of(hub, replicas, repos, judged, known)


def tarballs_now(
    hub: Hub, replicas: Sequence[Replica], repos: Sequence[Repo]
) -> tuple[dict[Place, Newest], dict[Place, Newest]]:
    """Return the newest tarball of each repo on each replica, and where there is none the newest that is gone."""
    there = newest_tarballs(hub, replicas, repos)
    bare = [
        replica for replica in replicas if any((replica.pk, repo.pk) not in there for repo in repos)
    ]
    gone = newest_gone_tarballs(hub, bare, repos) if bare else {}
    return there, {place: tarball for place, tarball in gone.items() if place not in there}


def matrix_of(
    hub: Hub,
    replicas: Sequence[Replica],
    repos: Sequence[Repo],
    judged: Sequence[Repo],
    known: Known,
) -> list[Row]:
    """Return a row for each repo, with a cell for each replica, as they were at a moment; asks the database nothing."""
    columns = [_Column(replica, known) for replica in replicas]
    told, judged_ids = _told(known), {repo.pk for repo in judged}
    seen_ids = {repo_id for _, repo_id in chain(known.there, known.gone)} | known.seen_elsewhere
    rows = []
    for repo in repos:
        of_repo = _OfRepo(
            repo,
            told,
            overdue=told.overdue.get(repo.path),
            is_judged=repo.pk in judged_ids,
            is_nowhere=repo.pk not in seen_ids,
            sidecar_required=_sidecar_required(hub, repo),
        )
        rows.append(Row(repo, [column.cell(of_repo) for column in columns]))
    return rows


@dataclass(frozen=True)
class _Told:
    """The findings about repos: each one on each replica (None: on all), and one that tells a repo overdue anywhere."""

    of_place: Mapping[tuple[int | None, str], list[Finding]]
    overdue: Mapping[str, Finding]


@dataclass(frozen=True)
class _OfRepo:
    """What all cells of a row have in common."""

    repo: Repo
    told: _Told
    overdue: Finding | None  # one finding tells it for all replicas
    is_judged: bool
    is_nowhere: bool
    sidecar_required: bool


class _Column:
    """Makes the cells of one replica."""

    def __init__(self, replica: Replica, known: Known) -> None:
        self.replica = replica
        self.known = known
        self.state = known.states[replica.pk]
        self.is_planned = known.planned is not None and _is_planned(replica, known.planned)
        self.is_looked_at = replica.enabled or (known.is_past and self.state.latest_run is not None)

    def cell(self, of_repo: _OfRepo) -> Cell:
        """Return the cell of one repo."""
        place = self.replica.pk, of_repo.repo.pk
        tarball = self.known.there.get(place)
        shown = tarball or self.known.gone.get(place)
        findings = self._findings(of_repo)
        state, word, told_by = self._concluded(of_repo, findings, tarball, shown)
        is_quiet = told_by is not None and self._is_muted(told_by)
        if shown is None:
            return Cell(state, word, is_quiet=is_quiet, findings=findings)
        return Cell(
            state,
            word,
            age(shown.stamp_at, self.known.moment),
            size(shown.size_bytes),
            shown,
            proof_of(shown, self.known.moment),
            is_quiet,
            findings,
            is_gone=tarball is None,
        )

    def _concluded(
        self,
        of_repo: _OfRepo,
        findings: Sequence[Finding],
        tarball: Newest | None,
        shown: Newest | None,
    ) -> tuple[str, str, Finding | None]:
        """Return the state, the word for it, and the finding that says so, if one does."""
        if not self.is_looked_at:
            return "none", "not looked at", None
        if not self.state.known:
            if self.is_planned:
                return "planned", "in maintenance", None
            return "unknown", unknown_since(self.state.unknown_since), None
        if findings and findings[0].severity != "notice":
            return findings[0].severity, _word(findings[0]), findings[0]
        if not of_repo.is_judged:
            return "none", "not judged", None
        if of_repo.is_nowhere and of_repo.repo.selected:
            return "warn", "missing", None
        if tarball is None:
            return "none", "all gone" if shown else "not here", None
        if of_repo.overdue:
            return "warn", "overdue too", of_repo.overdue
        if of_repo.sidecar_required and tarball.sidecar_state == SidecarState.ABSENT:
            return "transfer", "in transfer", None
        return "ok", "ok", None

    def _findings(self, of_repo: _OfRepo) -> tuple[Finding, ...]:
        told, path = of_repo.told.of_place, of_repo.repo.path
        here, everywhere = told.get((self.replica.pk, path), ()), told.get((None, path), ())
        if not here and not everywhere:
            return ()
        return tuple(sorted([*here, *everywhere], key=self._worst_first))

    def _worst_first(self, finding: Finding) -> tuple[bool, int]:
        says_nothing = self._is_muted(finding) or finding.severity == "notice"
        return says_nothing, -SEVERITIES.index(finding.severity)

    def _is_muted(self, finding: Finding) -> bool:
        """Tell whether somebody has answered; of the past nobody knows."""
        return not self.known.is_past and finding.is_muted(self.known.moment)


def findings_of_replica(findings: Iterable[Finding], replica: Replica) -> list[Finding]:
    """Return what is told of a replica as a whole, worst first."""
    whole = [
        finding
        for finding in findings
        if finding.replica_id == replica.pk and not _repos_of(finding)
    ]
    return sorted(whole, key=lambda finding: -SEVERITIES.index(finding.severity))


def _told(known: Known) -> _Told:
    """Sort findings by what they are about; one that tells of many repos together is about each."""
    told: dict[tuple[int | None, str], list[Finding]] = defaultdict(list)
    overdue: dict[str, Finding] = {}
    for finding in known.findings:
        for path in _repos_of(finding):
            told[finding.replica_id, path].append(finding)
            if finding.code == "overdue":
                overdue[path] = finding
    return _Told(told, overdue)


def _repos_of(finding: Finding) -> Sequence[str]:
    if finding.repo is not None:
        return (finding.repo.path,)
    paths = finding.evidence.get("repos") if isinstance(finding.evidence, dict) else None
    return [path for path in paths if isinstance(path, str)] if isinstance(paths, list) else ()


def _is_planned(replica: Replica, planned: PlannedAround) -> bool:
    """Tell whether maintenance, of the hub or of the node, explains that nobody could look."""
    return any(
        line.when == "now"
        and line.word == "maintenance"
        and (not line.nodes or replica.node.tag in line.nodes)
        for line in planned.lines
    )


def _are_bad(findings: Iterable[Finding]) -> bool:
    return any(finding.severity != "notice" for finding in findings)


def _word(finding: Finding) -> str:
    return finding.code.replace("_", " ")


def _sidecar_required(hub: Hub, repo: Repo) -> bool:
    return limits_from(policy_layer(hub), policy_layer(repo)).sidecar == "required"


# --- What a matrix says in one sentence ----------------------------------------------------------

SAID = {
    "alarm": ("alarm", "alarms"),
    "unknown": ("unknown", "unknown"),
    "warn": ("warning", "warnings"),
    "planned": ("in maintenance", "in maintenance"),
    "transfer": ("in transfer", "in transfer"),
    "quiet": ("acknowledged", "acknowledged"),
    "ok": ("ok", "ok"),
    "none": ("other", "others"),
}


def counted(rows: Iterable[Row]) -> str:
    """Return how many cells are in which state, in words: 2 alarms, 1 unknown, 24 ok."""
    cells = chain.from_iterable(row.cells for row in rows)
    counts = Counter("quiet" if cell.is_quiet else cell.state for cell in cells)
    return ", ".join(
        f"{counts[state]} {words[counts[state] > 1]}"
        for state, words in SAID.items()
        if counts[state]
    )
