"""The strict reading of a node's answer: noise, trailers, cuts, floods."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.look.listing import Answer, Caps, ListingError, NoAnswerError, Shelves, Trailer, file_of
from probes.look.remote import listing_script
from tests.trees import lay_file, lay_tarball, stamp

NONCE = "00ff"
GOOD = (
    b"SCMMON-BEGIN 00ff 1700000000\0"
    b"F3\t1700000000.5\ttracs/env/2023/11/14/104701/env.tar.gz\0"
    b"F61\t1700000001\ttracs/env/2023/11/14/104701/env.tar.gz.dna\0"
    b"L0\t1700000002\tLOCKED\0"
    b"SCMMON-END 00ff gnu 0 3 1700000009 /dev/sda1 1000 400 600 40% /data\0"
)


def read(
    answer: bytes, block_bytes: int = 7, caps: Caps | None = None
) -> tuple[Answer, list[bytes]]:
    reading = Answer(NONCE, caps or Caps())
    blocks = [answer[at : at + block_bytes] for at in range(0, len(answer), block_bytes)]
    return reading, list(reading.records(blocks))


def status_of(answer: bytes, **options: object) -> str:
    with pytest.raises(ListingError) as told:
        read(answer, **options)  # type: ignore[arg-type]
    return told.value.status


def test_a_whole_answer_gives_its_records() -> None:
    reading, records = read(GOOD)

    assert len(records) == 3
    assert reading.trailer == Trailer(3, 0, 1700000009, "gnu", 1000 * 1024, 600 * 1024)


@given(st.integers(1, len(GOOD) + 5))
def test_the_size_of_blocks_does_not_matter(block_bytes: int) -> None:
    assert read(GOOD, block_bytes)[1] == read(GOOD, len(GOOD))[1]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What a real `find` on this machine answers, names with newline and NUL's neighbours included."""
    root = tmp_path_factory.mktemp("root")
    for name in (b"env.tar.gz", b"new\nline.tar.gz", b"\x01\xff.tar.gz"):
        lay_tarball(root, f"tracs/env/{stamp()}/".encode() + name)
    script = listing_script(str(root), NONCE, [".tar.gz"], months=None, limit_seconds=20)
    return subprocess.run(["/bin/sh", "-c", script], stdout=subprocess.PIPE, check=True).stdout


def test_a_recorded_answer_is_whole(recorded: bytes) -> None:
    assert len(read(recorded)[1]) == 6


def test_a_recorded_answer_cut_at_any_byte_is_never_whole(recorded: bytes) -> None:
    for length in range(len(recorded)):
        assert status_of(recorded[:length], block_bytes=64) in ("truncated", "malformed")


def test_what_a_login_prints_is_counted_and_not_parsed() -> None:
    noise = b"F9\t1\ttracs/env/2023/11/14/104701/fake.tar.gz\0tail: "

    reading, records = read(noise + GOOD)

    assert (reading.noise_bytes, len(records)) == (len(noise), 3)
    assert reading.noise == noise


def test_what_comes_after_the_trailer_is_noise_too() -> None:
    assert read(GOOD + b"logout\n")[0].noise_bytes == 7


def test_an_answer_without_our_header_is_none() -> None:
    with pytest.raises(NoAnswerError):
        read(GOOD.replace(b"00ff", b"00fe"))


def test_another_count_than_the_trailers_is_malformed() -> None:
    assert status_of(GOOD.replace(b"gnu 0 3", b"gnu 0 4")) == "malformed"


def test_a_find_that_failed_makes_a_partial_listing() -> None:
    assert status_of(GOOD.replace(b"gnu 0 3", b"gnu 1 3")) == "partial"


def test_a_root_that_is_not_there_is_said_so() -> None:
    assert status_of(b"SCMMON-BEGIN 00ff 1\0SCMMON-END 00ff no_root 1 0 1 \0") == "no_root"


def test_a_flood_before_the_header_overflows() -> None:
    assert status_of(b"y\n" * 600_000, block_bytes=65536) == "overflow"


def test_a_flood_after_the_trailer_overflows() -> None:
    assert status_of(GOOD + b"y\n" * 600_000, block_bytes=65536) == "overflow"


def test_a_flood_of_records_overflows() -> None:
    record = b"F3\t1\ttracs/env/2023/11/14/104701/env.tar.gz\0"

    answer = b"SCMMON-BEGIN 00ff 1\0" + record * 30

    assert status_of(answer, caps=Caps(most_records=20)) == "overflow"


def test_more_bytes_than_the_cap_overflow() -> None:
    assert status_of(GOOD, caps=Caps(most_bytes=100)) == "overflow"


def test_a_record_that_does_not_end_is_malformed() -> None:
    assert status_of(b"SCMMON-BEGIN 00ff 1\0F" + b"x" * 20_000, block_bytes=4096) == "malformed"


@pytest.mark.parametrize("record", [b"", b"X3\t1\tp", b"F3\t1", b"F3"])
def test_what_is_no_record_is_malformed(record: bytes) -> None:
    with pytest.raises(ListingError, match="is not a record"):
        list(Shelves().months([record], (b".tar.gz",)))


@pytest.mark.parametrize("record", [b"Fx\t1\tp", b"F-3\t1\tp", b"F3\tx\tp"])
def test_a_record_without_size_or_time_is_malformed(record: bytes) -> None:
    with pytest.raises(ListingError, match="no size or time"):
        file_of(record)


def test_the_digest_of_a_month_does_not_depend_on_the_order() -> None:
    records = [f"F{n}\t1\ttracs/env/2023/11/1{n}/104701/e.tar.gz".encode() for n in range(5)]

    one, two = (list(Shelves().months(r, (b".tar.gz",))) for r in (records, records[::-1]))

    assert one[0].digest == two[0].digest


def test_a_month_that_comes_twice_is_malformed() -> None:
    one, two = b"F1\t1\ta/b/2023/11/14/104701/e.tar.gz", b"F1\t1\ta/b/2023/12/14/104701/e.tar.gz"

    with pytest.raises(ListingError, match="twice"):
        list(Shelves().months([one, two, one], (b".tar.gz",)))


def test_a_tarball_outside_the_layout_is_counted_as_unrecognised() -> None:
    shelves = Shelves()

    months = list(
        shelves.months([b"F1\t1\tstray.tar.gz", b"F1\t1\tstray.tar.gz.dna"], (b".tar.gz",))
    )

    assert not months
    assert (shelves.unrecognised, shelves.unrecognised_examples) == (1, [b"stray.tar.gz"])


def test_locks_are_kept_apart() -> None:
    shelves = Shelves()

    list(shelves.months([b"L0\t1700000000.25\tLOCKED/started"], (b".tar.gz",)))

    assert shelves.locks == [(b"LOCKED/started", 1700000000)]


def test_a_file_laid_anywhere_is_read_back_with_its_size(tmp_path: Path) -> None:
    lay_file(tmp_path, b"repos/env/2023/11/14/104701/env.tar.gz", b"12345")
    script = listing_script(str(tmp_path), NONCE, [".tar.gz"], months=None, limit_seconds=20)
    out = subprocess.run(["/bin/sh", "-c", script], stdout=subprocess.PIPE, check=True).stdout

    assert file_of(read(out)[1][0]).size_bytes == 5
