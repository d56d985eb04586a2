"""The scripts that nodes run, run here: GNU find and busybox, dash and bash, odd names and locks."""

import shutil
import subprocess
from pathlib import Path

import pytest

from probes.look.listing import Answer, ListingError, Shelves
from probes.look.remote import as_command, listing_script, sidecar_script
from probes.look.sidecars import SidecarText, sidecar_texts
from tests.trees import lay_file, lay_tarball

NONCE = "beef"
HOSTILE = [
    b"new\nline.tar.gz",
    b"\n.tar.gz",
    b"tab\there.tar.gz",
    b'it\'s "quoted".tar.gz',
    b"$(touch pwned).tar.gz",
    b"`touch pwned`.tar.gz",
    b"; touch pwned ;.tar.gz",
    b"-rf.tar.gz",
    b"<img src=x onerror=alert(1)>.tar.gz",
    b"a\xff.tar.gz",
    b"a\xfe.tar.gz",
    b"back\\slash\\0.tar.gz",
    b"%s%n%d.tar.gz",
    b"rtl\xe2\x80\xaegz.tar.gz",
    b"*.tar.gz",
]
STAMP = b"repos/env/2023/11/14/104701/"


@pytest.fixture(params=["gnu", "busybox"])
def path_variable(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where programs are found: those of this system, or busybox's alone."""
    if request.param == "gnu":
        return "/usr/local/bin:/usr/bin:/bin"
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.skip("needs busybox")
    applets = tmp_path_factory.mktemp("busybox")
    subprocess.run([busybox, "--install", "-s", str(applets)], check=True)
    return str(applets)


def ask(script: str, path_variable: str, stdin: bytes = b"", cwd: Path | None = None) -> bytes:
    return subprocess.run(
        ["/bin/sh", "-c", script],
        input=stdin,
        stdout=subprocess.PIPE,
        env={"PATH": path_variable},
        cwd=cwd,
        check=True,
    ).stdout


def list_root(
    root: Path, path_variable: str, months: list[str] | None = None
) -> tuple[Answer, Shelves, list[bytes]]:
    script = listing_script(str(root), NONCE, [".tar.gz"], months=months, limit_seconds=20)
    answer, shelves = Answer(NONCE), Shelves()
    records = answer.records([ask(script, path_variable, cwd=root.parent)])
    paths = [
        record.split(b"\t", 2)[2]
        for month in shelves.months(records, (b".tar.gz",))
        for record in month.records
    ]
    return answer, shelves, sorted(paths)


def test_each_form_says_which_it_is(tmp_path: Path, path_variable: str) -> None:
    trailer = list_root(tmp_path, path_variable)[0].trailer

    assert trailer is not None
    assert trailer.form == ("gnu" if "/usr/bin" in path_variable else "portable")


def test_odd_names_are_one_record_each_and_nothing_runs(tmp_path: Path, path_variable: str) -> None:
    root = tmp_path / "it's a $(root)"
    for name in HOSTILE:
        lay_file(root, STAMP + name)

    paths = list_root(root, path_variable)[2]

    assert paths == sorted(STAMP + name for name in HOSTILE)
    assert not list(tmp_path.rglob("pwned"))


def test_links_and_directories_are_no_tarballs(tmp_path: Path, path_variable: str) -> None:
    lay_file(tmp_path, STAMP + b"env.tar.gz")
    stamp = tmp_path / STAMP.decode()
    (stamp / "alias.tar.gz").symlink_to("env.tar.gz")
    (stamp / "dangling.tar.gz").symlink_to("nowhere")
    (stamp / "x.tar.gz").mkdir()
    (tmp_path / "repos/env/last").symlink_to("2023/11/14/104701")
    (tmp_path / "repos/env/loop").symlink_to("..")

    assert list_root(tmp_path, path_variable)[2] == [STAMP + b"env.tar.gz"]


def test_locks_are_listed_and_what_lies_below_them_is_not(
    tmp_path: Path, path_variable: str
) -> None:
    lay_file(tmp_path, b"LOCKED/scm-started")
    lay_file(tmp_path, b"LOCKED/deep/repos/env/2023/11/14/104701/env.tar.gz")

    _, shelves, paths = list_root(tmp_path, path_variable)

    assert sorted(path for path, _ in shelves.locks) == [
        b"LOCKED",
        b"LOCKED/deep",
        b"LOCKED/scm-started",
    ]
    assert not paths


def test_a_daily_look_leaves_old_months_out(tmp_path: Path, path_variable: str) -> None:
    for month in (b"2022/11", b"2023/10", b"2023/11"):
        lay_file(tmp_path, b"repos/env/" + month + b"/14/104701/env.tar.gz")
    lay_file(tmp_path, b"folders/2022/2023/11/14/104701/x.tar.gz")

    paths = list_root(tmp_path, path_variable, ["2023/10", "2023/11"])[2]

    assert paths == [
        b"folders/2022/2023/11/14/104701/x.tar.gz",
        b"repos/env/2023/10/14/104701/env.tar.gz",
        b"repos/env/2023/11/14/104701/env.tar.gz",
    ]


def test_a_missing_root_is_said_so(tmp_path: Path, path_variable: str) -> None:
    with pytest.raises(ListingError, match="not there"):
        list_root(tmp_path / "unmounted", path_variable)


def test_a_node_without_a_clock_is_listed_all_the_same(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "date").write_text("#!/bin/sh\necho soon\n")
    (programs / "date").chmod(0o755)

    answer, _, _ = list_root(tmp_path, f"{programs}:/usr/bin:/bin")

    assert answer.node_epoch == 0


def test_the_disk_is_told(tmp_path: Path, path_variable: str) -> None:
    trailer = list_root(tmp_path, path_variable)[0].trailer

    assert trailer is not None
    assert (trailer.total_bytes or 0) > (trailer.free_bytes or 0) > 0


def test_sidecars_are_read_by_name_whatever_it_is(tmp_path: Path, path_variable: str) -> None:
    paths = [STAMP + name + b".dna" for name in HOSTILE]
    for number, path in enumerate(paths):
        lay_file(tmp_path, path, b"content %d" % number)

    texts = read_sidecars(tmp_path, path_variable, paths)

    assert [text.content for text in texts] == [b"content %d" % n for n in range(len(paths))]
    assert not list(tmp_path.rglob("pwned"))


def test_a_sidecar_that_is_not_there_has_no_content(tmp_path: Path, path_variable: str) -> None:
    lay_file(tmp_path, b"a.dna", b"one")

    texts = read_sidecars(tmp_path, path_variable, [b"nothere.dna", b"a.dna"])

    assert texts == [SidecarText(b"nothere.dna", None), SidecarText(b"a.dna", b"one")]


def test_a_sidecar_of_two_lines_is_told_with_both(tmp_path: Path, path_variable: str) -> None:
    lay_file(tmp_path, b"a.dna", b"one\ntwo\n")

    content = read_sidecars(tmp_path, path_variable, [b"a.dna"])[0].content

    assert content is not None
    assert content.split() == [b"one", b"two"]


def test_thousands_of_sidecars_come_in_order(tmp_path: Path) -> None:
    paths = [b"%s%05d.tar.gz.dna" % (STAMP, number) for number in range(5000)]
    for path in paths:
        lay_file(tmp_path, path, path[-14:])

    texts = read_sidecars(tmp_path, "/usr/bin:/bin", paths)

    assert all(text.content == text.path[-14:] for text in texts)


def test_an_answer_about_sidecars_that_is_cut_is_not_believed(tmp_path: Path) -> None:
    lay_tarball(tmp_path, b"env.tar.gz")
    stdin = b"./env.tar.gz.dna\0"
    whole = ask(sidecar_script(str(tmp_path), NONCE), "/usr/bin:/bin", stdin)

    for length in range(len(whole)):
        with pytest.raises(ListingError):
            list(sidecar_texts(Answer(NONCE), [whole[:length]], [b"env.tar.gz.dna"]))


def test_an_answer_about_fewer_sidecars_than_asked_is_not_believed(tmp_path: Path) -> None:
    lay_tarball(tmp_path, b"env.tar.gz")
    whole = ask(sidecar_script(str(tmp_path), NONCE), "/usr/bin:/bin", b"./env.tar.gz.dna\0")

    with pytest.raises(ListingError):
        list(sidecar_texts(Answer(NONCE), [whole], [b"env.tar.gz.dna", b"other.dna"]))


def read_sidecars(root: Path, path_variable: str, paths: list[bytes]) -> list[SidecarText]:
    stdin = b"".join(b"./" + path + b"\0" for path in paths)
    answer = ask(sidecar_script(str(root), NONCE), path_variable, stdin)
    return list(sidecar_texts(Answer(NONCE), [answer], paths))


def test_the_command_survives_a_login_shell(tmp_path: Path) -> None:
    lay_file(tmp_path, STAMP + b"env.tar.gz")
    script = listing_script(str(tmp_path), NONCE, [".tar.gz"], months=None, limit_seconds=20)

    for shell in ("/bin/sh", "/bin/bash"):
        line = [shell, "-c", as_command(script)]
        answer = subprocess.run(line, stdout=subprocess.PIPE, check=True).stdout
        assert len(list(Answer(NONCE).records([answer]))) == 1
