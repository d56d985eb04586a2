"""The table of docs/access.md as values: which address answers whom with what."""

from dataclasses import dataclass

from django.conf import settings

FILE = settings.BASE_DIR / "docs" / "access.md"
# In the order of the columns. The second is the first with SCMMON_PUBLIC_PAGES=true.
ROLES = ("nobody", "public", "outsider", "viewer", "operator", "admin")


@dataclass(frozen=True)
class Row:
    """One line of the table: what each role is answered."""

    address: str
    method: str
    answers: dict[str, str]

    def __str__(self) -> str:
        return f"{self.method} {self.address}"

    def where_all_may_see(self) -> dict[str, str]:
        """Return the answers for a hub without groups: outsiders are viewers, and public pages show it to all."""
        answers = dict(self.answers)
        if answers["outsider"] == "404":
            answers["outsider"] = answers["viewer"]
        if answers["public"] == "404":
            answers["public"] = answers["viewer"]
        return answers


def table() -> list[Row]:
    """Return the rows of the docs."""
    rows = []
    for line in FILE.read_text().splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
        if line.startswith("| `/"):
            address, method, _, *answers = cells
            rows.append(Row(address, method, dict(zip(ROLES, answers, strict=True))))
    return rows
