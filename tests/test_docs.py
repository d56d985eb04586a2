"""The docs keep up: every command, setting, check, rule and package is described."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

from probes.judge.rules import CODES

DOCS = settings.BASE_DIR / "docs"
OURS = ("hubs", "alerts", "probes", "dashboard", "scmmon_site")


def page(name: str) -> str:
    return (settings.BASE_DIR / name).read_text()


def everything() -> str:
    return "\n".join(
        file.read_text() for file in [*DOCS.glob("*.md"), settings.BASE_DIR / "README.md"]
    )


@pytest.mark.parametrize("command", sorted(c for c, app in get_commands().items() if app in OURS))
def test_every_command_is_described(command: str) -> None:
    assert re.search(rf"\b{command}\b", everything())


def switches() -> set[str]:
    sources = [settings.BASE_DIR / "scmmon_site/settings.py"]
    return set(re.findall(r'ENVIRONMENT\.\w+\("(\w+)"', "\n".join(f.read_text() for f in sources)))


@pytest.mark.parametrize("switch", sorted(switches()))
def test_every_switch_is_described_and_in_the_example(switch: str) -> None:
    assert f"`{switch}`" in page("docs/settings.md")
    assert f"{switch}=" in page(".env.example")


def checks() -> set[str]:
    text = "".join(page(f"scmmon_site/{name}.py") for name in ("checks", "environment"))
    return set(re.findall(r'"(?:scmmon\.)?([EW]\d{3})"', text))


@pytest.mark.parametrize("number", sorted(checks()))
def test_every_check_is_described(number: str) -> None:
    assert f"`scmmon.{number}`" in page("docs/settings.md")


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_rule_is_described(code: str) -> None:
    assert f"`{code}`" in page("docs/rules.md")


def packages() -> set[str]:
    lines = [page(f"requirements{dev}.txt").splitlines() for dev in ("", "-dev")]
    return {re.split(r"[=\[]", line)[0] for found in lines for line in found if line[:1].isalpha()}


@pytest.mark.parametrize("package", sorted(packages()))
def test_every_package_has_its_reason(package: str) -> None:
    assert re.search(rf"\b{re.escape(package)}\b", page("docs/dependencies.md"), re.IGNORECASE)


@pytest.mark.parametrize("file", sorted(f.name for f in DOCS.glob("*.md")))
def test_links_between_docs_lead_somewhere(file: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (DOCS / file).read_text())

    assert [link for link in links if not (DOCS / link).exists()] == []


def test_the_readme_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page("README.md"))

    assert [link for link in links if not Path(settings.BASE_DIR / link).exists()] == []
