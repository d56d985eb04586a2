"""What every test has: a var directory of its own, real SSH nodes, a bad network, and no way out of this machine."""

import ipaddress
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connections
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django import Settings

from scmmon_site.demo.sshd import Sshd, make_key
from tests.proxy import Proxy
from tests.sinks import SmtpSink

# Passwords of tests are no secrets, and hashing one as in earnest takes half a second.
django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
os.environ["SCMMON_VAR"] = str(django_settings.VAR_DIR)  # for the commands that tests start

# Tests ask faster than anybody, and all as the first user of their database; tests/test_api_throttle.py sets its own.
django_settings.SCMMON_API_PER_MINUTE = django_settings.SCMMON_API_ANONYMOUS_PER_MINUTE = 1_000_000

NodeFactory = Callable[..., Sshd]
ProxyFactory = Callable[[Sshd], Proxy]

SYSTEM_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
# Marker: the programs of which one must be there.
NEEDED: dict[str, list[tuple[str, ...]]] = {
    "sshd": [("sshd",), ("ssh",), ("ssh-keygen",)],
    "browser": [("chromium", "chromium-browser", "google-chrome")],
}
FIXTURES_OF_SSHD = {"sshd", "client_key"}


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts sshd, and skip, by name, what needs a program that is not installed."""
    for item in items:
        if FIXTURES_OF_SSHD.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("sshd")
        for marker, programs in NEEDED.items():
            missing = [names[0] for names in programs if not _installed(names)]
            if item.get_closest_marker(marker) and missing:
                reason = f"{item.name} needs {', '.join(missing)}"
                item.add_marker(pytest.mark.skip(reason=reason))


def _installed(names: tuple[str, ...]) -> bool:
    return any(shutil.which(name, path=SYSTEM_PATH) for name in names)


def pytest_unconfigure() -> None:
    """Remove the var directory that settings made for this process."""
    shutil.rmtree(django_settings.VAR_DIR, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Keep SQLite's test database in a file, as looks write from threads, which a database in memory refuses."""
    database = connections["default"]
    if database.vendor == "sqlite":
        database.settings_dict["TEST"]["NAME"] = str(django_settings.VAR_DIR / "test.sqlite3")


@pytest.fixture(autouse=True)
def no_way_out(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that connects to anything but this machine, even where it swallows the refusal."""
    attempts: list[object] = []

    def guarded(connect: Callable[..., Any]) -> Callable[..., Any]:
        def guarded_connect(self: socket.socket, address: Any) -> Any:
            if self.family != socket.AF_UNIX and not _is_here(address[0]):
                attempts.append(address)
                raise ConnectionRefusedError(f"a test may not leave this machine: {address}")
            return connect(self, address)

        return guarded_connect

    monkeypatch.setattr(socket.socket, "connect", guarded(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex))
    yield
    assert not attempts, f"it tried to leave this machine: {attempts}"


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("localhost", "")


@pytest.fixture(scope="session")
def client_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The private key with which the monitor logs in; its public half lies beside it."""
    return make_key(tmp_path_factory.mktemp("client") / "id_ed25519")


@pytest.fixture
def sshd(tmp_path: Path, client_key: Path) -> Iterator[NodeFactory]:
    """Start a real SSH server: `sshd("vault")`; options are those of `Sshd`."""
    started: list[Sshd] = []

    def start(name: str, **options: Any) -> Sshd:
        started.append(Sshd(tmp_path / "sshd" / name, client_key, **options))
        return started[-1].start()

    yield start
    for server in started:
        server.close()


@pytest.fixture
def proxy() -> Iterator[ProxyFactory]:
    """Put a network that can misbehave before a server: `proxy(vault)`; see `tests.proxy`."""
    made: list[Proxy] = []

    def put_before(server: Sshd) -> Proxy:
        made.append(Proxy(server.port))
        return made[-1]

    yield put_before
    for one in made:
        one.close()


@pytest.fixture
def smtp(settings: Settings) -> Iterator[SmtpSink]:
    """A real mail server, to which our mail goes."""
    with SmtpSink() as sink:
        sink.receives_mail_of(settings)
        yield sink


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    program = next(filter(None, map(shutil.which, NEEDED["browser"][0])))
    # Playwright keeps an event loop in this thread, which Django takes for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page whose every complaint, a refusal by the security policy among them, fails the test."""
    complaints: list[str] = []
    page = browser.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    page.on("dialog", lambda dialog: complaints.append(f"a text ran: {dialog.message}"))
    yield page
    page.close()
    assert not complaints
