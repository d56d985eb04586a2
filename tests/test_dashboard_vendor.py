"""Files of others that we ship are the ones that were reviewed, with their licences."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_vendored_files_are_what_they_were() -> None:
    checked = subprocess.run(
        [sys.executable, "scripts/vendor.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )

    assert (checked.returncode, checked.stderr) == (0, "")


def test_every_vendored_package_has_its_licence() -> None:
    vendors = [ROOT / "static/vendor", ROOT / "tests/vendor"]
    packages = [folder for vendor in vendors for folder in vendor.iterdir() if folder.is_dir()]

    assert packages
    assert all(list(folder.glob("LICENSE*")) for folder in packages)


def test_no_page_names_another_site() -> None:
    ours = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "static/dashboard").rglob("*.*")]
    pages = [path for path in ours if path.is_file()]

    named = {
        address
        for page in pages
        for address in re.findall(r"https?://[^\s\"')]+", page.read_text())
    }

    assert named <= {"http://www.w3.org/2000/svg"}


def test_only_one_file_knows_django_chartjs() -> None:
    ours = [path for app in ("hubs", "probes", "dashboard") for path in (ROOT / app).rglob("*.py")]

    knowing = [
        path.name for path in ours if re.search(r"^(from|import) chartjs", path.read_text(), re.M)
    ]

    assert knowing == ["charts.py"]
