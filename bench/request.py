"""`python -m bench.request URL [SQL]`: asks the site of this environment, in this process, and says how it answered as JSON."""

import gzip
import json
import os
import statistics
import sys
import time
from collections.abc import Callable

import django

from bench.stopwatch import TIMES


def main(url: str, sql: str = "") -> None:
    """Ask once to warm up, then several times; print the medians."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scmmon_site.settings")
    django.setup()
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    user, _ = get_user_model().objects.get_or_create(username="bench", is_superuser=True)
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(user)
    client.get(
        url
    )  # what is made at the first request, such as a picture, is not what the others cost
    with CaptureQueriesContext(connection) as queries:
        response = client.get(url)
        query_count = len(queries)
    if response.status_code != 200:
        sys.exit(f"{url} answers {response.status_code}")
    compressed = len(gzip.compress(response.content, 6))
    answer = {
        "seconds": median_seconds(lambda: client.get(url)),
        "queries": query_count,
        "compressed_bytes": compressed,
    }
    if sql:

        def read() -> None:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                cursor.fetchall()

        answer["sql_seconds"] = median_seconds(read)
    sys.stdout.write(json.dumps(answer))


def median_seconds(work: Callable[[], object]) -> float:
    """Return the median time of a work that is done several times."""
    taken = []
    for _number in range(TIMES):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


if __name__ == "__main__":
    main(*sys.argv[1:])
