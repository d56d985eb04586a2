"""Asking a web server: only where we may, within a deadline, and with an error that helps and gives nothing away."""

import logging
import socket
import threading
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from alerts.addresses import is_public
from alerts.http import Answer, HttpError, request
from tests.sinks import (
    HttpSink,
    Internet,
    Server,
    Talk,
    certificate,
    dripping,
    empty_reply,
    endless_body,
    garbage,
    redirect,
    reply,
    saying,
    silent,
    slow_body,
    slow_headers,
)

OUTSIDE = "93.184.216.34"
SECONDS = 0.4  # of a deadline that is to be met

# --- Addresses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "93.184.216.34",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2003::1",
        "2606:4700:4700::1111",
        "2a01:4f8::1",
        "::ffff:93.184.216.34",
    ],
)
def test_an_address_out_in_the_world_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.171",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::93.184.216.34",
        "::ffff:0.0.0.0",
        "::ffff:10.0.0.1",
        "::ffff:100.64.0.1",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::ffff:169.254.169.254",
        "::ffff:0:93.184.216.34",
        "64:ff9b::7f00:1",
        "64:ff9b::5db8:d822",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:1ff::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:5db8:d822::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700:4700::1111%eth0",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    ],
)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "text",
    ["", "localhost", "example.org", "2130706433", "0x7f.1", "1.1.1.1/32", "1.1.1.1\n", "[::1]"],
)
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)


# --- Asking ------------------------------------------------------------------------------------


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch) -> Internet:
    return Internet(monkeypatch)


def ask(url: str, **options: Any) -> Answer:
    return request("POST", url, **{"body": b"hello", "allow_private": True, **options})


def trouble_of(url: str, **options: Any) -> HttpError:
    with pytest.raises(HttpError) as caught:
        ask(url, **options)
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_status_a_reason_and_headers_are_the_answer() -> None:
    with HttpSink(reply(418, "Teapot", headers={"Retry-After": "7"})) as sink:
        answer = ask(sink.url())

    assert (answer.status, answer.reason) == (418, "Teapot")
    assert answer.headers["retry-after"] == "7"


def test_a_body_and_headers_arrive() -> None:
    with HttpSink() as sink:
        ask(sink.url("/in?a=b"), headers={"Content-Type": "text/plain"})

    (asked,) = sink.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/in?a=b", b"hello")
    assert asked.headers["content-type"] == "text/plain"


def test_what_may_not_stand_in_a_request_is_quoted() -> None:
    with HttpSink() as sink:
        ask(sink.url("/a b/é%20\udc80?q=ü&r=1 2"))

    assert sink.asked[0].path == "/a%20b/%C3%A9%20%ED%B2%80?q=%C3%BC&r=1%202"


def test_a_login_in_the_url_is_sent_as_basic_authentication() -> None:
    with HttpSink() as sink:
        ask(f"http://bob:p%40ss@{sink.place}/")

    login = b64encode(b"bob:p@ss").decode()
    assert sink.asked[0].headers["authorization"] == f"Basic {login}"


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with HttpSink() as sink:
        assert ask(sink.url()).status == 200


def test_a_reason_from_outside_is_one_short_line() -> None:
    with HttpSink(saying(b"HTTP/1.1 500 bad\x1b[31m\xe2" + b"y" * 900 + b"\r\n\r\n")) as sink:
        answer = ask(sink.url())

    assert answer.reason.startswith("bad\\x1b[31m")
    assert len(answer.reason) == 80


def test_headers_that_are_none_do_not_put_the_url_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    with HttpSink(saying(b"HTTP/1.1 200 OK\r\nno header\r\n\r\n")) as sink:
        ask(sink.url("/T0K3N"))

    assert "T0K3N" not in caplog.text


# --- What goes wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("faulty", "said"),
    [
        (empty_reply, "ended the connection without an answer"),
        (garbage, "is not HTTP"),
        (saying(b"HTTP/1.1 OK fine\r\n\r\n"), "is not HTTP"),
        (saying(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200), "is not HTTP"),
        (saying(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000), "is not HTTP"),
    ],
)
def test_no_proper_reply_is_told_with_its_host(faulty: Talk, said: str) -> None:
    with HttpSink(faulty) as sink:
        trouble = trouble_of(sink.url("/T0K3N"))

    assert str(trouble).startswith("127.0.0.1 ")
    assert said in str(trouble)
    assert "T0K3N" not in str(trouble)
    assert trouble.retry


