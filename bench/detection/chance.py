"""Chance that is the same for the same names.

Each purpose has a stream of its own, so that one more draw in one place changes nothing elsewhere.
"""

import hashlib
import random


def stream(*names: object) -> random.Random:
    """Return the stream of these names."""
    return random.Random("/".join(map(str, names)))  # noqa: S311 - not a secret


def digest(*names: object) -> str:
    """Return 32 hexadecimal digits that stand for the content of these names."""
    text = "/".join(map(str, names)).encode()
    return hashlib.md5(text, usedforsecurity=False).hexdigest()
