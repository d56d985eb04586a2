"""The original `.scm_monitor.cnf` and `.libfab.cnf` become hubs and nodes."""

from typing import Any

import pytest

from hubs.inventory import HubEntry, InventoryError, check
from hubs.legacy import Legacy, document, read

MONITOR = """\
[ZZ]
srvnode = dayabay
dbpath = $LOCAL_BASE/env/scm/scm_backup_monitor.db
jspath = $APACHE_HTDOCS/data/scm_backup_monitor_%(node)s.json
select = svn/dybsvn tracs/dybsvn svn/dybaux tracs/dybaux
reporturl = http://dayabay.ihep.ac.cn:8080/e/scm/monitor/%(srvnode)s/

[WW]
message = "query the cms02 hub backup on cms01, as I do not have access to the SDU one "
srvnode = cms02
dbpath = $LOCAL_BASE/env/scm/scm_backup_monitor.db
jspath = $HOME/local/nginx/html/data/scm_backup_monitor_%(node)s.json
select = repos/env tracs/env repos/aberdeen tracs/aberdeen repos/tracdev tracs/tracdev repos/heprez tracs/heprez
reporturl = http://dayabay.ihep.ac.cn:8080/e/scm/monitor/%(srvnode)s/
"""
LIBFAB = """\
[HUB]
ZZ = SDU
G = Z9:229
C2 = C H1
WW = C

[ENV]
verbose = True
timeout = 2
"""


def hubs(legacy: Legacy, roots: Any = None) -> dict[str, HubEntry]:
    wanted, _ = document(legacy, "Asia/Taipei", roots or {})
    return {hub.tag: hub for hub in check(wanted, (), "sample").hubs}


def test_the_samples_give_their_hubs_and_nodes() -> None:
    places = {
        tag: [replica.node_tag for replica in hub.replicas]
        for tag, hub in hubs(read(MONITOR, LIBFAB)).items()
    }

    assert places == {"ZZ": ["SDU"], "WW": ["C"], "G": ["Z9:229"], "C2": ["C", "H1"]}


def test_the_sample_of_zz_is_taken_over() -> None:
    hub = hubs(read(MONITOR, LIBFAB))["ZZ"]

    assert (hub.values["name"], hub.values["report_url"], hub.select) == (
        "dayabay",
        "http://dayabay.ihep.ac.cn:8080/e/scm/monitor/dayabay/",
        ["svn/dybsvn", "tracs/dybsvn", "svn/dybaux", "tracs/dybaux"],
    )


def test_the_quotes_around_a_message_go() -> None:
    message = hubs(read(MONITOR, LIBFAB))["WW"].values["message"]

    assert message.startswith("query the cms02")
    assert message.endswith("SDU one")


def test_percent_signs_stay_as_they_are() -> None:
    hub = hubs(read('[C2]\nsrvnode = x\nmessage = "100 % of %(node)s %s"\n'))["C2"]

    assert hub.values["message"] == "100 % of %(node)s %s"


def test_the_timeout_is_that_of_the_connections() -> None:
    wanted, _ = document(read("", LIBFAB), "UTC", {})

    assert {node["connect_timeout"] for node in wanted["node"]} == {2}


@pytest.mark.parametrize(
    ("tag", "address"),
    [
        ("C", {"host": "C"}),
        ("Z9:229", {"host": "Z9", "port": 229}),
        ("Z9:old", {"host": "Z9"}),
        ("Z9:99999", {"host": "Z9"}),
    ],
)
def test_a_number_after_a_colon_is_a_port(tag: str, address: dict[str, Any]) -> None:
    wanted, _ = document(read("", f"[HUB]\nG = {tag}\n"), "UTC", {})

    assert wanted["node"] == [{"tag": tag} | address]


def test_hosts_is_another_name_for_hub() -> None:
    assert [hub.tag for hub in read("", "[HOSTS]\nG = N\n").hubs] == ["G"]


@pytest.mark.parametrize("text", ["a@example.org b@example.org", "a@example.org,b@example.org"])
def test_mail_addresses_become_contacts(text: str) -> None:
    hub = hubs(read(f"[C2]\nsrvnode = x\nemail = {text}\n"))["C2"]

    assert hub.values["contacts"] == ["a@example.org", "b@example.org"]


def test_keys_are_case_sensitive() -> None:
    assert read("[c2]\nsrvnode = x\n[C2]\nsrvnode = y\n").hubs[1].server == "y"


def test_a_known_root_is_no_guess() -> None:
    hub = hubs(read(MONITOR, LIBFAB), {("WW", "C"): ["/data/cms02", "/old/cms02"]})["WW"]

    assert [(r.place[1], r.values["enabled"]) for r in hub.replicas] == [
        ("/data/cms02", True),
        ("/old/cms02", False),
    ]


def test_a_guessed_root_is_warned_about() -> None:
    _, warnings = document(read(MONITOR, LIBFAB), "UTC", {})

    assert "hub ZZ on node SDU: check its root, /var/scm/backup/dayabay is a guess" in warnings


@pytest.mark.parametrize(
    ("monitor", "libfab", "told"),
    [
        ("[C2]\nsrvnode = x\n", "", "hub C2: no nodes in .libfab.cnf"),
        ("", "[HUB]\nC2 = C\n", "hub C2: no srvnode"),
        ("", "[C]\nshell = x\n", "the settings of [C] are not taken over"),
        ("[C2]\nsrvnode = x\nselect = env\n", "", "'env' is not taken over"),
        ("[C2]\nsrvnode = x\nemail = nobody\n", "", "'nobody' is not taken over"),
        ("[C2]\nsrvnode = x\nreporturl = http://$HOST/\n", "", "'http://$HOST/' is not taken"),
        ("[C2]\nsrvnode = x\nsrvnodes = y\n", "", "the key srvnodes is not taken over"),
        ("", "[ENV]\ntimeout = soon\n", "the timeout 'soon' is not a number"),
    ],
)
def test_what_is_not_taken_over_is_told(monitor: str, libfab: str, told: str) -> None:
    assert any(told in warning for warning in read(monitor, libfab).warnings)


@pytest.mark.parametrize("text", ["srvnode = x\n", "[C2\n", "[C2]\nno sign\n"])
def test_what_is_no_such_file_is_refused(text: str) -> None:
    with pytest.raises(InventoryError, match=r"scm_monitor\.cnf"):
        read(text)