@pytest.mark.parametrize("slow", [silent, slow_headers, dripping(b"HTTP/1.1 100 Continue\r\n\r\n")])
def test_no_reply_is_waited_for_longer_than_the_deadline(slow: Talk) -> None:
    with Server(slow) as server:
        trouble = trouble_of(f"http://127.0.0.1:{server.port}/", seconds=SECONDS)

    assert "came to no end within 0.4 s" in str(trouble)


@pytest.mark.parametrize("endless", [endless_body, slow_body])
def test_a_body_without_end_does_not_change_the_answer(endless: Talk) -> None:
    with HttpSink(endless) as sink:
        assert ask(sink.url(), seconds=SECONDS).status == 200


def test_a_closed_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    assert "refused the connection" in str(trouble_of(f"http://127.0.0.1:{port}/"))


def test_an_unknown_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    assert str(trouble_of("http://hooks.example/T0K3N")).startswith("hooks.example is no name")


def test_a_resolver_that_hangs_is_waited_for_no_longer_than_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [over.wait()][:0])

    trouble = trouble_of("http://hooks.example/", seconds=SECONDS)
    over.set()

    assert "came to no end" in str(trouble)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example/T0K3N",
        "file:///etc/T0K3N",
        "gopher://hooks.example/T0K3N",
        "http:///T0K3N",
        "http://[::1/T0K3N",
        "http://hooks.example:99999/T0K3N",
        "http://hooks.example:T0K3N/",
        "http://hooks exa\tmple/T0K3N",
        "http://[fe80::1%25eth0]/T0K3N",
        f"http://{'a' * 70}.example{'é'}/T0K3N",
    ],
)
def test_what_is_no_url_of_the_web_is_refused_without_repeating_it(url: str) -> None:
    trouble = trouble_of(url)

    assert str(trouble) == "the URL is not one of http:// or https:// with a host"
    assert not trouble.retry


# --- TLS ---------------------------------------------------------------------------------------


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    tls, _ = certificate(tmp_path)
    with HttpSink(tls=tls) as sink:
        trouble = trouble_of(sink.url("/T0K3N"))

    assert "a certificate that does not hold (self-signed certificate)" in str(trouble)
    assert not sink.asked


def test_a_certificate_that_this_machine_trusts_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, file = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with HttpSink(tls=tls) as sink:
        assert ask(sink.url()).status == 200


def test_a_certificate_for_another_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, file = certificate(tmp_path, "127.0.0.2")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with HttpSink(tls=tls) as sink:
        assert "a certificate that does not hold" in str(trouble_of(sink.url()))


def test_https_of_a_server_without_tls_is_told() -> None:
    with Server(garbage) as server:
        trouble = trouble_of(f"https://127.0.0.1:{server.port}/")

    assert "speaks no TLS" in str(trouble)


def test_a_handshake_that_hangs_ends_at_the_deadline() -> None:
    with Server(silent) as server:
        trouble = trouble_of(f"https://127.0.0.1:{server.port}/", seconds=SECONDS)

    assert "came to no end" in str(trouble)


# --- Addresses inside --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0", "[::1]", "[::ffff:127.0.0.1]", "localhost"],
)
def test_this_machine_is_not_asked_however_it_is_spelled(host: str) -> None:
    with HttpSink() as sink:
        trouble = trouble_of(f"http://{host}:{sink.port}/", allow_private=False)

    assert "an address inside; set SCMMON_ALLOW_PRIVATE_URLS=true" in str(trouble)
    assert not sink.asked


def test_a_name_that_leads_inside_is_told_with_its_address(internet: Internet) -> None:
    internet.names["hooks.example"] = [["10.0.0.7"]]

    trouble = trouble_of("https://hooks.example/T0K3N", allow_private=False)

    assert str(trouble) == (
        "hooks.example is 10.0.0.7, an address inside; "
        "set SCMMON_ALLOW_PRIVATE_URLS=true if that is meant"
    )
    assert not internet.connected


