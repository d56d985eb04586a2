"""How fast pages, pictures and series are answered, each beside the bare SQL that reads the same rows."""

from dataclasses import dataclass

# Of a wide estate's hub B: what a page shows at least, read with one statement and nothing made of it.
NEWEST_OF_HUB = """
SELECT (SELECT t.id FROM probes_tarballsnapshot t
         WHERE t.repo_id = o.id AND t.replica_id = r.id AND t.gone_at IS NULL
         ORDER BY t.stamp_at DESC LIMIT 1)
  FROM hubs_replica r JOIN hubs_hub h ON h.id = r.hub_id JOIN hubs_repo o ON o.hub_id = h.id
 WHERE h.tag = 'B'"""
NEWEST_OF_ALL = """
SELECT h.tag, (SELECT max(t.stamp_at) FROM probes_tarballsnapshot t JOIN hubs_repo o ON o.id = t.repo_id
                WHERE o.hub_id = h.id AND t.gone_at IS NULL),
       (SELECT count(*) FROM probes_finding f WHERE f.hub_id = h.id AND f.closed_at IS NULL)
  FROM hubs_hub h"""
TARBALLS_OF_REPO = """
SELECT t.* FROM probes_tarballsnapshot t JOIN hubs_repo o ON o.id = t.repo_id JOIN hubs_hub h ON h.id = o.hub_id
 WHERE h.tag = 'B' AND o.name = 'env0' ORDER BY t.stamp_at DESC LIMIT 100"""
RUNS = "SELECT * FROM probes_collectrun ORDER BY started_at DESC LIMIT 100"
FINDINGS = "SELECT * FROM probes_finding WHERE closed_at IS NULL ORDER BY opened_at DESC LIMIT 100"
MONTHS = """
SELECT m.repo_id, m.coarse_points, m.day_counts FROM probes_repomonth m JOIN hubs_replica r ON r.id = m.replica_id
  JOIN hubs_node n ON n.id = r.node_id WHERE n.tag = 'N0'"""
PICTURE = "SELECT * FROM probes_storedpicture LIMIT 1"


@dataclass(frozen=True)
class Asked:
    """An address, what it is, and the rows behind it."""

    name: str
    url: str
    sql: str


WIDE = (
    Asked("all hubs (10 hubs x 10 nodes x 100 repos)", "/", NEWEST_OF_ALL),
    Asked("page of one of them", "/hubs/B/", NEWEST_OF_HUB),
    Asked("page of one of its nodes", "/hubs/B/N0/", NEWEST_OF_HUB),
    Asked("page of one of its repos", "/repos/B/tracs/env0/", TARBALLS_OF_REPO),
    Asked("list of findings", "/findings/", FINDINGS),
    Asked("list of runs", "/runs/", RUNS),
    Asked("stored picture", "/plots/B/N0.svg", PICTURE),
)
LONG = (
    Asked("chart data, 27 repos x 10 years, all", "/hubs/B/N0/series/?range=all", MONTHS),
    Asked("chart data of the API, the same", "/api/v1/series/B/N0/?range=all", MONTHS),
)
