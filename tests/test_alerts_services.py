"""Services by Apprise: what reaches them, what the process in which it works may not do, and how its failures are told."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts import services
from alerts.message import Message, Tone
from alerts.parcel import Outcome, Parcel, Result
from alerts.sending import send
from alerts.services import problem_of
from tests.messages import CHANGE, CONFIRM_URL, hostile_message, message_of_many, parcel_of
from tests.sinks import (
    CLOSE,
    HttpSink,
    Server,
    SmtpSink,
    Talk,
    empty_reply,
    endless_body,
    garbage,
    redirect,
    reply,
    silent,
)

PROJECT = Path(__file__).resolve().parent.parent
IN_A_NETWORK_OF_ITS_OWN = ["unshare", "--map-root-user", "--net"]


@pytest.fixture(autouse=True)
def may_stay_inside(settings: Any) -> None:
    settings.SCMMON_ALLOW_PRIVATE_URLS = True


def parcel_to(url: str, message: Message = CHANGE, **changes: Any) -> Parcel:
    return parcel_of(message, **{"channel_kind": "apprise", "recipient": "", "url": url, **changes})


def sent_with(answer: Talk) -> Outcome:
    with HttpSink(answer) as sink:
        return send(parcel_to(f"json://{sink.place}/T0K3N"))


# --- What arrives ------------------------------------------------------------------------------


def test_a_service_gets_the_subject_and_the_short_text() -> None:
    with HttpSink() as sink:
        outcome = send(parcel_to(f"json://{sink.place}/T0K3N"))

    assert outcome == Outcome(Result.ACCEPTED, "taken by JSON")
    (asked,) = sink.asked
    assert (asked.path, asked.json["title"]) == ("/T0K3N", CHANGE.subject)
    assert CHANGE.conclusion in asked.json["message"]
    assert CHANGE.link in asked.json["message"]


def test_whoever_is_asked_gets_the_link_to_confirm() -> None:
    with HttpSink() as sink:
        send(parcel_to(f"json://{sink.place}/", confirm_url=CONFIRM_URL))
        send(parcel_to(f"json://{sink.place}/", confirm_url=""))

    asked, not_asked = (one.json["message"] for one in sink.asked)
    assert asked.endswith(f"It reached me: {CONFIRM_URL}")
    assert "It reached me" not in not_asked


@pytest.mark.parametrize(
    ("tone", "look"),
    [
        (Tone.ALARM, "failure"),
        (Tone.WARN, "warning"),
        (Tone.OK, "success"),
        (Tone.UNKNOWN, "info"),
        ("mauve", "info"),
    ],
)
def test_a_service_shows_how_bad_it_is(tone: str, look: str) -> None:
    with HttpSink() as sink:
        send(parcel_to(f"json://{sink.place}/", replace(CHANGE, tone=tone)))

    assert sink.asked[0].json["type"] == look


def test_hostile_texts_arrive_and_call_nobody() -> None:
    with HttpSink() as sink:
        outcome = send(parcel_to(f"json://{sink.place}/", hostile_message("@all \ud800\u202e\nx")))

    assert outcome.result == Result.ACCEPTED
    assert sink.asked[0].json["title"].isprintable()
    assert sink.asked[0].json["message"].startswith("[alarm] @ all ")


def test_a_message_of_many_is_cut_to_what_a_service_takes() -> None:
    with HttpSink() as sink:
        send(parcel_to(f"json://{sink.place}/", message_of_many(2000)))

    assert len(sink.asked) == 1
    assert len(sink.asked[0].json["message"]) < 2000


def test_a_service_may_be_a_mail_server() -> None:
    with SmtpSink() as sink:
        url = f"mailto://127.0.0.1:{sink.port}?from=scmmon@example.org&to=ops@example.org"
        outcome = send(parcel_to(url))

    assert outcome == Outcome(Result.ACCEPTED, "taken by E-Mail")
    assert sink.mails[0].recipient == "ops@example.org"
    assert CHANGE.subject in sink.mails[0].parsed["Subject"]


def test_the_url_is_on_no_command_line_and_in_no_environment() -> None:
    seen: list[bytes] = []

    def look(client: socket.socket) -> None:
        (process,) = processes_of_apprise()
        seen.extend((process / name).read_bytes() for name in ("cmdline", "environ"))
        reply()(client)

    sent_with(look)

    assert b"alerts.apprise_child" in seen[0]
    assert not any(secret in b"".join(seen) for secret in (b"T0K3N", b"DJANGO"))


def processes_of_apprise() -> list[Path]:
    """Return the directories in /proc of the processes of Apprise that this one started."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            is_ours = f"PPid:\t{os.getpid()}\n" in (process / "status").read_text()
            if is_ours and b"alerts.apprise_child" in (process / "cmdline").read_bytes():
                found.append(process)
    return found


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert sent_with(reply()).result == Result.ACCEPTED


