"""What a complete sighting does to the history, looked at through this machine's own files."""

import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from hubs.models import Replica
from hubs.names import exact
from probes.look.ingest import Counts, ingest, known_months, known_sidecars, store_history
from probes.look.looking import Question, look
from probes.look.observation import Facts, Observation
from probes.look.transport import Address, open_session
from probes.models import RepoMonth, TarballEvent, TarballSnapshot
from tests.estate import make_hub, make_replica
from tests.trees import lay_file, lay_tarball, stamp

pytestmark = [pytest.mark.django_db, pytest.mark.database]
SETTLED_AFTER = timedelta(hours=6)


@pytest.fixture
def vault(tmp_path: Path) -> Replica:
    """A replica on this machine with two tarballs."""
    replica = make_replica(make_hub(), node="vault", root=str(tmp_path))
    for days_ago in (1, 2):
        lay_tarball(tmp_path, tarball(days_ago), size_bytes=100 + days_ago)
    return replica


def tarball(days_ago: float, repo: str = "repos/env") -> bytes:
    return f"{repo}/{stamp(days_ago)}/env.tar.gz".encode()


def look_and_store(
    replica: Replica,
    months: list[str] | None = None,
    extensions: tuple[str, ...] | list[str] = (".tar.gz",),
) -> Counts:
    question = Question(
        root=replica.root,
        extensions=extensions,
        months=months,
        seconds=20,
        known_months=known_months(replica),
        known_sidecars=lambda directory: known_sidecars(replica, directory),
    )
    session = open_session(Address("vault", transport="local"))
    try:
        sighting = look(session, question, Facts())
    finally:
        session.close()
    return ingest(replica, sighting, timezone.now(), SETTLED_AFTER)


def history() -> list[tuple[object, ...]]:
    return list(TarballSnapshot.objects.order_by("path").values_list())


def test_a_first_look_stores_each_tarball_with_its_size_and_sidecar(vault: Replica) -> None:
    counts = look_and_store(vault)

    rows = TarballSnapshot.objects.order_by("-stamp_at")
    assert counts == Counts(new=2)
    assert [(row.size_bytes, row.sidecar_size_bytes) for row in rows] == [(101, 101), (102, 102)]


def test_a_second_look_changes_nothing(vault: Replica) -> None:
    look_and_store(vault)
    before = history()

    assert look_and_store(vault) == Counts()
    assert history() == before


def test_a_tarball_that_a_full_look_misses_is_gone_and_kept(vault: Replica) -> None:
    look_and_store(vault)
    shutil.rmtree((Path(vault.root) / os.fsdecode(tarball_on_disk(vault))).parent)

    assert look_and_store(vault) == Counts(gone=1)
    assert TarballSnapshot.objects.exclude(gone_at=None).count() == 1
    assert look_and_store(vault) == Counts()


def test_a_month_that_a_full_look_misses_whole_is_gone(vault: Replica) -> None:
    look_and_store(vault)
    shutil.rmtree(Path(vault.root) / "repos")

    assert look_and_store(vault) == Counts(gone=2)
    assert look_and_store(vault) == Counts()


def test_a_daily_look_calls_gone_what_is_missing_from_the_months_it_walked(vault: Replica) -> None:
    look_and_store(vault)
    shutil.rmtree(Path(vault.root) / "repos")

    assert look_and_store(vault, sorted({stamp(1)[:7], stamp(2)[:7]})) == Counts(gone=2)
    assert look_and_store(vault) == Counts()


def test_a_daily_look_says_nothing_of_months_that_it_did_not_walk(vault: Replica) -> None:
    look_and_store(vault)
    shutil.rmtree(Path(vault.root) / "repos")

    assert look_and_store(vault, ["1999/01"]) == Counts()
    assert look_and_store(vault) == Counts(gone=2)


def test_an_extension_that_is_not_asked_for_any_more_makes_nothing_gone(vault: Replica) -> None:
    lay_file(Path(vault.root), f"repos/env/{stamp(0.5)}/env.tar.gz".encode(), b"x")
    look_and_store(vault)
    lay_file(Path(vault.root), f"repos/env/{stamp(0.4)}/env.zip".encode(), b"x")

    assert look_and_store(vault, extensions=[".zip"]) == Counts(new=1)


def test_a_gone_tarball_that_is_there_again_is_an_event(vault: Replica) -> None:
    look_and_store(vault)
    hidden = Path(vault.root).parent / "hidden"
    shutil.move(Path(vault.root) / "repos", hidden)
    look_and_store(vault)
    shutil.move(hidden, Path(vault.root) / "repos")

    look_and_store(vault)

    assert TarballSnapshot.objects.filter(gone_at=None).count() == 2
    assert TarballEvent.objects.filter(kind="returned").count() == 2