def test_a_name_with_one_address_inside_is_refused(internet: Internet) -> None:
    internet.names["hooks.example"] = [[OUTSIDE, "192.168.1.1"]]

    assert "192.168.1.1" in str(trouble_of("http://hooks.example/", allow_private=False))
    assert not internet.connected


def test_a_name_that_changes_is_asked_for_once_and_what_was_checked_is_connected_to(
    internet: Internet,
) -> None:
    internet.names["hooks.example"] = [[OUTSIDE], ["127.0.0.1"]]
    with HttpSink() as sink:
        internet.leads_to[OUTSIDE] = sink.port

        assert ask("http://hooks.example/", allow_private=False).status == 200

    assert internet.connected == [OUTSIDE]
    assert sink.asked[0].headers["host"] == "hooks.example"


def test_the_next_address_is_tried_where_one_refuses(internet: Internet) -> None:
    internet.names["hooks.example"] = [["93.184.216.35", OUTSIDE]]
    with HttpSink() as sink, socket.create_server(("127.0.0.1", 0)) as closed:
        internet.leads_to = {"93.184.216.35": closed.getsockname()[1], OUTSIDE: sink.port}
        closed.close()

        assert ask("http://hooks.example/", allow_private=False).status == 200


# --- Redirects ---------------------------------------------------------------------------------


def test_a_redirect_is_not_followed_unless_asked_for() -> None:
    with HttpSink() as other, HttpSink(redirect(other.url("/T0K3N"))) as sink:
        trouble = trouble_of(sink.url())

    assert "127.0.0.1 answered 302: it would have us go to 127.0.0.1;" in str(trouble)
    assert "T0K3N" not in str(trouble)
    assert not trouble.retry
    assert not other.asked


def test_as_many_redirects_are_followed_as_asked_for() -> None:
    with HttpSink(redirect("/two"), redirect("three"), reply(204)) as sink:
        assert ask(sink.url("/one"), redirects=2).status == 204

    assert [asked.path for asked in sink.asked] == ["/one", "/two", "/three"]


def test_one_redirect_more_is_not_followed() -> None:
    with HttpSink(redirect("/again")) as sink:
        trouble_of(sink.url(), redirects=2)

    assert len(sink.asked) == 3


@pytest.mark.parametrize(
    ("status", "method"), [(301, "GET"), (303, "GET"), (307, "POST"), (308, "POST")]
)
def test_a_redirect_keeps_the_method_where_its_status_says_so(status: int, method: str) -> None:
    with HttpSink(redirect("/two", status), reply()) as sink:
        ask(sink.url(), redirects=1)

    assert sink.asked[1].method == method
    assert sink.asked[1].body == (b"hello" if method == "POST" else b"")


@pytest.mark.parametrize(
    "inside",
    ["http://127.0.0.1:{port}/", "http://169.254.169.254/latest", "http://[::1]/", "//10.0.0.1/"],
)
def test_a_redirect_to_inside_is_refused(internet: Internet, inside: str) -> None:
    internet.names["hooks.example"] = [[OUTSIDE]]
    with HttpSink() as sink:
        sink.replies = [redirect(inside.format(port=sink.port)), reply()]
        internet.leads_to[OUTSIDE] = sink.port
        trouble = trouble_of("http://hooks.example/", allow_private=False, redirects=3)

    assert "an address inside" in str(trouble)
    assert len(sink.asked) == 1
    assert internet.connected == [OUTSIDE]


@pytest.mark.parametrize("place", ["file:///etc/passwd", "gopher://x/", "http://["])
def test_a_redirect_out_of_the_web_is_refused(place: str) -> None:
    with HttpSink(redirect(place)) as sink:
        assert "not one of http://" in str(trouble_of(sink.url(), redirects=3))


def test_a_login_stays_with_its_host() -> None:
    with HttpSink() as other, HttpSink(redirect(other.url())) as sink:
        ask(f"http://bob:secret@{sink.place}/", redirects=1)

    assert "authorization" in sink.asked[0].headers
    assert "authorization" not in other.asked[0].headers


def test_the_deadline_is_one_for_all_redirects() -> None:
    with HttpSink(redirect("/two"), slow_headers) as sink:
        assert "came to no end" in str(trouble_of(sink.url(), redirects=3, seconds=SECONDS))