# --- What goes wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
def test_a_service_that_does_not_take_it_is_tried_again(status: int) -> None:
    outcome = sent_with(reply(status, "No"))

    assert (outcome.result, outcome.is_down) == (Result.LATER, False)
    assert outcome.answer.startswith("JSON did not take it. ")
    assert str(status) in outcome.answer


@pytest.mark.parametrize("faulty", [empty_reply, garbage])
def test_a_service_without_a_proper_reply_is_down(faulty: Talk) -> None:
    outcome = sent_with(faulty)

    assert (outcome.result, outcome.is_down) == (Result.LATER, True)


def test_a_service_that_is_optional_by_its_url_is_not_told_as_reached() -> None:
    with HttpSink(reply(500, "No")) as sink:
        assert send(parcel_to(f"json://{sink.place}/?optional=yes")).result == Result.LATER


def test_a_redirect_is_no_acceptance() -> None:
    with HttpSink() as other:
        outcome = sent_with(redirect(other.url()))

    assert outcome.result == Result.LATER
    assert not other.asked


def test_a_service_that_says_nothing_is_ended_with_its_process() -> None:
    with Server(silent) as server:
        parcel = parcel_to(f"json://127.0.0.1:{server.port}/T0K3N?rto=600")
        outcome = services.deliver(parcel, seconds=3)

    assert (outcome.result, outcome.is_down) == (Result.LATER, True)
    assert outcome.answer == ("Apprise came to no end within 3 s; the message may have been taken")


def test_a_reply_without_end_does_not_take_all_memory() -> None:
    with HttpSink(endless_body) as sink:
        outcome = services.deliver(parcel_to(f"json://{sink.place}/"), seconds=20)

    assert outcome.result == Result.LATER


def test_a_mail_server_that_dies_is_tried_again() -> None:
    with SmtpSink(says={"MAIL": CLOSE}) as sink:
        url = f"mailto://127.0.0.1:{sink.port}?from=scmmon@example.org&to=ops@example.org"
        assert send(parcel_to(url)).result == Result.LATER


def test_a_process_that_dies_is_for_later() -> None:
    def kill(client: socket.socket) -> None:
        (process,) = processes_of_apprise()
        os.kill(int(process.name), signal.SIGKILL)

    assert sent_with(kill) == Outcome(
        Result.LATER, "the process of Apprise ended with -9 and said nothing", is_down=True
    )


def test_a_token_in_the_place_of_the_host_is_hidden() -> None:
    with HttpSink() as sink:
        parcel = parcel_to(f"pbul://o.T0K3Nabc/{sink.port}", channel_kind="o.T0K3NABC")

    assert "T0K3N" not in send(parcel).answer


# --- What it may not do ------------------------------------------------------------------------


def test_an_address_inside_is_refused_where_none_is_allowed(settings: Any) -> None:
    settings.SCMMON_ALLOW_PRIVATE_URLS = False
    with HttpSink() as sink:
        outcome = send(parcel_to(f"json://{sink.place}/T0K3N"))

    assert (outcome.result, outcome.is_down) == (Result.LATER, True)
    assert outcome.answer == (
        "JSON leads to 127.0.0.1, which is no public address; "
        "set SCMMON_ALLOW_PRIVATE_URLS=true if that is meant"
    )
    assert not sink.asked


