"""One world judged by everybody, and many worlds side by side in worker processes."""

import importlib
import importlib.util
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from bench.detection.baselines import BASELINES
from bench.detection.scenario import Scenario
from bench.detection.scoring import Score, score
from bench.detection.simulator import simulate
from bench.detection.world import SimHub

PRODUCT = "scmmon"
PRODUCT_MODULE = "bench.detection.product"
Judge = Callable[[SimHub], list[dict[str, Any]]]


@dataclass(frozen=True)
class Trial:
    """How each judge did on the world of a seed."""

    seed: int
    tarballs: int
    scores: Mapping[str, Score]
    seconds: Mapping[str, float]


def product() -> Judge | None:
    """Return what asks the product for its findings, or None where there is no such module."""
    if importlib.util.find_spec(PRODUCT_MODULE) is None:
        return None
    judge: Judge = importlib.import_module(PRODUCT_MODULE).findings_of
    return judge


def judges(names: Sequence[str]) -> dict[str, Judge]:
    """Return the judges of these names that there are."""
    found: dict[str, Judge] = {name: BASELINES[name] for name in names if name in BASELINES}
    if PRODUCT in names and (ours := product()):
        found[PRODUCT] = ours
    return found


def try_seed(seed: int, scenario: Scenario, names: Sequence[str]) -> Trial:
    """Simulate the world of a seed and let the judges of these names see it."""
    hub, faults, benign = simulate(seed, scenario)
    scores, seconds = {}, {}
    for name, judge in judges(names).items():
        began = time.perf_counter()
        findings = judge(hub)
        seconds[name] = time.perf_counter() - began
        scores[name] = score(hub, faults, benign, findings)
    return Trial(seed, len(hub.tarballs), scores, seconds)


def try_seeds(
    seeds: Sequence[int], scenario: Scenario, names: Sequence[str], processes: int
) -> Iterator[Trial]:
    """Yield the trials of many seeds in their order, so many at once."""
    if processes == 1:
        yield from (try_seed(seed, scenario, names) for seed in seeds)
        return
    with ProcessPoolExecutor(processes) as pool:
        count = len(seeds)
        yield from pool.map(try_seed, seeds, [scenario] * count, [names] * count)
