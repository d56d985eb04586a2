"""`python -m bench [--quick] [CASE …]`: measures and prints the table."""

import sys
from argparse import ArgumentParser
from pathlib import Path

from bench.cases import Bench, Row
from bench.stopwatch import BenchError, say
from scmmon_site.demo.isolation import BASE_DIR

CASES = ("looks", "many_nodes", "judging", "pages", "browser", "memory")


def main() -> int:
    """Run the cases; return 1 when a bound was missed or could not be measured."""
    parser = ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; all")
    parser.add_argument("--quick", action="store_true", help="leave out what takes minutes")
    parser.add_argument("--directory", type=Path, default=BASE_DIR / "var" / "bench")
    options = parser.parse_args()
    unknown = set(options.cases) - set(CASES)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    chosen = options.cases or [case for case in CASES if not (options.quick and case == "memory")]
    bench = Bench(options.directory, quick=options.quick)
    rows: list[Row] = []
    failed = False
    for case in chosen:
        try:
            for row in getattr(bench, case)():
                say(line(row))
                rows.append(row)
        except BenchError as error:
            failed = True
            say(f"{case} could not be measured to its end: {error}")
    sys.stdout.write("| work | ours | reference | found | bound | kept |\n")
    sys.stdout.write("|---|---|---|---|---|---|\n")
    sys.stdout.writelines(f"{line(row)}\n" for row in rows)
    return 1 if failed or not all(row.is_met for row in rows) else 0


def line(row: Row) -> str:
    """Return a row as Markdown."""
    found = f"{row.found:.3g}" if row.unit != "x" else f"{row.found:.2f} x"
    sign = "≥" if row.at_least else "≤"
    bound = f"{sign} {row.bound:g} {row.unit}"
    kept = "yes" if row.is_met else "**no**"
    return f"| {row.work} | {row.ours} | {row.reference} | {found} | {bound} | {kept} |"


if __name__ == "__main__":
    sys.exit(main())
