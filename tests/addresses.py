"""Every address that the site knows, read from the URL conf, so that a test about all of them forgets none."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver


@dataclass(frozen=True)
class Address:
    """An address as people write it, `/hubs/<hub>/`, and the name of its pattern."""

    text: str
    name: str

    @property
    def is_admin(self) -> bool:
        """Whether it belongs to the admin."""
        return self.text.startswith("/admin/")

    def filled(self, values: dict[str, str]) -> str:
        """Return it with its parameters filled in; one without a value is `1`."""
        return re.sub(r"<(\w+)>", lambda found: values.get(found[1], "1"), self.text)


def site_addresses() -> list[Address]:
    """Return every address of the site, each once, in order."""
    return sorted(set(_addresses(get_resolver().url_patterns)), key=lambda one: one.text)


def _addresses(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[Address]:
    for pattern in patterns:
        text = prefix + _plain(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _addresses(pattern.url_patterns, text)
        else:
            yield Address(text, pattern.name or "")


def _plain(pattern: str) -> str:
    """Return a part of an address without what a regular expression or a converter says of its parameters."""
    plain = pattern.lstrip("^").removesuffix("\\Z").removesuffix("$")
    plain = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", plain)
    return re.sub(r"<\w+:(\w+)>", r"<\1>", plain).replace("\\", "")
