"""Collected static files: a module asks for the files that were collected with it, under names that hold their hashes."""

import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.templatetags.static import static
from pytest_django import Settings

STORAGE = "scmmon_site.static_storage.HashedStaticFilesStorage"
IMPORT = re.compile(r"""(?:from |import\()"(\./[^"]+)""")


@pytest.fixture
def collected(settings: Settings, tmp_path: Path) -> Path:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": STORAGE}}
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path


def test_modules_import_files_whose_names_hold_their_hashes(collected: Path) -> None:
    main = collected / static("dashboard/chart/main.js").removeprefix("/static/")
    seen, waiting = set(), [main]
    while waiting:
        module = waiting.pop()
        seen.add(module)
        for name in IMPORT.findall(module.read_text()):
            assert re.search(r"\.[0-9a-f]{12}\.js$", name), name
            waiting += {module.parent / name} - seen

    assert len(seen) > 20
