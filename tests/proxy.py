"""A TCP proxy before a node that misbehaves in one way at a time, as networks do."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from enum import Enum


class Mode(Enum):
    """How it treats connections made from now on; `after` in `Proxy.set` counts bytes towards the client."""

    PASS = "pass"
    STALL = "stall"
    RESET = "rst"
    CLOSE = "fin"
    THROTTLE = "throttle"
    NO_BANNER = "no_banner"
    GARBAGE_BANNER = "garbage_banner"


CUTS = (Mode.STALL, Mode.RESET, Mode.CLOSE)


class Proxy:
    """Listens on a port of its own and passes to another port of this machine."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.mode = Mode.PASS
        self.after = 0
        self.cut = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._in_thread(self._accept)

    def set(self, mode: Mode, after: int = 0) -> None:
        """Treat new connections so; `after` is bytes before a cut, or bytes a second of a throttle."""
        self.mode, self.after = mode, after
        self.cut.clear()

    def close(self) -> None:
        """Close every connection and the port."""
        for connection in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _in_thread(self, work: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=work, args=arguments, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                self._open.append(client)
                self._in_thread(self._serve, client, self.mode, self.after)

    def _serve(self, client: socket.socket, mode: Mode, after: int) -> None:
        with contextlib.suppress(OSError), client:
            if mode is Mode.NO_BANNER:
                _read_to_end(client)
            elif mode is Mode.GARBAGE_BANNER:
                _send_garbage(client)
            else:
                self._pass_on(client, mode, after)

    def _pass_on(self, client: socket.socket, mode: Mode, after: int) -> None:
        with socket.create_connection(("127.0.0.1", self.target_port)) as server:
            self._open.append(server)
            self._in_thread(self._answer, server, client, mode, after)
            while block := client.recv(65536):
                server.sendall(block)

    def _answer(self, server: socket.socket, client: socket.socket, mode: Mode, after: int) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while block := server.recv(65536 if mode is Mode.PASS else 1024):
                if mode in CUTS and passed + len(block) > after:
                    client.sendall(block[: max(0, after - passed)])
                    self._cut(client, mode)
                    return
                client.sendall(block)
                passed += len(block)
                if mode is Mode.THROTTLE:
                    time.sleep(len(block) / after)
            client.shutdown(socket.SHUT_WR)

    def _cut(self, client: socket.socket, mode: Mode) -> None:
        self.cut.set()
        if mode is Mode.RESET:
            # Closing with nothing to linger for sends RST; shutting the reading half wakes `_pass_on`,
            # which closes.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.shutdown(socket.SHUT_RD)
        elif mode is Mode.CLOSE:
            client.shutdown(socket.SHUT_WR)


def _read_to_end(client: socket.socket) -> None:
    while client.recv(4096):
        pass


def _send_garbage(client: socket.socket) -> None:
    while True:
        client.sendall(b"\xfe\x00not an SSH server\x1b[2J" * 40)
        time.sleep(0.005)
