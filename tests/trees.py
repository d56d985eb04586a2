"""Small trees of tarballs in a test's own directory, for what needs odd names more than real archives."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

DAY = timedelta(days=1)


def lay_file(root: Path, path: bytes, content: bytes = b"tar", age: timedelta = DAY) -> Path:
    """Write a file below a root, its directories with it, last changed `age` ago; the path is bytes."""
    file = root / os.fsdecode(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    moment = (datetime.now(UTC) - age).timestamp()
    os.utime(file, (moment, moment))
    return file


def lay_tarball(
    root: Path, path: bytes, size_bytes: int = 100, digest: str = "0" * 32, sidecar: bool = True
) -> Path:
    """Write a tarball's file and a `.dna` sidecar that fits."""
    if sidecar:
        text = f"{{'dig': '{digest}', 'size': {size_bytes}}}"
        lay_file(root, path + b".dna", text.encode())
    return lay_file(root, path, b"x" * size_bytes)


def stamp(days_ago: float = 1) -> str:
    """Return the stamp (UTC) of a moment some days ago."""
    return f"{datetime.now(UTC) - days_ago * DAY:%Y/%m/%d/%H%M%S}"
