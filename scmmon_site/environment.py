"""Reads switches from the environment strictly: what is wrong is kept as a numbered problem, not raised.

`checks.py` reports the problems when a command starts, so that a typing error in `.env` is one
clear sentence and never a traceback.
"""

import os
import secrets
from pathlib import Path
from typing import Any

import environ

TRUE_WORDS = {"1", "true", "yes", "on"}
FALSE_WORDS = {"0", "false", "no", "off", ""}


class Environment:
    """The process's environment, with the problems met while reading it."""

    def __init__(self, env_file: Path | None = None) -> None:
        if env_file is not None and env_file.is_file():
            environ.Env.read_env(env_file)
        self.problems: list[tuple[str, str]] = []

    def text(self, name: str, default: str = "") -> str:
        """Return the text of a switch; an empty one counts as absent."""
        return os.environ.get(name, "").strip() or default

    def words(self, name: str, default: str = "") -> list[str]:
        """Return a comma-separated list, stripped, without empty items."""
        return [word.strip() for word in self.text(name, default).split(",") if word.strip()]

    def boolean(self, name: str, *, default: bool) -> bool:
        """Return a yes or no; anything else is problem E001 and the default."""
        word = os.environ.get(name, str(default)).strip().lower()
        if word not in TRUE_WORDS | FALSE_WORDS:
            self.problems.append(("E001", f"{name} is {word!r}: write true or false."))
            return default
        return word in TRUE_WORDS

    def number(self, name: str, default: int, *, least: int = 1, most: int) -> int:
        """Return a whole number from `least` to `most`; anything else is problem E002 and the default."""
        text = self.text(name, str(default))
        if not text.isdecimal() or not least <= int(text) <= most:
            problem = f"{name} is {text!r}: write a whole number from {least} to {most}."
            self.problems.append(("E002", problem))
            return default
        return int(text)

    def database(self, name: str, default: str) -> dict[str, Any]:
        """Return Django's settings for a database URL; a wrong one is problem E003."""
        url = self.text(name, default)
        try:
            settings: dict[str, Any] = environ.Env.db_url_config(url)
            if settings.get("ENGINE", "").rpartition(".")[2] not in ("sqlite3", "postgresql"):
                raise ValueError("unknown kind of database")
        except Exception:  # noqa: BLE001 - the parser raises whatever it meets, and may repeat a password
            self.problems.append(
                (
                    "E003",
                    f"{name} cannot be read: write sqlite:////path/db.sqlite3 "
                    "or postgres://user:password@host:5432/name.",
                )
            )
            settings = environ.Env.db_url_config(default)
        return settings

    def email(self, name: str) -> dict[str, Any]:
        """Return Django's EMAIL_ settings for a mail URL; a wrong one is problem E004."""
        try:
            return dict(environ.Env.email_url_config(self.text(name, "consolemail://")))
        except Exception:  # noqa: BLE001 - the parser raises whatever it meets, and may repeat a password
            self.problems.append(
                ("E004", f"{name} cannot be read: write smtp://user:password@host:port.")
            )
            return dict(environ.Env.email_url_config("consolemail://"))


def kept_secret_key(file: Path) -> str:
    """Return the secret key kept in a file, making it (private to this user) when absent."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(secrets.token_urlsafe(64))
    except FileExistsError:
        pass
    return file.read_text().strip()
