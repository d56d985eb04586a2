"""Refreshes the front-end files under static/vendor from their npm packages, by exact version and hash.

python scripts/vendor.py            fetch, verify and write
python scripts/vendor.py --check    verify what is there, without network
"""

import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"


@dataclass(frozen=True)
class Vendored:
    """One file of a package: what it is there, where it goes here, and the hash of what is stored."""

    package: str
    member: str
    target: str
    digest: str


FILES = [
    Vendored(
        "chart.js@4.6.1",
        "package/dist/chart.umd.min.js",
        "chart.js/chart.umd.min.js",
        "c17f2ce49fb9c71ef7fb39c03f868804ac5ab34730149976eebe6b7f807bef0c",
    ),
    Vendored(
        "chart.js@4.6.1",
        "package/LICENSE.md",
        "chart.js/LICENSE.md",
        "41a84aa2caba645f966a18d9c2056b73e6d3a81d80bc0046bc0011a2634d4cce",
    ),
]


def main() -> int:
    """Fetch or check; give the exit code."""
    wrong = check() if "--check" in sys.argv[1:] else fetch()
    for line in wrong:
        sys.stderr.write(f"{line}\n")
    return 1 if wrong else 0


def check() -> list[str]:
    """Return a line for each stored file that is absent or not what it should be."""
    return [
        f"{file.target}: absent or changed"
        for file in FILES
        if not (VENDOR / file.target).is_file()
        or sha256((VENDOR / file.target).read_bytes()).hexdigest() != file.digest
    ]


def fetch() -> list[str]:
    """Write every file whose hash is right; return a line for each whose is not."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for file in FILES:
            content = without_map_line(member(packed(file.package, Path(folder)), file.member))
            if sha256(content).hexdigest() != file.digest:
                wrong.append(f"{file.package} {file.member}: not the file that was reviewed")
                continue
            target = VENDOR / file.target
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    return wrong


def packed(package: str, folder: Path) -> Path:
    """Return the package's tarball, fetched by npm from wherever it is configured to."""
    tarball = folder / f"{package.replace('@', '-')}.tgz"
    if not tarball.exists():
        subprocess.run(
            ["npm", "pack", "--silent", package], cwd=folder, check=True, capture_output=True
        )
    return tarball


def member(tarball: Path, name: str) -> bytes:
    """Return the content of one file of a tarball."""
    with tarfile.open(tarball) as archive:
        content = archive.extractfile(name)
        if content is None:
            raise FileNotFoundError(name)
        return content.read()


def without_map_line(content: bytes) -> bytes:
    """Return a script without the line that names its source map, which is larger than itself and not shipped."""
    lines = content.splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(b"//# sourceMappingURL="))


if __name__ == "__main__":
    sys.exit(main())
