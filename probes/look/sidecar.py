"""Reads the text of a sidecar: `.dna` (a Python dict's text with md5 and size) or `.sha256`.

Pure, and strict: hostile text is matched against two small grammars and never evaluated.
"""

import re
from typing import NamedTuple

LONGEST_SIDECAR_BYTES = 4096

_DIGEST = r"""u?['"]dig['"]\s*:\s*u?['"](?P<digest{n}>[0-9a-fA-F]{{32}})['"]"""
_SIZE = r"""u?['"]size['"]\s*:\s*(?P<size{n}>[0-9]{{1,19}})L?"""
DNA = re.compile(
    r"\{\s*(?:"
    + rf"{_DIGEST.format(n=1)}\s*,\s*{_SIZE.format(n=1)}"
    + "|"
    + rf"{_SIZE.format(n=2)}\s*,\s*{_DIGEST.format(n=2)}"
    + r")\s*,?\s*\}"
)
SHA256_GNU = re.compile(r"\\?([0-9a-fA-F]{64})(?: [ *]([^\r\n]+))?")
SHA256_BSD = re.compile(r"SHA256 \(([^\r\n]+)\) = ([0-9a-fA-F]{64})")


class SidecarError(ValueError):
    """The text is not what such a sidecar holds; the message says why."""


class Sidecar(NamedTuple):
    """What a sidecar says of its tarball."""

    digest: str  # hexadecimal, lower case
    size_bytes: int | None  # None: this kind does not say


def parse_sidecar(kind: str, content: bytes, file_name: bytes) -> Sidecar:
    """Return what a sidecar of a kind (`dna`, `sha256`) says of the tarball of this name.

    Raises SidecarError when it says anything else.
    """
    if not content.strip():
        raise SidecarError("it is empty")
    if len(content) > LONGEST_SIDECAR_BYTES:
        raise SidecarError(f"it is longer than {LONGEST_SIDECAR_BYTES} bytes")
    text = content.decode("utf-8", "surrogateescape").strip()
    return _parse_dna(text) if kind == "dna" else _parse_sha256(text, file_name)


def _parse_dna(text: str) -> Sidecar:
    match = DNA.fullmatch(text)
    if match is None:
        raise SidecarError("it is not a dict of 'dig' (32 hexadecimal digits) and 'size'")
    digest = match["digest1"] or match["digest2"]
    return Sidecar(digest.lower(), int(match["size1"] or match["size2"]))


def _parse_sha256(text: str, file_name: bytes) -> Sidecar:
    if gnu := SHA256_GNU.fullmatch(text):
        digest, named = gnu.groups()
    elif bsd := SHA256_BSD.fullmatch(text):
        named, digest = bsd.groups()
    else:
        raise SidecarError("it is not one line with 64 hexadecimal digits and a name")
    if named is not None and not _names_file(named, text, file_name):
        raise SidecarError("it names another file")
    return Sidecar(digest.lower(), None)


def _names_file(named: str, text: str, file_name: bytes) -> bool:
    """Say whether a checksum line names this file; sha256sum escapes odd names and marks such a line."""
    if text.startswith("\\"):
        named = re.sub(r"\\([\\nr])", lambda m: {"n": "\n", "r": "\r"}.get(m[1], "\\"), named)
    return named.rsplit("/", 1)[-1].encode("utf-8", "surrogateescape") == file_name
