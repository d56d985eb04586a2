"""Real SSH servers on loopback for the demo, the tests and the benchmarks: one `Sshd` is one node.

Each has its own directory (host key, configuration, log), admits one client key, and is ended, with all
that its logins started, by process id.
"""

import contextlib
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

ADDRESS = "127.0.0.1"
# Below the range from which Linux takes the ports of outgoing connections, so none of those sits on ours.
PORTS = range(20000, 32000)
START_SECONDS = 10.0
END_SECONDS = 0.5
AS_ASKED = 'exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"'


class SshdError(RuntimeError):
    """sshd is not installed, or does not start."""


def program(name: str) -> str:
    """Return where a system program is, also where only root's PATH would look; raises SshdError if nowhere."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/sbin")
    if found is None:
        raise SshdError(f"{name} is not installed (Debian: apt install openssh-server)")
    return found


def make_key(file: Path) -> Path:
    """Make an ed25519 key without a passphrase, its public half beside it in `.pub`; keep one that is there."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        command = [program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", "scmmon", "-f"]
        subprocess.run([*command, str(file)], check=True, stdin=subprocess.DEVNULL)
    return file


class Sshd:
    """One SSH server on 127.0.0.1, as root or as whoever runs it; only that user's logins work."""

    def __init__(
        self,
        directory: Path,
        client_key: Path,
        *,
        port: int | None = None,
        home: Path | None = None,
        time_zone: str = "UTC",
        forced: str | None = None,
    ) -> None:
        """Prepare it, not started.

        `port` is preferred, not promised; `home` is where logins find dot files (default: its directory,
        which has none); `forced` is shell text to be run instead of what a client asks for, where
        `$SSH_ORIGINAL_COMMAND` is that, and `AS_ASKED` runs it.
        """
        self.directory = directory
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        self.home = home or directory
        self.time_zone = time_zone
        self.log = directory / "log"
        self._forced = directory / "forced.sh"
        self._is_forced = forced is not None
        self._preferred_port = port
        self._port: int | None = None
        self._holder: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True, exist_ok=True)
        self.authorise(client_key)
        self.force(forced or AS_ASKED)
        make_key(self.host_key)

    @property
    def host_key(self) -> Path:
        """File of its private host key."""
        return self.directory / "host_key"

    @property
    def public_key(self) -> str:
        """Kind and text of its present host key."""
        return " ".join(self.host_key.with_suffix(".pub").read_text().split()[:2])

    @property
    def port(self) -> int:
        """Its port, which it keeps, refusing, while stopped."""
        if self._port is None:
            raise SshdError("it was never started, so it has no port yet")
        return self._port

    @property
    def pid(self) -> int | None:
        """Process id of the server; None while it is stopped."""
        return self._process.pid if self._process else None

    def known_hosts_line(self, port: int | None = None) -> str:
        """Return the line that makes a client trust its present host key (behind a proxy's port, if given)."""
        return f"[{ADDRESS}]:{port or self.port} {self.public_key}\n"

    def logins(self) -> int:
        """Return how many logins it accepted since its log began."""
        return self.log.read_text(errors="replace").count("Accepted publickey")

    def authorise(self, client_key: Path | None) -> None:
        """Admit this key and no other; None admits nobody."""
        public = client_key.with_name(f"{client_key.name}.pub").read_text() if client_key else ""
        (self.directory / "authorized_keys").write_text(public)

    def force(self, script: str) -> None:
        """Change the text that is run instead of a client's command, if it was made with one."""
        self._forced.write_text(script + "\n")

    def rekey(self) -> None:
        """Take a new host key, as a reinstalled machine or an impostor has."""
        running = self._process is not None
        self.stop()
        for old in self.directory.glob("host_key*"):
            old.unlink()
        make_key(self.host_key)
        if running:
            self.start()

    def start(self) -> Self:
        """Start it and wait until it listens; raises SshdError when it does not."""
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # without it sshd refuses to start
        self._release_port()
        candidates = [port for port in (self._port, self._preferred_port) if port]
        for port in [*candidates, *random.sample(PORTS, 20)]:
            if _is_free(port) and self._listens_on(port):
                self._port = port
                return self
        raise SshdError(f"sshd does not start: {self.log.read_text(errors='replace')[-400:]}")

    def stop(self) -> None:
        """End it and every login, and keep its port so that connections are refused."""
        if self._process is None:
            return
        end_processes([*descendants(self._process.pid), self._process.pid])
        self._process.wait()
        self._process = None
        self._holder = socket.socket()
        self._holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            self._holder.bind((ADDRESS, self.port))

    def close(self) -> None:
        """End it and give its port back."""
        self.stop()
        self._release_port()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _release_port(self) -> None:
        if self._holder:
            self._holder.close()
            self._holder = None

    def _listens_on(self, port: int) -> bool:
        configuration = self.directory / "sshd_config"
        configuration.write_text(self._configuration(port))
        already = self.log.stat().st_size if self.log.exists() else 0
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "TZ": self.time_zone}
        command = [*dies_with_us(), program("sshd"), "-D", "-e", "-f", str(configuration)]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
            )
        deadline = time.monotonic() + START_SECONDS
        ready = f"Server listening on {ADDRESS} port {port}.".encode()
        while process.poll() is None and time.monotonic() < deadline:
            if ready in self.log.read_bytes()[already:]:
                self._process = process
                return True
            time.sleep(0.005)
        end_processes([process.pid])
        process.wait()
        return False

    def _configuration(self, port: int) -> str:
        lines = [
            f"Port {port}",
            f"ListenAddress {ADDRESS}",
            f'HostKey "{self.host_key}"',
            "PidFile none",
            f'AuthorizedKeysFile "{self.directory / "authorized_keys"}"',
            f"UsePAM {'yes' if _account_is_locked(self.user) else 'no'}",
            "StrictModes no",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitRootLogin prohibit-password",
            "UseDNS no",
            "PrintMotd no",
            "PrintLastLog no",
            "MaxStartups 300",
            "MaxSessions 50",
            "LogLevel VERBOSE",
            "Subsystem sftp internal-sftp",
            f'SetEnv "HOME={self.home}"',
        ]
        if self._is_forced:
            lines.append(f'ForceCommand /bin/sh "{self._forced}"')
        if _openssh_version() >= (9, 8):
            lines.append("PerSourcePenalties no")
        return "\n".join(lines) + "\n"


