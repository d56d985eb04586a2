"""docs/rules.md explains every rule: what, why, how to tune and how to silence."""

from pathlib import Path

import pytest

from probes.judge.rules import CODES

PAGE = Path(__file__).parent.parent / "docs" / "rules.md"


@pytest.mark.parametrize("code", sorted(CODES))
def test_each_code_is_explained(code: str) -> None:
    _, _, rest = PAGE.read_text().partition(f"### `{code}`")
    section = rest.split("\n### ")[0]

    assert all(f"**{word}:**" in section for word in ("What", "Why", "Tune", "Silence"))
