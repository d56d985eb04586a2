"""What fails with one hub while the others go on: noted, and told once for each cause."""

import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone

from alerts.failures import tell_failure
from hubs.models import Hub
from probes.judge import wording

log = logging.getLogger("scmmon.collect")


class Failures:
    """Hubs with which something failed, that the others went on without; people are told once for each cause."""

    def __init__(self, doing: str) -> None:
        self.doing = doing
        self.hubs: list[Hub] = []
        self._by_cause: dict[str, list[tuple[Hub, Exception]]] = defaultdict(list)

    @contextmanager
    def noted(self, hub: Hub) -> Iterator[None]:
        """Note what fails within, and go on."""
        try:
            yield
        except Hub.DoesNotExist:
            log.info("hub %s was deleted meanwhile", hub.tag)
        except Exception as problem:
            log.exception("%s of hub %s failed", self.doing, hub.tag)
            self.hubs.append(hub)
            self._by_cause[repr(problem)].append((hub, problem))

    def tell(self) -> None:
        """Tell people."""
        for failed in self._by_cause.values():
            hubs, problems = zip(*failed, strict=True)
            tags = [hub.tag for hub in hubs]
            tell_failure(
                f"{self.doing} of {wording.some(tags, len(tags))}",
                problems[0],
                timezone.now(),
                hub=hubs[0] if len(hubs) == 1 else None,
                again=("judge", *tags),
            )
