"""Refuse values that are wrong or dangerous before they reach a shell, a path or a page."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, validate_email

from hubs.durations import parse_duration
from hubs.limits import free_space_floor_bytes

# The end is \Z, not $, which would let a newline through.
tag = RegexValidator(
    r"\A[A-Za-z0-9][A-Za-z0-9_.:-]*\Z",
    "Write letters, digits, and . _ - : only, beginning with a letter or digit.",
)
HOST = r"[A-Za-z0-9_\[][A-Za-z0-9_.:%\]-]*"
USER = r"[A-Za-z0-9_][A-Za-z0-9_.@\\-]*"
host = RegexValidator(
    rf"\A{HOST}\Z", "Write a host name or an address; it may not begin with a dash or hold spaces."
)
user = RegexValidator(
    rf"\A{USER}\Z", "Write a login name; it may not begin with a dash or hold spaces."
)
JUMP_HOST = RegexValidator(
    r"\A(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9_][A-Za-z0-9_.-]*(?::\d{1,5})?\Z",
    "Write [user@]host[:port].",
)
one_line = RegexValidator(r"\A[^\x00-\x1f\x7f]*\Z", "Control characters are not allowed.")
extensions = RegexValidator(
    r"\A\.[A-Za-z0-9.]+(?: \.[A-Za-z0-9.]+)*\Z",
    "Write endings such as .tar.gz, with one space between.",
)

REPO_PATH = re.compile(r"(?!\.{1,2}/)[^/\x00-\x1f]+/(?!\.{1,2}\Z)[^/\x00-\x1f]+\Z")


def jump_host(value: str) -> None:
    """Refuse what is not `[user@]host[:port]`."""
    JUMP_HOST(value)
    port = value.rpartition(":")[2]
    if port != value and not 1 <= int(port) <= 65535:
        raise ValidationError(f"{port} is not a port: write one from 1 to 65535.")


def time_zone(value: str) -> None:
    """Refuse what is not an IANA time zone."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationError(
            f"{value!r} is not an IANA time zone such as Europe/Paris or UTC."
        ) from None


def root(value: str) -> None:
    """Refuse a root that is not an absolute, normal path at least one directory below /."""
    one_line(value)
    parts = value.rstrip("/").split("/")
    if not value.startswith("/"):
        raise ValidationError(f"{value!r} is relative: write the absolute path of a directory.")
    if len(parts) < 2:
        raise ValidationError("The root may not be the whole file system.")
    if any(part in ("", ".", "..") for part in parts[1:]):
        raise ValidationError(f"{value!r} holds an empty part, . or ..: write the plain path.")


def local_file(value: str) -> None:
    """Refuse what is not the path of a file on this machine, above all a pasted key."""
    if "PRIVATE KEY" in value or "BEGIN" in value:
        raise ValidationError(
            "This is a key, not the path of one: keep the key in a file and write its path."
        )
    one_line(value)
    if not value.startswith(("/", "~/")) or ".." in value.split("/"):
        # The value is not repeated, as it may be a key.
        raise ValidationError("Write a plain absolute path, or one that begins with ~/.")


def email_list(value: object) -> None:
    """Refuse what is not a list of mail addresses."""
    if not isinstance(value, list):
        raise ValidationError("Write a list of mail addresses.")
    for address in value:
        if not isinstance(address, str):
            raise ValidationError(f"{address!r} is not a mail address.")
        try:
            validate_email(address)
        except ValidationError:
            # A code of its own: for "invalid" a JSON field shows a message about JSON instead.
            raise ValidationError(f"{address!r} is not a mail address.", code="address") from None


def positive(value: timedelta) -> None:
    """Refuse a duration of nothing or less."""
    if value <= timedelta(0):
        raise ValidationError("The duration must be longer than nothing.")


def not_negative(value: timedelta) -> None:
    """Refuse a negative duration."""
    if value < timedelta(0):
        raise ValidationError("The duration may not be negative.")


def cadence(value: str) -> None:
    """Refuse what is neither `auto`, nor a duration, nor cron text of five fields."""
    if value == "auto":
        return
    if len(value.split()) == 5 and croniter.is_valid(value):
        return
    try:
        parse_duration(value)
    except ValueError:
        raise ValidationError(
            f"{value!r} is neither auto, nor a duration such as 1d, nor cron text such as '47 10 * * *'."
        ) from None


def free_space(value: str) -> None:
    """Refuse what is neither a percentage nor a size."""
    try:
        free_space_floor_bytes(value, 0)
    except ValueError as problem:
        raise ValidationError(str(problem)) from None


def repo_path(value: str) -> None:
    """Refuse what is not `category/name`."""
    if not REPO_PATH.match(value):
        raise ValidationError(f"{value!r} is not category/name, for instance tracs/env.")
