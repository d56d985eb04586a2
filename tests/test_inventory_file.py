"""An inventory file is taken whole, or every mistake in it is told with its line."""

from datetime import timedelta
from pathlib import Path

import pytest

from hubs.inventory import Inventory, InventoryError, read_file, write

GOOD = """\
[[node]]
tag = "vault"
host = "vault.example.org"

[[hub]]
tag = "C2"
time_zone = "Asia/Taipei"
select = ["tracs/env"]

[hub.policy]
cadence = "1d"

[[hub.replica]]
node = "vault"
root = "/backup"

[[hub.repo]]
path = "tracs/env"

[hub.repo.policy]
grace = "3h"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "estate.toml"


def read(file: Path, text: str) -> Inventory:
    file.write_text(text)
    return read_file(file)


def problems(file: Path, text: str) -> list[str]:
    with pytest.raises(InventoryError) as caught:
        read(file, text)
    return [problem.removeprefix(f"{file}:") for problem in caught.value.problems]


def test_a_good_file_is_read(file: Path) -> None:
    hub = read(file, GOOD).hubs[0]

    assert (hub.tag, hub.select, hub.replicas[0].place) == (
        "C2",
        ["tracs/env"],
        ("vault", "/backup"),
    )


def test_what_is_not_written_has_its_default(file: Path) -> None:
    node = read(file, GOOD).nodes[0]

    assert (node["port"], node["transport"]) == (22, "ssh")


@pytest.mark.parametrize("written", ["4", '"4s"'])
def test_a_bare_number_is_seconds(file: Path, written: str) -> None:
    text = GOOD.replace('tag = "vault"', f'tag = "vault"\nconnect_timeout = {written}', 1)

    assert read(file, text).nodes[0]["connect_timeout"] == timedelta(seconds=4)


def test_a_byte_order_mark_is_no_mistake(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())

    assert read_file(file).hubs[0].tag == "C2"


def test_lines_may_end_as_on_windows(file: Path) -> None:
    file.write_bytes(GOOD.replace("\n", "\r\n").encode())

    assert read_file(file).hubs[0].tag == "C2"


def test_the_slash_at_the_end_of_a_root_does_not_count(file: Path) -> None:
    inventory = read(file, GOOD.replace('"/backup"', '"/backup/"'))

    assert inventory.hubs[0].replicas[0].values["root"] == "/backup"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('host = "vault', 'hots = ""\nhost = "vault', "3: node 1, hots: unknown key"),
        ('host = "vault', 'host = "-oProxyCommand=', "3: node 1, host: Write a host name"),
        ("Asia/Taipei", "Asia/Taipeh", "7: hub 1, time_zone: 'Asia/Taipeh' is not"),
        ('"tracs/env"]', '"env"]', "8: hub 1, select: 'env' is not category/name"),
        ('"tracs/env"]', '"a/50%"]', "8: hub 1, select: 'a/50%' must be written 'a/50%25'"),
        ('"tracs/env"]', '"a/b", "a/b"]', "8: hub 1, select: 'a/b' is there twice"),
        ("[hub.policy]", "[hub.polices]", "10: hub 1, polices: unknown key"),
        ('"1d"', '"often"', "11: hub 1, policy, cadence: 'often' is neither"),
        ('cadence = "1d"', "cadence = 1", "11: hub 1, policy, cadence: write a text in quotes"),
        ('cadence = "1d"', "copies = true", "11: hub 1, policy, copies: write a whole number"),
        ('cadence = "1d"', "copies = -1", "11: hub 1, policy, copies: Ensure this value"),
        ('cadence = "1d"', 'grace = "soon"', "11: hub 1, policy, grace: 'soon' is not a duration"),
        ('node = "vault"', 'node = "attic"', "14: hub 1, replica 1, node: there is no node"),
        ('node = "vault"\n', "", "13: hub 1, replica 1, node: this key is missing"),
        ('"/backup"', '"backup"', "15: hub 1, replica 1, root: 'backup' is relative"),
        ('"/backup"', '"/backup"\nenabled = 1', "16: hub 1, replica 1, enabled: write true"),
        ("[[hub.repo]]", "[hub.repo]", "17: hub 1, repo: write this as [[hub.repo]]"),
        ('"3h"', "3.5", "21: hub 1, repo 1, policy, grace: write a duration"),
        ('"vault.example.org"', '"vault', "3: this is not TOML"),
        ('tag = "C2"\n', "", "5: hub 1, tag: this key is missing"),
    ],
)
def test_a_mistake_is_told_with_its_line(file: Path, old: str, new: str, told: str) -> None:
    assert problems(file, GOOD.replace(old, new, 1))[0].startswith(told)


def test_all_mistakes_are_told_at_once(file: Path) -> None:
    text = GOOD.replace("host =", "hots =").replace("Asia/Taipei", "x").replace("/backup", "/")

    assert len(problems(file, text)) == 4  # the fourth: a node without a host


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('[[node]]\ntag = "vault"\nhost = "x"\n', "'vault' is there already on line 2"),
        ('[[hub]]\ntag = "C2"\n', "'C2' is there already on line 6"),
        (
            '[[hub.replica]]\nnode = "vault"\nroot = "/backup/"\n',
            "'vault:/backup' is there already on line 13",
        ),
        ('[[hub.repo]]\npath = "tracs/env"\n', "'tracs/env' is there already on line 18"),
    ],
)
def test_what_is_there_twice_is_told(file: Path, more: str, told: str) -> None:
    assert told in problems(file, GOOD + more)[0]


def test_a_header_inside_a_long_text_moves_no_line(file: Path) -> None:
    text = GOOD.replace('time_zone = "Asia', 'message = """\n[[hub]]\n"""\ntime_zone = "Mars')

    assert problems(file, text)[0].startswith("10: hub 1, time_zone")


def test_the_second_hub_has_its_own_lines(file: Path) -> None:
    text = GOOD + '[[hub]]\ntag = "G"\n[[hub.replica]]\nnode = "vault"\nroot = "x"\n'

    assert problems(file, text)[0].startswith("26: hub 2, replica 1, root")


def test_a_pasted_key_is_not_repeated(file: Path) -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----"
    text = GOOD.replace('tag = "vault"', f'tag = "vault"\nidentity_file = "{key}"', 1)

    assert key not in "".join(problems(file, text))


def test_a_file_that_is_not_there_is_one_clear_sentence(file: Path) -> None:
    with pytest.raises(InventoryError, match="No such file"):
        read_file(file)


def test_text_that_is_not_utf8_is_told_with_its_line(file: Path) -> None:
    file.write_bytes(b'[[node]]\ntag = "\xff"\n')

    with pytest.raises(InventoryError, match=r"toml:2: this is not UTF-8"):
        read_file(file)


def test_a_file_nested_without_end_is_refused(file: Path) -> None:
    assert problems(file, "x = " + "[" * 100_000)


def test_a_node_that_is_stored_already_may_be_named(file: Path) -> None:
    file.write_text(GOOD.replace('node = "vault"', 'node = "attic"'))

    assert read_file(file, known_nodes={"attic"}).hubs[0].replicas[0].node_tag == "attic"


def test_what_is_written_is_read_back_the_same(file: Path) -> None:
    inventory = read(file, GOOD)

    assert read(file, write(inventory)) == inventory


def test_only_what_is_not_the_default_is_written(file: Path) -> None:
    assert write(read(file, '[[node]]\ntag = "x"\nhost = "y"\nport = 22\n')) == (
        '[[node]]\ntag = "x"\nhost = "y"\n'
    )
