"""The sentence at the head of a page says how all of it is, the worst first."""

from datetime import UTC, datetime

import pytest

from dashboard import summary
from dashboard.matrix.table import Cell
from dashboard.queries import HubRow
from hubs.models import Hub
from probes.judge.conclusion import Conclusion
from probes.models import Finding

LOOKED = datetime(2024, 5, 15, 12, tzinfo=UTC)


def hub(tag: str, state: str) -> HubRow:
    return HubRow(Hub(tag=tag), Conclusion(state, "", 0, 0, 0, 0, 1, LOOKED, LOOKED))


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ([], ("none", "There is no hub yet.")),
        (["ok"], ("ok", "The one hub, H0, is all right.")),
        (["ok", "ok"], ("ok", "All 2 hubs are all right.")),
        (["alarm"], ("alarm", "1 of 1 hub has an alarm: H0.")),
        (
            ["alarm", "ok", "ok"],
            ("alarm", "1 of 3 hubs has an alarm: H0; 2 are all right."),
        ),
        (
            ["ok", "alarm", "unknown", "alarm", "warn"],
            (
                "alarm",
                "2 of 5 hubs have alarms: H1, H3; 1 is unknown: H2; 1 has a warning: H4; 1 is all right.",
            ),
        ),
        (["unknown", "warn"], ("unknown", "1 of 2 hubs is unknown: H0; 1 has a warning: H1.")),
        (["warn"] * 2, ("warn", "2 of 2 hubs have warnings: H0, H1.")),
        (
            ["unknown"] * 7,
            ("unknown", "7 of 7 hubs are unknown: H0, H1, H2, H3, H4 and 2 more."),
        ),
    ],
)
def test_hubs_are_told_in_one_sentence(states: list[str], said: tuple[str, str]) -> None:
    rows = [hub(f"H{number}", state) for number, state in enumerate(states)]

    told = summary.of_hubs(rows)

    assert (told.state, told.text) == said


def test_a_repo_is_told_by_its_nodes() -> None:
    told = summary.of_repo(
        [("C", Cell("ok", "ok")), ("H1", Cell("ok", "ok")), ("SDU", Cell("alarm", "shrunk"))]
    )

    assert (told.state, told.text) == ("alarm", "shrunk on SDU; ok on 2 nodes.")


def test_a_node_is_told_by_its_repos_and_by_itself() -> None:
    disk = Finding(code="disk_low", severity="warn")

    told = summary.of_node([("svn/a", Cell("ok", "ok"))], [disk])

    assert (told.state, told.text) == ("warn", "disk low; ok: 1 repo.")


def test_a_notice_leaves_a_node_well() -> None:
    notice = Finding(code="disk_filling", severity="notice")

    assert summary.of_node([("svn/a", Cell("ok", "ok"))], [notice]).state == "ok"


def test_where_nothing_was_seen_it_is_not_known() -> None:
    assert summary.of_node([], []).state == "unknown"
    assert summary.of_repo([]).state == "unknown"
