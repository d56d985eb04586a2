"""Values that are wrong or dangerous are refused by the models themselves."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from hubs import validators
from hubs.models import Hub, Node, Policy, Replica

REFUSED: dict[str, tuple[Callable[..., object], list[object]]] = {
    "tag": (validators.tag, ["", "-x", "a b", "a/b", "..", "a\n", "é", "<b>"]),
    "host": (
        validators.host,
        ["-oProxyCommand=touch x", "a b", "a;b", "$(x)", "`x`", "a\n", "user@host", "a/b"],
    ),
    "user": (validators.user, ["-l", "a b", "a;b", "root\n"]),
    "jump_host": (validators.jump_host, ["-J", "a b", "a:port", "a@b@c", "a,b", "a\n"]),
    "time_zone": (validators.time_zone, ["Asia/Taipeh", "", "../../etc/passwd", "/etc/localtime"]),
    "root": (
        validators.root,
        [
            "",
            "/",
            "//",
            "backup",
            "~/backup",
            "$HOME",
            "/a/../b",
            "/a/./b",
            "/a//b",
            "/..",
            "/a\nb",
        ],
    ),
    "local_file": (
        validators.local_file,
        ["-----BEGIN OPENSSH PRIVATE KEY-----\nx", "key", "/a/../b", "/a\nb", "$(x)"],
    ),
    "extensions": (validators.extensions, ["tar.gz", ".tar.gz  .tgz", ".tar/gz", ".*", ""]),
    "email_list": (validators.email_list, ["a@example.org", ["nobody"], [3], {}]),
    "cadence": (validators.cadence, ["often", "0d", "* * * *", "61 * * * *", "1 day"]),
    "free_space": (validators.free_space, ["lots", "101%", "-1", "5 %x"]),
    "repo_path": (validators.repo_path, ["env", "a/b/c", "../b", "a/..", "/b", "a/", "a/b\n"]),
    "positive": (validators.positive, [timedelta(0), timedelta(seconds=-1)]),
    "not_negative": (validators.not_negative, [timedelta(seconds=-1)]),
}
TAKEN: dict[str, tuple[Callable[..., object], list[object]]] = {
    "tag": (validators.tag, ["C2", "Z9:229", "a.b-c_d"]),
    "host": (validators.host, ["cms01.example.org", "192.0.2.9", "[2001:db8::1]", "alias_1"]),
    "jump_host": (validators.jump_host, ["gate", "scm@gate.example.org:2222"]),
    "time_zone": (validators.time_zone, ["UTC", "Asia/Taipei"]),
    "root": (validators.root, ["/backup", "/data/var/scm/backup/cms02/", "/with space/ü"]),
    "local_file": (validators.local_file, ["~/.ssh/id_ed25519", "/etc/scmmon/key"]),
    "cadence": (validators.cadence, ["auto", "1d", "1d12h", "47 10 * * *"]),
    "free_space": (validators.free_space, ["5%", "50GB", "1048576"]),
    "repo_path": (validators.repo_path, ["tracs/env", "folders/e nv", "repos/%0A"]),
}


def cases(table: dict[str, tuple[Callable[..., object], list[object]]]) -> list[object]:
    return [
        pytest.param(validator, value, id=f"{name} {value!r}")
        for name, (validator, values) in table.items()
        for value in values
    ]


@pytest.mark.parametrize(("validator", "value"), cases(REFUSED))
def test_a_bad_value_is_refused(validator: Callable[[object], None], value: object) -> None:
    with pytest.raises(ValidationError):
        validator(value)


@pytest.mark.parametrize(("validator", "value"), cases(TAKEN))
def test_a_good_value_is_taken(validator: Callable[[object], None], value: object) -> None:
    validator(value)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (Node(tag="vault", host="-oProxyCommand=x"), "host"),
        (Node(tag="vault", host=""), "host"),
        (Node(tag="vault", host="vault", port=0), "port"),
        (Node(tag="vault", host="vault", port=65536), "port"),
        (Node(tag="vault", host="vault", user="-x"), "user"),
        (Node(tag="vault", host="vault", identity_file="BEGIN PRIVATE KEY"), "identity_file"),
        (Node(tag="vault", host="vault", known_hosts="hosts"), "known_hosts"),
        (Node(tag="vault", host="vault", jump_host="-x"), "jump_host"),
        (Node(tag="vault", host="vault", command_timeout=timedelta(0)), "command_timeout"),
        (Node(tag="vault", host="vault", site="a\x1b[2J"), "site"),
        (Node(tag="vault", transport="telnet"), "transport"),
        (Hub(tag="C2", time_zone="Mars/Olympus"), "time_zone"),
        (Hub(tag="C2", report_url="javascript:alert(1)"), "report_url"),
        (Hub(tag="C2", contacts=["nobody"]), "contacts"),
        (Replica(root="backup"), "root"),
        (Replica(root="/backup", role="thief"), "role"),
        (Policy(keep_min=0), "keep_min"),
        (Policy(sidecar="perhaps"), "sidecar"),
    ],
)
def test_a_model_refuses_a_bad_field(row: Hub | Node | Replica | Policy, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        row.full_clean(validate_unique=False, validate_constraints=False)

    assert field in caught.value.message_dict


def test_a_local_node_needs_no_host() -> None:
    Node(tag="vault", transport="local").full_clean(validate_unique=False)
