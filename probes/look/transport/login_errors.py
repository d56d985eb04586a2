"""What a failed connection or login means, in words that tell what to do next."""

import paramiko
from paramiko.ssh_exception import NoValidConnectionsError

from probes.look.transport.base import Address, TransportError, said
from probes.look.transport.hostkeys import UnknownHostKeyError, fingerprint, known_hosts_file


def login_error(problem: Exception, address: Address, *, late: bool) -> TransportError:
    """Return what a failed connection or login means, in words that tell what to do next."""
    where = f"{address.host}:{address.port}"
    ask = f"`manage.py hostkey {address.tag}` shows its key, and --pin keeps it once you have checked it"
    match problem:
        case TransportError():
            return problem
        case paramiko.BadHostKeyException():
            expected, got = fingerprint(problem.expected_key), fingerprint(problem.key)
            return TransportError(
                "host_key",
                "connect",
                f"the host key of {where} has CHANGED: known is {expected}, it shows {got}. Somebody may be "
                f"listening, or the machine was made anew; {ask}",
            )
        case UnknownHostKeyError():
            return TransportError(
                "host_key",
                "connect",
                f"the host key of {where} ({problem.key.get_name()} {fingerprint(problem.key)}) is not in "
                f"{known_hosts_file(address)}; {ask}",
            )
        case paramiko.AuthenticationException() if not late:
            return TransportError(
                "auth",
                "login",
                f"{where} refused the login of {address.user or 'the default user'}: {said(problem)}",
            )
        case _ if late or _ran_out_of_time(problem):
            return TransportError(
                "timeout", "connect", f"{where} did not get as far as a login in time"
            )
        case NoValidConnectionsError():
            reasons = ", ".join(sorted({said(each) for each in problem.errors.values()}))
            return TransportError("unreachable", "connect", f"{where} cannot be reached: {reasons}")
        case OSError():
            return TransportError(
                "unreachable", "connect", f"{where} cannot be reached: {said(problem)}"
            )
        case EOFError() | paramiko.SSHException() if _before_login(problem):
            return TransportError(
                "unreachable", "connect", f"{where} does not speak SSH: {said(problem)}"
            )
        case paramiko.SSHException() | ValueError():
            return TransportError("error", "login", f"{where}: {said(problem)}")
    return TransportError("error", "connect", f"{where}: {type(problem).__name__}: {said(problem)}")


def _before_login(problem: Exception) -> bool:
    return isinstance(problem, EOFError) or "banner" in str(problem) or "negotiat" in str(problem)


def _ran_out_of_time(problem: BaseException | None) -> bool:
    while problem is not None:
        # "No existing session" is what paramiko says when the handshake's time-out passed unnoticed.
        if isinstance(problem, TimeoutError) or str(problem) == "No existing session":
            return True
        problem = problem.__cause__ or problem.__context__
    return False
