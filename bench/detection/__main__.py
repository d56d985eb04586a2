"""`python -m bench.detection`: simulates years of backups and prints how well faults are found, by class.

Tune on seeds 1 to 99 only; seeds from 1001 on are for reporting, so that neither the missed faults nor the false
findings of those can be shown.
"""

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.detection import export
from bench.detection.baselines import BASELINES
from bench.detection.report import Total, comparison, detail, false_line, missed_line
from bench.detection.scenario import Scenario
from bench.detection.simulator import simulate
from bench.detection.slice import lines, look_at_slice
from bench.detection.trials import PRODUCT, Trial, product, try_seeds
from bench.detection.world import REPORTING_SEEDS

DEFAULT_SEEDS = "1001-1010"
SLICE_DAYS = 60


def main() -> int:
    """Run the trials and print the tables; return 0."""
    options = _options()
    if options.slice:
        return _slice(options)
    scenario = Scenario(
        years=options.years,
        repos=options.repos,
        nodes=options.nodes,
        faults=not options.fault_free,
    )
    if options.export:
        for seed in options.seeds:
            for file in export.write(options.export, *simulate(seed, scenario)):
                sys.stdout.write(f"{file}\n")
        return 0
    names = _judges(options)
    trials = []
    for trial in try_seeds(options.seeds, scenario, names, options.processes):
        trials.append(trial)
        seconds = ", ".join(f"{name} {spent:.1f} s" for name, spent in trial.seconds.items())
        sys.stderr.write(f"seed {trial.seed}: {trial.tarballs:,} tarballs; {seconds}\n")
    totals = {name: Total([trial.scores[name] for trial in trials]) for name in trials[0].scores}
    text = "\n".join(_text(options, totals))
    sys.stdout.write(f"{text}\n")
    sys.stdout.writelines(f"{line}\n" for line in _shown(options, trials))
    if options.markdown:
        options.markdown.write_text(f"{text}\n")
    return 0


def _options() -> Namespace:
    parser = ArgumentParser(prog="python -m bench.detection", description=__doc__)
    parser.add_argument("--seeds", type=_seeds, default=_seeds(DEFAULT_SEEDS), help="1-5 or 1,4,7")
    parser.add_argument("--years", type=float, default=2.0)
    parser.add_argument("--repos", type=int, default=16)
    parser.add_argument("--nodes", type=int, default=4)
    parser.add_argument("--fault-free", action="store_true", help="plant nothing")
    parser.add_argument("--only", choices=(PRODUCT, "baselines"), help="leave the others out")
    parser.add_argument("--show-false", metavar="CODE", help="list false findings; all: any code")
    parser.add_argument("--show-missed", metavar="KIND", help="list missed faults; all: any kind")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there too")
    parser.add_argument(
        "--export", type=Path, metavar="DIRECTORY", help="write the worlds for the real commands"
    )
    parser.add_argument(
        "--slice", action="store_true", help="60 days as real files behind real SSH servers"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    shows = options.show_false or options.show_missed
    if shows and any(seed in REPORTING_SEEDS for seed in options.seeds):
        parser.error("what is shown is tuned on: choose seeds from 1 to 99")
    if options.only == PRODUCT and product() is None:
        parser.error("there is no bench/detection/product.py yet")
    return options


def _slice(options: Namespace) -> int:
    """Look at a slice of the first seed; return 1 when something was missed or stored otherwise than it is."""
    with TemporaryDirectory(prefix="scmmon-slice-") as directory:
        seen = look_at_slice(
            Path(directory),
            options.seeds[0],
            days=SLICE_DAYS,
            repos=options.repos,
            nodes=options.nodes,
        )
    sys.stdout.writelines(f"{line}\n" for line in lines(seen))
    is_whole = len(seen.stored) == len(seen.present)
    return 0 if is_whole and all(each.is_found for each in seen.detections) else 1


def _seeds(text: str) -> list[int]:
    seeds: list[int] = []
    try:
        for part in text.split(","):
            first, _, last = part.partition("-")
            seeds += range(int(first), int(last or first) + 1)
    except ValueError:
        raise ArgumentTypeError("write seeds as 1001-1005 or 1,4,7") from None
    return seeds


def _judges(options: Namespace) -> list[str]:
    names = list(BASELINES) if options.only != PRODUCT else []
    return names if options.only == "baselines" else [*names, PRODUCT]


def _text(options: Namespace, totals: dict[str, Total]) -> Iterator[str]:
    seeds = f"{options.seeds[0]} to {options.seeds[-1]}"
    world = f"{options.years:g} years, {options.repos} repos, {options.nodes} nodes"
    node_years = next(iter(totals.values())).node_years
    yield f"Seeds {seeds} of {world}: {node_years:.0f} node-years of 16 repos."
    yield ""
    yield from comparison(totals)
    if PRODUCT in totals:
        yield ""
        yield from detail(totals[PRODUCT])


def _shown(options: Namespace, trials: list[Trial]) -> Iterator[str]:
    """Yield what was asked for, of the product or, without it, of the last judge."""
    for trial in trials:
        name = PRODUCT if PRODUCT in trial.scores else list(trial.scores)[-1]
        score = trial.scores[name]
        for finding in score.false:
            if options.show_false in ("all", finding.code):
                yield false_line(trial.seed, finding)
        for detection in score.detections:
            wanted = {"all", detection.row, detection.fault.kind}
            if not detection.is_found and options.show_missed in wanted:
                yield missed_line(trial.seed, detection)


if __name__ == "__main__":
    sys.exit(main())