def test_a_complete_tarball_that_changes_is_an_event_with_both_sizes(vault: Replica) -> None:
    look_and_store(vault)
    first_seen = TarballSnapshot.objects.values_list("first_seen_at", flat=True).latest("stamp_at")
    lay_file(Path(vault.root), tarball_on_disk(vault), b"x" * 40)

    assert look_and_store(vault) == Counts(changed=1)
    event = TarballEvent.objects.get(kind="changed")
    assert (event.size_bytes_before, event.size_bytes_after) == (101, 40)
    assert event.snapshot.first_seen_at == first_seen


def test_a_tarball_that_still_grows_is_no_event(vault: Replica) -> None:
    path = tarball(0.01)
    lay_file(Path(vault.root), path, b"x", age=timedelta(minutes=5))
    look_and_store(vault)
    lay_file(Path(vault.root), path, b"xx", age=timedelta(minutes=1))

    assert look_and_store(vault) == Counts()
    assert TarballSnapshot.objects.latest("stamp_at").size_bytes == 2


def test_a_sidecar_that_arrives_later_is_read(vault: Replica) -> None:
    path = tarball(0.5)
    lay_tarball(Path(vault.root), path, sidecar=False)
    look_and_store(vault)
    lay_tarball(Path(vault.root), path, digest="a" * 32)

    look_and_store(vault)

    assert TarballSnapshot.objects.latest("stamp_at").sidecar_digest == "a" * 32


def test_another_digest_for_the_same_tarball_is_a_change(vault: Replica) -> None:
    look_and_store(vault)
    path = tarball_on_disk(vault)
    text = f"{{'dig': '{'b' * 32}', 'size': 101}} "
    lay_file(Path(vault.root), path + b".dna", text.encode())

    assert look_and_store(vault) == Counts(changed=1)


@pytest.mark.parametrize(
    "content", [b"", b"junk", b"x" * 10_000, b"{'dig': __import__('os'), 'size': 1}"]
)
def test_a_sidecar_that_says_something_else_is_bad(vault: Replica, content: bytes) -> None:
    lay_file(Path(vault.root), tarball(0.5), b"x")
    lay_file(Path(vault.root), tarball_on_disk(vault) + b".dna", content)

    look_and_store(vault)

    newest = TarballSnapshot.objects.latest("stamp_at")
    assert newest.sidecar_state == "bad"
    assert newest.sidecar_problem


def test_a_sha256_sidecar_is_read(vault: Replica) -> None:
    path = tarball(0.5)
    lay_file(Path(vault.root), path, b"x")
    lay_file(Path(vault.root), path + b".sha256", b"c" * 64 + b"  env.tar.gz\n")

    look_and_store(vault)

    newest = TarballSnapshot.objects.latest("stamp_at")
    assert (newest.sidecar_kind, newest.sidecar_digest) == ("sha256", "c" * 64)


@pytest.mark.parametrize(
    "name", [b"new\nline", b"a\xff", b"a\xfe", b"%41", b"\xe2\x80\xaegz", b"\xc3\xbc", b"n" * 240]
)
def test_the_bytes_of_a_name_come_back_exactly(vault: Replica, name: bytes) -> None:
    path = f"repos/env/{stamp(0.5)}/".encode() + name + b".tar.gz"
    lay_file(Path(vault.root), path, b"x")

    look_and_store(vault)

    stored = TarballSnapshot.objects.latest("stamp_at")
    assert os.fsencode(exact(stored.path)) == path
    assert stored.path.isprintable()


def test_the_month_holds_the_numbers_of_a_plot(vault: Replica) -> None:
    look_and_store(vault)

    months = RepoMonth.objects.all()

    assert sum(sum(month.day_counts.values()) for month in months) == 2
    assert sorted(size for month in months for _, size in month.fine_points) == [101, 102]


def test_two_directories_of_one_repo_name_stay_apart(vault: Replica) -> None:
    lay_tarball(Path(vault.root), b"deeper/" + tarball(1), size_bytes=7)

    assert look_and_store(vault) == Counts(new=3)
    assert look_and_store(vault) == Counts()


def test_history_is_stored_once(vault: Replica) -> None:
    observations = [Observation(b"repos/env/2013/05/09/104701/env.tar.gz", 2**20)]

    assert store_history(vault, observations, timezone.now()) == 1
    assert store_history(vault, observations, timezone.now()) == 0


def test_history_whose_size_was_rounded_is_corrected_without_an_event(vault: Replica) -> None:
    path = tarball_on_disk(vault)
    store_history(vault, [Observation(path, 2**20)], timezone.now())

    assert look_and_store(vault).changed == 0
    assert TarballSnapshot.objects.latest("stamp_at").size_bytes == 101
    assert not TarballEvent.objects.exists()


def tarball_on_disk(replica: Replica) -> bytes:
    """Return the newest tarball's path as it lies on disk (the stamp of "a day ago" moves with the clock)."""
    files = sorted(Path(replica.root).glob("repos/env/*/*/*/*/*.tar.gz"))
    return os.fsencode(files[-1].relative_to(replica.root))