@pytest.mark.parametrize(
    "url",
    [
        "json://localhost:{port}/",
        "json://[::ffff:127.0.0.1]:{port}/",
        "jsons://127.0.0.1:{port}/?verify=no",
        "xml://2130706433:{port}/",
        "mailto://127.0.0.1:{port}?from=a@example.org&to=b@example.org",
        "irc://127.0.0.1:{port}/%23ops",
        "rsyslog://127.0.0.1:{port}/",
        "rsyslog://localhost:{port}/",
        "ntfy://127.0.0.1:{port}/ops",
    ],
)
def test_this_machine_is_not_reached_by_any_service(settings: Any, url: str) -> None:
    settings.SCMMON_ALLOW_PRIVATE_URLS = False
    connected: list[socket.socket] = []

    with Server(connected.append) as server:
        outcome = send(parcel_to(url.format(port=server.port)))

    assert outcome.result in (Result.LATER, Result.REFUSED)
    assert not connected


def test_a_redirect_from_outside_to_inside_is_refused() -> None:
    said = in_a_network_of_its_own(
        """
        with HttpSink() as inside, HttpSink(redirect(inside.url()), address=OUTSIDE) as outside:
            said = child({"url": f"json://{outside.place}/?redirect=yes", "allow_private": False})
            print(json.dumps([said, len(outside.asked), len(inside.asked)]))
        """
    )

    answer, asked_outside, asked_inside = said
    assert (answer["result"], answer["is_down"]) == ("later", True)
    assert "JSON leads to 127.0.0.1, which is no public address" in answer["answer"]
    assert (asked_outside, asked_inside) == (1, 0)


def test_an_address_outside_is_reached() -> None:
    said = in_a_network_of_its_own(
        """
        with HttpSink(address=OUTSIDE) as outside:
            print(json.dumps(child({"url": f"json://{outside.place}/", "allow_private": False})))
        """
    )

    assert said == {"result": "accepted", "answer": "taken by JSON", "is_down": False}


