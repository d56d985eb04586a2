"""Example messages, one of each kind as people get them, and some that nobody should have to get: for tests and docs."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from alerts.confirming import ASKED
from alerts.message import (
    Cell,
    Entries,
    Entry,
    Facts,
    Kind,
    Message,
    Picture,
    Table,
    Tone,
    Verbatim,
)
from alerts.parcel import Parcel

SITE = "https://scmmon.example.org"
CREATED_AT = datetime(2026, 11, 20, 20, 16, 41, tzinfo=UTC)
ID = UUID("0f6d3c1e-58a4-4b1d-9a43-6a0c2f7b9d51")
CONFIRM_URL = f"{SITE}/confirm/MTU4:1vNXwz:4sJq2wTn8cVgHk0b9uYfXo6aRzLmPdQe/"

# --- What several of them hold -----------------------------------------------------------------

PLOT = Picture(
    "plot-7",
    "C2 (cms02) on H1, 2026-10-21 to 2026-11-20: sizes of 4 repos between 87 MB and 3.21 GB, and tarballs a day: "
    "4 on 30 of 31 days, 2 on 2026-11-20; expected are 4.",
    600,
    340,
)
REPLICAS = Table(
    "Replicas",
    ("Replica", "State", "Last complete look", "Newest backup"),
    (
        (
            Cell("H1 (source)"),
            Cell("alarm", Tone.ALARM),
            Cell("2026-11-21 04:16:02 Asia/Taipei"),
            Cell("2026-11-20 10:47:05 Asia/Taipei"),
        ),
        (
            Cell("C (copy)"),
            Cell("ok", Tone.OK),
            Cell("2026-11-21 04:16:09 Asia/Taipei"),
            Cell("2026-11-20 10:47:05 Asia/Taipei"),
        ),
        (
            Cell("Z9:229 (copy)"),
            Cell("unknown since 2026-11-20 04:16:31 Asia/Taipei", Tone.UNKNOWN),
            Cell("2026-11-20 04:16:31 Asia/Taipei"),
            Cell("2026-11-19 10:47:05 Asia/Taipei"),
        ),
    ),
)
CONTEXT = (
    Facts(
        "Where this comes from",
        (
            ("Command", "manage.py collect --workers 16"),
            ("User", "scm"),
            ("Host", "monitor.example.org"),
            ("Process", "21877"),
            ("Directory", "/opt/scmmon"),
            ("Looks", "5b0c71f6e2a94d0f8f3d51c0f7a2b9e4"),
        ),
    ),
    Verbatim("To repeat it", "cd /opt/scmmon && .venv/bin/python manage.py collect C2"),
    Verbatim(
        "Last log lines",
        "2026-11-20 20:16:02,114 INFO scmmon C2 H1: ok, 1,204 tarballs, none new\n"
        "2026-11-20 20:16:09,870 INFO scmmon C2 C: ok, 1,198 tarballs, 2 new\n"
        "2026-11-20 20:16:39,902 WARNING scmmon C2 Z9:229: unreachable in stage connect: No route to host",
    ),
)
OVERDUE = Entry(
    text="2 of 4 repos have no tarball from the backup that was expected at 2026-11-20 10:47:00 Asia/Taipei: "
    "repos/env, tracs/env. The newest tarball of repos/env on H1 is of 2026-11-19 10:47:05 Asia/Taipei. Expected is "
    "one every day at 10:47, as learned, with 6h of grace.",
    word="new alarm",
    tone=Tone.ALARM,
    link=f"{SITE}/findings/812/",
    details=("open since 2026-11-21 04:16:40 Asia/Taipei",),
)
UNREACHABLE = Entry(
    text="The look at Z9:229 that began at 2026-11-21 04:16:09 Asia/Taipei ended as unreachable in stage connect: "
    "No route to host. What is there is unknown since 2026-11-20 04:16:31 Asia/Taipei, when the last complete look "
    "began.",
    word="new notice",
    tone=Tone.NOTICE,
    link=f"{SITE}/findings/813/",
    details=("open since 2026-11-21 04:16:40 Asia/Taipei",),
)
DISK = Entry(
    text="The file system of /data/var/scm/backup/cms02 on C loses 2,310,448,128 bytes a day and has 27,917,287,424 "
    "bytes free: full in 12 days, and less than 14 days is told. Purge, or make room.",
    word="warn for 3d 4h",
    tone=Tone.WARN,
    link=f"{SITE}/findings/790/",
    details=(
        "open since 2026-11-18 00:16:38 Asia/Taipei",
        "snoozed until 2026-11-25 00:00:00 Asia/Taipei by ada: a new disk comes on Tuesday",
    ),
)

# --- One of each kind --------------------------------------------------------------------------

CHANGE = Message(
    kind=Kind.CHANGE,
    severity=Tone.ALARM,
    tone=Tone.ALARM,
    subject="scmmon C2 (cms02): alarm — 2 repos overdue on H1; Z9:229 unreachable",
    conclusion="C2 (cms02): 1 alarm: overdue repos/env on H1; unknown: Z9:229 since 2026-11-20 04:16:31 Asia/Taipei; "
    "1 warning: disk filling on C.",
    blocks=(
        Entries("New", (OVERDUE, UNREACHABLE)),
        Entries(
            "Over",
            (
                Entry(
                    text="C lacks 2 tarballs of tracs/env that H1 has, the newest of 2026-11-19 10:47:05 Asia/Taipei: "
                    "2026/11/19/104705, 2026/11/18/104703. A copy may be 8h behind.",
                    word="over after 16h 2m",
                    tone=Tone.OK,
                    link=f"{SITE}/findings/806/",
                    details=(
                        "from 2026-11-20 12:14:33 Asia/Taipei to 2026-11-21 04:16:40 Asia/Taipei",
                    ),
                ),
            ),
        ),
        REPLICAS,
        Entries("Open besides", (DISK,)),
        PLOT,
        Facts(
            "The look at C2 on Z9:229",
            (
                ("Status", "unreachable in stage connect"),
                ("Error", "No route to host"),
                ("Node", "Z9:229, /volume1/var/scm/backup/cms02"),
                ("Looked", "scm@monitor.example.org[21877]"),
                ("Page", f"{SITE}/runs/40771/"),
            ),
        ),
        Verbatim(
            "To repeat the look at C2 on Z9:229",
            "ssh -p 229 -l scm -i ~/.ssh/scmmon_ed25519 192.0.2.9 'cd /volume1/var/scm/backup/cms02 && "
            'find . -xdev -type f -name "*.tar.gz" -printf "%s %T@ %p\\n"\'',
        ),
        *CONTEXT,
    ),
    link=f"{SITE}/hubs/C2/",
    facts={"hub": "C2", "state": "alarm"},
)
REMINDER = Message(
    kind=Kind.REMINDER,
    severity=Tone.WARN,
    tone=Tone.WARN,
    subject="scmmon WW (dayabay): warn — still open: svn/dybaux unverified too long on C",
    conclusion="WW (dayabay): 1 warning: unverified too long svn/dybaux on C.",
    blocks=(
        Entries(
            "Still open",
            (
                Entry(
                    text="No tarball of svn/dybaux on C was read again and proved within 30d; the last proof is of "
                    "2026-10-11 03:02:17 Asia/Shanghai.",
                    word="warn for 10d",
                    tone=Tone.WARN,
                    link=f"{SITE}/findings/744/",
                    details=("open since 2026-11-10 04:16:38 Asia/Shanghai",),
                ),
            ),
        ),
        *CONTEXT,
    ),
    link=f"{SITE}/hubs/WW/",
)
ESCALATION = Message(
    kind=Kind.ESCALATION,
    severity=Tone.ALARM,
    tone=Tone.ALARM,
    subject="scmmon C2 (cms02): alarm — unanswered: 2 repos overdue on H1",
    conclusion="C2 (cms02): 1 alarm, open for 2d and answered by nobody: overdue repos/env on H1.",
    blocks=(
        Entries("Still open and unanswered", (replace(OVERDUE, word="alarm for 2d"),)),
        REPLICAS,
        PLOT,
        *CONTEXT,
    ),
    link=f"{SITE}/hubs/C2/",
)
REASSURANCE = Message(
    kind=Kind.REASSURANCE,
    severity=Tone.NOTICE,
    tone=Tone.ALARM,
    subject="scmmon weekly: 1 alarm, 3 ok",
    conclusion="scmmon is alive and watches 4 hubs: 1 alarm, 3 ok, at 2026-11-20 20:16:00 UTC.",
    blocks=(
        Table(
            "Hubs",
            ("Hub", "State", "Newest backup", "Size, and growth in a week", "Proved", "Disk"),
            (
                (
                    Cell("G (gate)"),
                    Cell("alarm", Tone.ALARM),
                    *map(
                        Cell,
                        (
                            "2026-11-13 04:10:41 Europe/Berlin",
                            "1.2 GB, +0.0%",
                            "30, last 2026-11-12 02:11:09 Europe/Berlin",
                            "none is filling up",
                        ),
                    ),
                ),
                (
                    Cell("C2 (cms02)"),
                    Cell("ok", Tone.OK),
                    *map(
                        Cell,
                        (
                            "2026-11-20 10:47:01 Asia/Taipei",
                            "5.12 GB, +2.3%",
                            "96, last 2026-11-20 03:40:12 Asia/Taipei",
                            "C full in 140 days",
                        ),
                    ),
                ),
                (
                    Cell("WW (dayabay)"),
                    Cell("ok", Tone.OK),
                    *map(
                        Cell,
                        (
                            "2026-11-20 10:47:03 Asia/Shanghai",
                            "48.3 GB, +5.0%",
                            "212, last 2026-11-20 04:02:55 Asia/Shanghai",
                            "C full in 61 days",
                        ),
                    ),
                ),
                (
                    Cell("SDU"),
                    Cell("ok", Tone.OK),
                    *map(
                        Cell,
                        (
                            "2026-11-20 11:02:00 Asia/Shanghai",
                            "311 MB, +0.1%",
                            "none was read again yet",
                            "none is filling up",
                        ),
                    ),
                ),
            ),
        ),
        Entries(
            "In words",
            (
                Entry(
                    text="1 alarm: unreachable on Z9:229; unknown: Z9:229 since 2026-11-14 05:17:20 Europe/Berlin",
                    word="G (gate): alarm",
                    tone=Tone.ALARM,
                    link=f"{SITE}/hubs/G/",
                ),
                *(
                    Entry(
                        text=f"All is well on {replicas} replicas.",
                        word=f"{hub}: ok",
                        tone=Tone.OK,
                        link=f"{SITE}/hubs/{hub.split()[0]}/",
                    )
                    for hub, replicas in (("C2 (cms02)", 3), ("WW (dayabay)", 4), ("SDU", 2))
                ),
            ),
        ),
        Entries(
            "Acknowledged or snoozed",
            (
                Entry(
                    text="The file system of /data/var/scm/backup/cms02 on C has 27,917,287,424 bytes free of "
                    "1,099,511,627,776 bytes; expected are 54,975,581,388 bytes (5%).",
                    word="C2 warn, silenced until 2026-11-25 00:00:00 Asia/Taipei",
                    tone=Tone.WARN,
                    link=f"{SITE}/findings/790/",
                    details=("ada: a new disk comes on Tuesday",),
                ),
            ),
        ),
        Facts(
            "What scmmon did this week",
            (
                ("Looks", "252, of which 238 complete"),
                ("Messages over operators", "9 taken, 0 not yet"),
                ("Last confirmed by a reader", "2026-11-14 07:31:40 UTC"),
            ),
        ),
    ),
    link=f"{SITE}/",
)
FAILURE = Message(
    kind=Kind.FAILURE,
    severity=Tone.ALARM,
    tone=Tone.ALARM,
    subject="scmmon on cms01.phys.example.org: altbackup failed — AssertionError: expecting 2 paths for dybsvn BUT got "
    "['svn/dybsvn/2013/05/10/104701/dybsvn-2",
    conclusion="altbackup failed: AssertionError: expecting 2 paths for dybsvn BUT got "
    "['svn/dybsvn/2013/05/10/104701/dybsvn-20496.tar.gz']",
    blocks=(
        Facts(
            "The error",
            (
                ("What failed", "altbackup"),
                (
                    "Error",
                    "AssertionError: expecting 2 paths for dybsvn BUT got "
                    "['svn/dybsvn/2013/05/10/104701/dybsvn-20496.tar.gz']",
                ),
            ),
        ),
        Verbatim(
            "Traceback",
            "Traceback (most recent call last):\n"
            '  File "/opt/scmmon/backups/altbackup.py", line 566, in main\n'
            "    alt_check(target, cfg)\n"
            '  File "/opt/scmmon/backups/altbackup.py", line 405, in alt_check\n'
            "    assert npaths == expect[want], "
            '"expecting %s paths for %s BUT got %s  " % (expect[want], want, relpaths)\n'
            "AssertionError: expecting 2 paths for dybsvn BUT got "
            "['svn/dybsvn/2013/05/10/104701/dybsvn-20496.tar.gz']\n",
        ),
        Facts(
            "Where this comes from",
            (
                (
                    "Command",
                    "manage.py altbackup dump check_target --hub WW --sourcenode C --day 2013/05/10 --echo",
                ),
                ("User", "blyth"),
                ("Host", "cms01.phys.example.org"),
                ("Process", "20496"),
                ("Directory", "/opt/scmmon"),
            ),
        ),
        Verbatim(
            "To repeat it",
            "cd /opt/scmmon && .venv/bin/python manage.py altbackup dump check_target --hub WW --sourcenode C "
            "--day 2013/05/10 --echo",
        ),
        Verbatim(
            "Last log lines",
            "2013-05-10 15:30:03,236 INFO source     : /home/scm/backup/dayabay\n"
            "2013-05-10 15:30:03,236 INFO target     : /data/var/scm/alt.backup/dayabay\n"
            "2013-05-10 15:30:03,270 WARNING SKIPPING AS no dna for path "
            "/data/var/scm/alt.backup/dayabay/tracs/dybsvn/2013/05/10/104701/dybsvn.tar.gz\n"
            "2013-05-10 15:30:03,293 INFO found 1 matching tarballs",
        ),
    ),
    link=SITE,
)
TEST = Message(
    kind=Kind.TEST,
    severity=Tone.NOTICE,
    tone=Tone.PLAIN,
    subject="scmmon: a test of the channel “operators”",
    conclusion="This is a test that ada asked for. Nothing is wrong.",
    blocks=(
        Facts(
            "What was tested",
            (("Channel", "operators"), ("Kind", "mail"), ("Asked by", "ada")),
        ),
    ),
    link=f"{SITE}/admin/",
)
MESSAGES = {
    "change": CHANGE,
    "reminder": REMINDER,
    "escalation": ESCALATION,
    "reassurance": REASSURANCE,
    "failure": FAILURE,
    "test": TEST,
}

# --- What nobody should have to get ------------------------------------------------------------

NASTY = (
    "<img src=x onerror=alert(1)></pre></style><script>alert(2)</script>\"'><svg onload=alert(3)>\n"
    "Bcc: eve@example.org\r\x1b[31m\x00\u202egnp.exe\u2066\u200b\udc80\ud800{{ 7|add:7 }}{% now 'Y' %}&amp;"
)
LONG_NAME = "tracs/" + "ab-cd_0" * 600


def hostile_message(nasty: str = NASTY) -> Message:
    """Return a message in which every text is what a hostile node would like it to be."""
    entry = Entry(nasty, nasty, Tone.ALARM, f"javascript:{nasty}", (nasty, nasty))
    return Message(
        kind=Kind.CHANGE,
        severity=Tone.ALARM,
        tone=Tone.ALARM,
        subject=nasty,
        conclusion=nasty,
        blocks=(
            Entries(nasty, (entry, replace(entry, tone=nasty, link=f"https://x.example/{nasty}"))),
            Table(nasty, (nasty, nasty), ((Cell(nasty), Cell(nasty, nasty)),)),
            Facts(nasty, ((nasty, nasty),)),
            Verbatim(nasty, f"{nasty}\n\tand\r\n{nasty}"),
            Picture(nasty, nasty, 600, 300),
            Picture("there", nasty, 600, 300),
        ),
        link=f"https://x.example/{nasty}",
    )


def message_of_many(entries: int, text: str = "") -> Message:
    """Return a message of so many entries."""
    many = tuple(
        Entry(
            text or f"svn/repo-{number} on H1 has no tarball since 2026-11-19 10:47:05 Asia/Taipei",
            f"new alarm {number}",
            Tone.ALARM,
            f"{SITE}/findings/{number}/",
            ("open since 2026-11-21 04:16:40 Asia/Taipei", "expected is one every day"),
        )
        for number in range(entries)
    )
    return replace(CHANGE, blocks=(Entries("New", many), *CHANGE.blocks[1:]))


# --- On their way ------------------------------------------------------------------------------


def parcel_of(message: Message, **changes: Any) -> Parcel:
    """Return a message on its way to a reader by mail, with something for each of its pictures."""
    pictures = {block.name: b"png" for block in message.blocks if isinstance(block, Picture)}
    parcel = Parcel(
        message=message,
        id=ID,
        created_at=CREATED_AT,
        channel_kind="email",
        recipient="ops@example.org",
        pictures=pictures,
        confirm_url=CONFIRM_URL if message.kind in ASKED else "",
    )
    return replace(parcel, **changes)


def plot_png() -> bytes:
    """Return the picture that the examples show."""
    from probes.draw.picture import svg_of
    from probes.draw.png import png_of
    from probes.draw.series import Plot, SizeSeries

    begin = datetime(2026, 10, 21, 2, 47, tzinfo=UTC)
    days = [begin + timedelta(days=number) for number in range(31)]
    sizes = {"repos/env": 3.1e9, "repos/heprez": 4.4e8, "tracs/env": 1.9e9, "tracs/heprez": 8.7e7}
    missed = {"repos/env", "tracs/env"}
    plot = Plot(
        "1m",
        ZoneInfo("Asia/Taipei"),
        date(2026, 10, 21),
        date(2026, 11, 20),
        sizes=[
            SizeSeries(
                repo,
                [
                    (int(at.timestamp()), int(size * (1 + day / 900 + math.sin(day) / 400)))
                    for day, at in enumerate(days[: 30 if repo in missed else 31])
                ],
            )
            for repo, size in sizes.items()
        ],
        day_counts=[(int(at.timestamp()), 4 if day < 30 else 2) for day, at in enumerate(days)],
        expected_per_day=4,
    )
    svg = svg_of(plot, title="C2 (cms02) on H1", theme="light", width=600, height=340)
    return png_of(svg, width_px=1200)
