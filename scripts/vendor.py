"""Refreshes the files of others, under static/vendor and for the tests tests/vendor, from their npm packages, by exact version and hash.

python scripts/vendor.py            fetch, verify and write; needs npm, and pyftsubset of fonttools 4.60.1
python scripts/vendor.py --check    verify what is there, without network and without either
"""

import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


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
        "static/vendor/chart.js/chart.umd.min.js",
        "c17f2ce49fb9c71ef7fb39c03f868804ac5ab34730149976eebe6b7f807bef0c",
    ),
    Vendored(
        "chart.js@4.6.1",
        "package/LICENSE.md",
        "static/vendor/chart.js/LICENSE.md",
        "41a84aa2caba645f966a18d9c2056b73e6d3a81d80bc0046bc0011a2634d4cce",
    ),
    Vendored(
        "dejavu-fonts-ttf@2.37.3",
        "package/ttf/DejaVuSansCondensed.ttf",
        "static/vendor/fonts/DejaVuSansCondensed.ttf",
        "8eed4883583ee95a85d4c8c0a1aedba240e9c87ee2319430f7da1dc9fab4e61f",
    ),
    Vendored(
        "dejavu-fonts-ttf@2.37.3",
        "package/ttf/DejaVuSansCondensed-Bold.ttf",
        "static/vendor/fonts/DejaVuSansCondensed-Bold.ttf",
        "2959052d1ac8c60f919c578f1860a33a425263d26f7a809f42e0484a0cf293cc",
    ),
    Vendored(
        "dejavu-fonts-ttf@2.37.3",
        "package/LICENSE",
        "static/vendor/fonts/LICENSE",
        "7a083b136e64d064794c3419751e5c7dd10d2f64c108fe5ba161eae5e5958a93",
    ),
    Vendored(
        "axe-core@4.14.1",
        "package/axe.min.js",
        "tests/vendor/axe-core/axe.min.js",
        "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c",
    ),
    Vendored(
        "axe-core@4.14.1",
        "package/LICENSE",
        "tests/vendor/axe-core/LICENSE",
        "af175b9d96ee93c21a036152e1b905b0b95304d4ae8c2c921c7609100ba8df7e",
    ),
    Vendored(
        "axe-core@4.14.1",
        "package/LICENSE-3RD-PARTY.txt",
        "tests/vendor/axe-core/LICENSE-3RD-PARTY.txt",
        "4f8563870d0fca38bbc3e00b6f670cb7fa9f380ba9f26a7f7d1184a6b18b1653",
    ),
]

# Latin, accents on their own, Greek, Cyrillic, punctuation, the euro, arrows, minus, and what stands for a broken letter.
LETTERS = (
    "U+0020-007E,U+00A0-017F,U+0300-036F,U+0370-03FF,U+0400-04FF,U+2010-2027,U+2030-205E,U+20AC,"
    "U+2190-21FF,U+2212,U+FFFD"
)


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
        if not (ROOT / file.target).is_file()
        or sha256((ROOT / file.target).read_bytes()).hexdigest() != file.digest
    ]


def fetch() -> list[str]:
    """Write every file whose hash is right; return a line for each whose is not."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for file in FILES:
            content = stored(member(packed(file.package, Path(folder)), file.member), file.member)
            if sha256(content).hexdigest() != file.digest:
                wrong.append(f"{file.package} {file.member}: not the file that was reviewed")
                continue
            target = ROOT / file.target
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


def stored(content: bytes, name: str) -> bytes:
    """Return what is stored of one file of a package: of a font the letters that are drawn, else all that is read."""
    return with_few_letters(content) if name.endswith(".ttf") else without_map_line(content)


def with_few_letters(font: bytes) -> bytes:
    """Return a font with `LETTERS` only, an eighth of its size, and without what suits it to coarse screens."""
    with tempfile.TemporaryDirectory() as folder:
        whole, few = Path(folder, "whole.ttf"), Path(folder, "few.ttf")
        whole.write_bytes(font)
        subprocess.run(
            [
                "pyftsubset",
                whole,
                f"--output-file={few}",
                f"--unicodes={LETTERS}",
                "--layout-features=kern,mark,ccmp",
                "--no-hinting",
                "--notdef-outline",
                "--name-IDs=*",
                "--drop-tables+=FFTM",
            ],
            check=True,
            capture_output=True,
        )
        return few.read_bytes()


def without_map_line(content: bytes) -> bytes:
    """Return a script without the line that names its source map, which is larger than itself and not shipped."""
    lines = content.splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(b"//# sourceMappingURL="))


if __name__ == "__main__":
    sys.exit(main())