def in_a_network_of_its_own(script: str) -> Any:
    """Run a script in a network namespace in which an address out in the world is ours; return what it prints."""
    if not can_have_a_network():
        pytest.skip("this needs unshare and ip, and leave to make a network namespace")
    prepared = f"""
import json, subprocess
from alerts.services import PROGRAM
from tests.sinks import HttpSink, redirect
OUTSIDE = "93.184.216.34"
def child(job):
    job = {{"title": "t", "body": "b", "look": "info", "seconds": 20, **job}}
    return json.loads(subprocess.run(PROGRAM, input=json.dumps(job).encode(), stdout=-1).stdout)
{textwrap.dedent(script)}"""
    ready = "ip link set lo up && ip address add 93.184.216.34/32 dev lo"
    done = subprocess.run(
        [
            *IN_A_NETWORK_OF_ITS_OWN,
            "sh",
            "-c",
            f'{ready} && exec "$0" -c "$1"',
            sys.executable,
            prepared,
        ],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


def can_have_a_network() -> bool:
    if not shutil.which("unshare") or not shutil.which("ip"):
        return False
    return subprocess.run([*IN_A_NETWORK_OF_ITS_OWN, "true"], capture_output=True).returncode == 0


FORBIDDEN = [
    "subprocess.run(['true'])",
    "os.system('true')",
    "os.execv('/bin/true', ['true'])",
    "os.posix_spawn('/bin/true', ['true'], {})",
    "os.fork()",
    "open('written', 'w')",
    "open('/tmp/written', 'ab')",
    "os.open('/tmp/written', os.O_RDWR | os.O_CREAT)",
    "open('/etc/passwd')",
    "open('/proc/self/environ')",
    "open('/usr/../etc/passwd')",
    "open('manage.py')",
    "socket.create_connection(('127.0.0.1', 9))",
    "socket.create_connection(('localhost', 9))",
    "tcp.connect_ex(('127.0.0.1', 9))",
    "tcp.connect(('localhost', 9))",
    "udp.sendto(b'x', ('10.0.0.1', 9))",
    "udp.sendmsg([b'x'], [], 0, ('10.0.0.1', 9))",
    "tcp6.connect(('fe80::1', 9, 0, 1))",
    "unix.connect('/run/docker.sock')",
]
NEEDED = [
    "zoneinfo.ZoneInfo('Asia/Taipei')",
    "__import__('http.server')",
    "ssl.create_default_context()",
    "open(certifi.where()).close()",
    "mimetypes.init()",
    "socket.getaddrinfo('127.0.0.1', 9)",
    "pair[0].sendmsg([b'x'])",
    "open(os.devnull, 'w').close()",
]
GUARDED = """
import certifi, json, mimetypes, os, socket, ssl, subprocess, sys, zoneinfo
from alerts.addresses import is_public
from alerts.apprise_child import Guard

def refused(deed):
    try:
        eval(deed)
    except PermissionError:
        return True
    return False

with (
    socket.socket() as tcp,
    socket.socket(type=socket.SOCK_DGRAM) as udp,
    socket.socket(socket.AF_INET6) as tcp6,
    socket.socket(socket.AF_UNIX) as unix,
):
    pair = socket.socketpair()
    deeds = json.load(sys.stdin)
    sys.addaudithook(Guard(is_public))
    print(json.dumps([deed for deed in deeds if refused(deed)]))
"""


def refused_by_the_guard(deeds: list[str]) -> Any:
    """Return which of some expressions the process of Apprise may not do."""
    done = subprocess.run(
        [sys.executable, "-c", GUARDED],
        input=json.dumps(deeds).encode(),
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


def test_the_process_may_not_leave_its_bounds() -> None:
    assert refused_by_the_guard(FORBIDDEN) == FORBIDDEN


def test_the_process_may_do_what_python_needs() -> None:
    assert refused_by_the_guard(NEEDED) == []


def test_a_template_of_ours_is_not_sent_away(tmp_path: Path) -> None:
    template = tmp_path / "template.json"
    template.write_text('{"content": "a secret of this machine"}')
    with HttpSink() as sink:
        url = f"workflow://{sink.place}/W0rkfl0w/S1gnature/?template={template}"
        outcome = send(parcel_to(url))

    assert outcome.result == Result.LATER
    assert "could not be read" in outcome.answer


# --- URLs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "json://hooks.example/T0K3N",
        "mailto://user:pa55@example.org",
        "slack://TokenAAAA/TokenBBBB/TokenCCCCCCCCCCCCCCCCCC/#ops",
        "https://discord.com/api/webhooks/0123456789/abc-T0K3N",
        "mailto://user:pa55@example.org?to=a@example.org,b@example.org",
    ],
)
def test_a_url_that_apprise_knows_has_no_problem(url: str) -> None:
    assert problem_of(url) == ""


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("nosuch://T0K3N", "Apprise knows no service nosuch://"),
        ("T0K3N", "this is no Apprise URL"),
        ("", "this is no Apprise URL"),
        ("T0 K3N\n://", "this is no Apprise URL"),
        ("https://hooks.example/T0K3N", "Apprise knows no service https://"),
        (
            "slack://T0K3N",
            "this is not how Apprise writes Slack; see https://appriseit.com/services/slack/",
        ),
        (
            "json://a.example/T0K3N json://b.example/",
            "these are several URLs: make a channel of each",
        ),
        (
            "mqtt://T0K3N.example/topic",
            "MQTT Notification needs a package that is not installed here",
        ),
        (
            "json://\ud800\x00\n",
            "this is not how Apprise writes JSON; see https://appriseit.com/services/json/",
        ),
    ],
)
def test_a_url_that_it_does_not_know_is_refused_with_a_reason_and_not_repeated(
    url: str, problem: str
) -> None:
    assert problem_of(url) == problem


def test_a_message_for_a_service_that_nobody_knows_is_given_up() -> None:
    outcome = send(parcel_to("nosuch://T0K3N"))

    assert outcome == Outcome(Result.REFUSED, "Apprise knows no service nosuch://")


def test_asking_for_problems_reaches_nobody() -> None:
    connected: list[socket.socket] = []
    with Server(connected.append) as server:
        assert problem_of(f"irc://127.0.0.1:{server.port}/%23ops") == ""

    assert not connected