def descendants(pid: int) -> list[int]:
    """Return the process ids of all that a process started, directly or not, and that still live."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, parent = (entry / "stat").read_bytes().rpartition(b")")[2].split()[:2]
            if state != b"Z":
                children.setdefault(int(parent), []).append(int(entry.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def end_processes(pids: list[int]) -> None:
    """End processes by id: asked first, killed when they do not go."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sign)
        deadline = time.monotonic() + END_SECONDS
        while time.monotonic() < deadline:
            pids = [pid for pid in pids if _lives(pid)]
            if not pids:
                return
            time.sleep(0.005)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return False
        return True


def dies_with_us() -> list[str]:
    """Return the prefix that lets the kernel end a child when we are killed and cannot.

    It is tied to the thread that starts the child: start servers from a thread that lasts.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


def _openssh_version() -> tuple[int, int]:
    said = subprocess.run(
        [program("ssh"), "-V"], capture_output=True, text=True, check=False
    ).stderr
    numbers = re.search(r"OpenSSH_(\d+)\.(\d+)", said)
    return (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)


def _account_is_locked(user: str) -> bool:
    """Tell whether `!` stands for this user's password: sshd then refuses every login unless PAM decides."""
    if os.geteuid() != 0:
        return False
    with contextlib.suppress(OSError):
        for line in Path("/etc/shadow").read_text(errors="replace").splitlines():
            if line.startswith(f"{user}:!"):
                return True
    return False
