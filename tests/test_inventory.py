"""`import_config` brings a file into the database once, and `export_config` brings it out again."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command

from hubs.models import Hub, Node, Policy, Replica, Repo
from hubs.removal import dependent_counts
from tests.estate import every, lay_snapshots, make_hub, make_node, make_replica, make_repo
from tests.test_inventory_file import GOOD

pytestmark = pytest.mark.django_db

NODES = GOOD[: GOOD.index("[[hub]]")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "estate.toml"


def load(file: Path, text: str, **options: Any) -> str:
    file.write_text(text)
    out = StringIO()
    call_command("import_config", file, stdout=out, **options)
    return out.getvalue()


def export() -> str:
    out = StringIO()
    call_command("export_config", stdout=out)
    return out.getvalue()


def test_a_file_becomes_rows(file: Path) -> None:
    load(file, GOOD)

    replica = Replica.objects.get()
    assert (replica.hub.tag, replica.node.tag, replica.root) == ("C2", "vault", "/backup")


def test_a_second_import_says_no_changes(file: Path) -> None:
    load(file, GOOD)

    assert load(file, GOOD) == "no changes\n"


def test_what_was_exported_changes_nothing(file: Path) -> None:
    load(file, GOOD)

    assert load(file, export()) == "no changes\n"


def test_an_export_is_the_same_after_a_round_trip(file: Path) -> None:
    load(file, GOOD)
    before = export()
    Hub.objects.all().delete()
    Node.objects.all().delete()
    load(file, before)

    assert export() == before


def test_a_wrong_file_ends_with_2_and_changes_nothing(file: Path) -> None:
    with pytest.raises(CommandError, match="unknown key") as caught:
        load(file, GOOD + 'colour = "red"\n')

    assert (caught.value.returncode, Hub.objects.count()) == (2, 0)


def test_a_missing_file_ends_with_2(file: Path) -> None:
    with pytest.raises(CommandError, match="No such file") as caught:
        call_command("import_config", file)

    assert caught.value.returncode == 2


def test_a_dry_run_says_what_would_change_and_changes_nothing(file: Path) -> None:
    said = load(file, GOOD, dry_run=True)

    assert ("+ hub C2" in said, "(dry run)" in said, Hub.objects.count()) == (True, True, 0)


def test_programs_get_the_changes_as_json(file: Path) -> None:
    report = json.loads(load(file, GOOD, format="json"))

    assert {"action": "added", "what": "hub C2", "details": []} in report["done"]


def test_a_change_is_told_with_before_and_after(file: Path) -> None:
    load(file, GOOD)

    said = load(file, GOOD.replace('"1d"', '"12h"'))

    assert "cadence: '1d' -> '12h'" in said


def test_a_key_that_is_left_out_returns_to_its_default(file: Path) -> None:
    load(file, GOOD)
    load(file, GOOD.replace('time_zone = "Asia/Taipei"\n', ""))

    assert Hub.objects.get().time_zone == "UTC"


def test_a_policy_that_is_left_out_is_cleared(file: Path) -> None:
    load(file, GOOD)
    load(file, GOOD.replace('[hub.policy]\ncadence = "1d"\n', ""))

    assert not Policy.objects.filter(hub__tag="C2").exists()


def test_a_policy_row_that_sets_nothing_is_no_change(file: Path) -> None:
    load(file, NODES + '[[hub]]\ntag = "C2"\n')
    Policy.objects.create(hub=Hub.objects.get())

    assert load(file, NODES + '[[hub]]\ntag = "C2"\n') == "no changes\n"


def test_select_chooses_the_repos(file: Path) -> None:
    load(file, GOOD)
    load(file, GOOD.replace('select = ["tracs/env"]', 'select = ["repos/env"]'))

    assert [repo.path for repo in Repo.objects.filter(selected=True)] == ["repos/env"]


def test_a_repo_that_is_neither_selected_nor_limited_is_not_exported() -> None:
    make_repo(make_hub("C2"), "folders/%24(touch x)")

    assert "folders" not in export()


def test_an_unknown_group_is_made_with_nobody_in_it(file: Path) -> None:
    load(file, GOOD.replace('tag = "C2"', 'tag = "C2"\ngroups = ["ops"]'))

    assert Group.objects.get().user_set.count() == 0


def test_groups_come_out_again(file: Path) -> None:
    load(file, GOOD.replace('tag = "C2"', 'tag = "C2"\ngroups = ["ops"]'))

    assert load(file, export()) == "no changes\n"


def test_nothing_is_deleted_unless_asked(file: Path) -> None:
    load(file, GOOD)

    said = load(file, '[[node]]\ntag = "attic"\nhost = "attic"\n')

    assert "not in the file, kept: hub C2 (use --prune to delete)" in said


def test_prune_deletes_what_the_file_does_not_hold(file: Path) -> None:
    load(file, GOOD)
    load(file, '[[node]]\ntag = "attic"\nhost = "attic"\n', prune=True)

    assert (Hub.objects.count(), [node.tag for node in Node.objects.all()]) == (0, ["attic"])


def test_prune_says_how_much_history_goes(file: Path) -> None:
    lay_snapshots(make_replica(make_hub("G"), "attic"), stamps=every(5))

    assert "5 tarball snapshots" in load(file, GOOD, prune=True)


def test_prune_keeps_the_history_of_what_stays(file: Path) -> None:
    load(file, GOOD)
    lay_snapshots(Replica.objects.get(), stamps=every(5))
    make_replica(Hub.objects.get(), "attic")

    load(file, GOOD, prune=True)

    assert dependent_counts(Replica.objects.all())["tarball snapshots"] == 5


def test_an_empty_file_prunes_nothing(file: Path) -> None:
    load(file, GOOD)

    with pytest.raises(CommandError, match="would delete everything"):
        load(file, "", prune=True)


def test_pruning_forgets_the_nodes_it_would_delete(file: Path) -> None:
    make_node("attic")

    with pytest.raises(CommandError, match="there is no node 'attic'"):
        load(file, GOOD.replace('node = "vault"', 'node = "attic"'), prune=True)


def test_a_root_stored_with_a_slash_at_its_end_is_the_same_place(file: Path) -> None:
    load(file, GOOD)
    Replica.objects.update(root="/backup/")

    assert load(file, GOOD) == "no changes\n"
