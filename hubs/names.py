"""Names that came from a node: reversible text for storing, exact bytes for asking, safe text for showing.

A path on a node is bytes: it may hold anything but NUL. Stored as text, `%` and whatever is not printable
UTF-8 is written as `%XX` for each byte, so that two names never become one and nothing odd reaches SQL, HTML,
a terminal or a mail header.
"""

import re
import unicodedata
from hashlib import blake2b
from urllib.parse import unquote_to_bytes

PLAIN = re.compile(rb"[ -$&-~]*")
UNPRINTABLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def to_text(name: bytes) -> str:
    """Return the reversible text form of a name."""
    if PLAIN.fullmatch(name):
        return name.decode("ascii")
    return "".join(_escaped(character) for character in name.decode("utf-8", "surrogateescape"))


def _escaped(character: str) -> str:
    if character != "%" and unicodedata.category(character) not in UNPRINTABLE:
        return character
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))


def to_bytes(text: str) -> bytes:
    """Return the exact bytes of a name's text form."""
    return unquote_to_bytes(text)


def exact(text: str) -> str:
    """Return a name as Python and JSON programs expect it: bytes that are not UTF-8 as lone surrogates."""
    return to_bytes(text).decode("utf-8", "surrogateescape")


def key(text: str) -> str:
    """Return 32 hexadecimal digits that stand for a text of any length in an index."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def one_line(text: str) -> str:
    """Return a text for people in which nothing can break a line, a terminal or the order of reading."""
    return "".join(
        character
        if unicodedata.category(character) not in UNPRINTABLE
        else " "
        if character in "\n\r\t"
        else f"\\x{ord(character):02x}"
        for character in text
    )
