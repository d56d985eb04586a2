"""The cells of a row of the matrix as HTML: takes cells, gives text that is escaped.

A wide hub has thousands of cells, which a template would take longer to fill than everything else on the page; so they
are put together here, in as few bytes as will do.
"""

from collections.abc import Sequence

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from dashboard.matrix import Cell, Row
from hubs.models import Replica


def cells_html(
    row: Row, replicas: Sequence[Replica], repo_address: str, with_proofs: bool
) -> SafeString:
    """Return the cells of a row, each a link to where the same stands on the page of the repo."""
    address = escape(repo_address)
    return mark_safe(  # noqa: S308 - every value is escaped
        "".join(
            f'<td class="is-{cell.state}{" quiet" if cell.is_quiet else ""}">'
            f'<a href="{address}#replica-{replica.pk}" data-node="{escape(replica.node.tag)}">'
            f"{_words(cell)}{_numbers(cell)}"
            f"{_proof(cell) if with_proofs else ''}{_more(cell)}</a></td>"
            for replica, cell in zip(replicas, row.cells, strict=True)
        )
    )


def _words(cell: Cell) -> str:
    """Return the word for the state; what it adds to `unknown` is less loud."""
    if cell.state == "unknown" and cell.word.startswith("unknown "):
        return f"<b>unknown</b> <i>{escape(cell.word.removeprefix('unknown '))}</i>"
    silenced = " <small>acknowledged</small>" if cell.is_quiet else ""
    return f"<b>{escape(cell.word)}</b>{silenced}"


def _numbers(cell: Cell) -> str:
    return f" <i>{cell.age} <u>{cell.size}</u></i>" if cell.tarball else ""


def _proof(cell: Cell) -> str:
    if cell.proof is None:
        return ""
    return f' <em class="is-{cell.proof.state}">{cell.proof.words}</em>'


def _more(cell: Cell) -> str:
    if not cell.more:
        return ""
    noun = "more" if cell.more < len(cell.findings) else _findings(cell.more)
    return f" <s>+{cell.more} {noun}</s>"


def _findings(count: int) -> str:
    return "finding" if count == 1 else "findings"
