"""Evidence is shown as people read it, whatever JSON it is."""

from typing import Any

import pytest
from django.template import Context, Template

from dashboard.findings.evidence import shown
from hubs.models import Hub

PAGE = Template(
    "{% load findings %}{% for name, value in evidence %}{{ name }}={% evidence value hub %};{% endfor %}"
)


def page(**evidence: Any) -> str:
    hub = Hub(tag="H", time_zone="Asia/Taipei")
    return PAGE.render(Context({"evidence": shown(evidence, hub), "hub": hub})).replace("\n", "")


@pytest.mark.parametrize(
    ("evidence", "says"),
    [
        ({"size_bytes": 1_234_567_890}, "size bytes=1,234,567,890 bytes (1.23 GB);"),
        ({"size_bytes_before": 12}, "size bytes before=12 bytes;"),
        ({"clock_skew_seconds": 3725.5}, "clock skew seconds=3,725.5 s (62 min);"),
        ({"clock_skew_seconds": -12}, "clock skew seconds=-12 s;"),
        ({"tarballs": 12_345}, "tarballs=12,345;"),
        ({"ratio": 0.123456789}, "ratio=0.123457;"),
        ({"full": True}, "full=yes;"),
        ({"complete_look_at": None}, "complete look at=none;"),
        ({"roots": []}, "roots=none;"),
        ({"newest": {}}, "newest=none;"),
        ({"seen": [1, 2]}, "seen=1, 2;"),
        ({"node": "vault"}, "node=vault;"),
        ({"expected_at": "2024-05-15"}, "expected at=2024-05-15;"),
    ],
)
def test_a_value_is_in_words(evidence: dict[str, Any], says: str) -> None:
    assert page(**evidence) == says


def test_a_moment_is_on_both_clocks() -> None:
    assert "2024-05-15 10:00 UTC (18:00 +0800)" in page(stamp_at="2024-05-15T10:00:00+00:00")


def test_a_look_and_repos_are_links() -> None:
    written = page(run=12, repos=["svn/a b", "odd"])

    assert '<a href="/runs/12/">look 12</a>' in written
    assert '<li><a href="/repos/H/svn/a%20b/">svn/a b</a></li><li>odd</li>' in written


def test_rows_of_the_same_fields_are_a_table() -> None:
    written = page(sizes=[{"node_tag": "a", "size_bytes": 1}, {"node_tag": "b", "size_bytes": 2}])

    assert '<th scope="col">node tag</th><th scope="col">size bytes</th>' in written
    assert (
        '<td data-label="node tag">b</td><td data-label="size bytes">2 bytes</td></tr>' in written
    )


def test_names_of_others_stay_as_they_are() -> None:
    assert '<th scope="row">my_node</th><td>3</td>' in page(counts={"my_node": 3})


def test_the_name_of_the_whole_tells_the_unit_of_its_parts() -> None:
    assert '<th scope="row">svn/one</th><td>5 bytes</td>' in page(size_bytes={"svn/one": 5})


def test_values_may_be_nested() -> None:
    written = page(newest={"compared_with": ["a", "b"], "copy": {"size_bytes": 5}})

    assert '<th scope="row">compared_with</th><td>a, b</td>' in written
    assert '<th scope="row">size_bytes</th><td>5 bytes</td>' in written


def test_what_came_from_a_node_is_text() -> None:
    written = page(examples=["<img src=x>"] * 9, **{"<b>": {"<i>": "<u>"}})

    assert "<img" not in written
    assert "&lt;img src=x&gt;" in written
    assert "&lt;b&gt;=" in written
    assert "&lt;i&gt;" in written
    assert "&lt;u&gt;" in written


def test_a_long_list_says_how_much_is_left_out() -> None:
    assert " and 800 more, which the API gives" in page(paths=[f"p{n}" for n in range(1000)])
