"""The cells of a row of the matrix as HTML: takes cells, gives text that is escaped.

A wide hub has thousands of cells, which a template would take longer to fill than everything else on the page; so they
are put together here, in as few bytes as will do, and what many have in common is escaped once.
"""

from collections.abc import Sequence
from functools import lru_cache
from html import escape

from django.utils.safestring import SafeString, mark_safe

from dashboard.matrix.table import Cell, Row
from hubs.models import Replica


def column_html(replica: Replica) -> str:
    """Return what the cells of a column have in common: where on the page of a repo they lead, and their node."""
    return f'#replica-{replica.pk}" data-node="{escape(replica.node.tag)}">'


def cells_html(
    row: Row, columns: Sequence[str], repo_address: str, *, with_proofs: bool
) -> SafeString:
    """Return the cells of a row, each a link to where the same stands on the page of the repo."""
    begin = f'<a href="{escape(repo_address)}'
    return mark_safe(  # noqa: S308 - every value is escaped
        "".join(
            f'<td class="is-{cell.state}{" quiet" if cell.is_quiet else ""}">{begin}{column}'
            f"{_words(cell.state, cell.word, cell.is_quiet)}{_numbers(cell)}"
            f"{_proof(cell) if with_proofs else ''}{_more(cell)}</a></td>"
            for column, cell in zip(columns, row.cells, strict=True)
        )
    )


@lru_cache(maxsize=512)
def _words(state: str, word: str, is_quiet: bool) -> str:
    """Return the word for the state; what it adds to `unknown` is less loud."""
    if state == "unknown" and word.startswith("unknown "):
        return f"<b>unknown</b> <i>{escape(word.removeprefix('unknown '))}</i>"
    silenced = " <small>acknowledged</small>" if is_quiet else ""
    return f"<b>{escape(word)}</b>{silenced}"


def _numbers(cell: Cell) -> str:
    return f" <i>{cell.age} <u>{cell.size}</u></i>" if cell.tarball else ""


def _proof(cell: Cell) -> str:
    if cell.proof is None:
        return ""
    return f' <em class="is-{cell.proof.state}">{cell.proof.words}</em>'


def _more(cell: Cell) -> str:
    if not cell.findings or not cell.more:
        return ""
    noun = "more" if cell.more < len(cell.findings) else _findings(cell.more)
    return f" <s>+{cell.more} {noun}</s>"


def _findings(count: int) -> str:
    return "finding" if count == 1 else "findings"
