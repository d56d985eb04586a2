"""Takes what is stored of a tarball's newest proof, gives the words for it: when it was read again, and what came of it."""

from dataclasses import dataclass
from datetime import datetime

from dashboard.matrix.past import PROVED_SINCE
from dashboard.queries import Newest
from dashboard.wording import age
from probes.models import ProofVerdict


@dataclass(frozen=True)
class Proof:
    """Whether a stored tarball was proved; `state` is ok, alarm or none."""

    state: str
    words: str


NEVER = Proof("none", "never proved")
SINCE = Proof("none", "proof of then not kept")


def proof_of(tarball: Newest, moment: datetime) -> Proof:
    """Return what was known of a tarball at a moment."""
    if tarball.verified_verdict == PROVED_SINCE:
        return SINCE
    if tarball.verified_at is None or not tarball.verified_verdict:
        return NEVER
    when = age(tarball.verified_at, moment)
    if tarball.verified_verdict == ProofVerdict.GOOD:
        return Proof("ok", f"proved {when}")
    return Proof("alarm", f"disproved {when}")
