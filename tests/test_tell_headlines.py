"""The few words of a subject: what, how many, where."""

from probes.tell.headlines import LONGEST, About, headline, subject_line


def test_repos_with_the_same_on_a_node_are_counted() -> None:
    overdue = [About("overdue", (f"tracs/{name}",), "H1") for name in ("env", "dybsvn")]

    assert headline(overdue) == "2 repos overdue on H1"


def test_one_repo_is_named() -> None:
    assert headline([About("overdue", ("tracs/env",), "H1")]) == "tracs/env overdue on H1"


def test_a_node_is_named() -> None:
    assert headline([About("unreachable", (), "H1")]) == "H1 unreachable"


def test_different_causes_stand_side_by_side() -> None:
    told = headline([About("unreachable", (), "H1"), About("shrunk", ("svn/env",), "C")])

    assert told == "H1 unreachable; svn/env shrunk on C"


def test_many_causes_are_counted() -> None:
    told = headline([About("unreachable", (), f"H{number}") for number in range(5)])

    assert told == "H0 unreachable; H1 unreachable; H2 unreachable; and 2 more"


def test_a_subject_says_hub_state_and_what() -> None:
    subject = subject_line("C2 (cms02)", "alarm", "2 repos overdue on H1")

    assert subject == "scmmon C2 (cms02): alarm — 2 repos overdue on H1"


def test_a_hostile_name_stays_in_its_line() -> None:
    told = headline([About("overdue", ("tracs/a\nBcc: eve@example.org",), "H1\r\u202e")])

    assert "\n" not in told
    assert "\u202e" not in told


def test_a_long_name_is_cut() -> None:
    told = headline([About("overdue", ("tracs/" + "x" * 4096,), "H1")])

    assert len(subject_line("C2", "alarm", told)) <= LONGEST
    assert told.endswith("overdue on H1")
