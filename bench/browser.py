"""The stock chart in a real Chromium: how long from the click until it answers a hover, beside the same data sent whole."""

import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, sync_playwright

from bench.pasts import Past
from bench.served import PASSWORD, USER, served
from bench.stopwatch import TIMES, BenchError, say
from scmmon_site.demo.isolation import BASE_DIR

PAGE = "/hubs/B/N0/?range=all"
WHOLE = "whole.json"
# Every tarball of the replica, in the form of the series view.
WHOLE_DATA = """
import json, sys
from itertools import groupby
from probes.models import TarballSnapshot
rows = TarballSnapshot.objects.filter(replica__node__tag="N0").order_by("repo_id", "stamp_at")
rows = rows.values_list("repo_id", "stamp_at", "size_bytes")
lines = [
    {"x": [int(at.timestamp() * 1000) for at, _ in points], "y": [size for _, size in points]}
    for points in ([row[1:] for row in group] for _, group in groupby(rows, key=lambda row: row[0]))
]
sys.stdout.write("WHOLE" + json.dumps(lines, separators=(",", ":")))
"""
FRAME = "const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));"
HOVER = """const { left, top } = stage.getBoundingClientRect();
    const hover = (x) => stage.dispatchEvent(new PointerEvent("pointermove",
      { pointerType: "mouse", clientX: left + x, clientY: top + 150, bubbles: true }));"""
SENT = """performance.getEntriesByType("resource")
  .filter((one) => one.name.includes("/series/") || one.name.includes("whole.json"))
  .reduce((sum, one) => sum + one.encodedBodySize, 0)"""
OURS = f"""async () => {{
  {FRAME}
  const place = document.querySelector(".chart");
  const begun = performance.now();
  place.querySelector(".chart-open").click();
  while (!place.replicaChart) await frame();
  const stage = place.querySelector(".chart-panes");
  {HOVER}
  const tip = place.querySelector(".chart-tip");
  let x = 300;
  while (tip.hidden) {{ hover(x += 5); await frame(); }}
  return performance.now() - begun;
}}"""
THEIRS = f"""async (address) => {{
  {FRAME}
  const place = document.querySelector(".chart");
  const begun = performance.now();
  const script = Object.assign(document.createElement("script"), {{ src: place.dataset.library }});
  const loaded = new Promise((resolve) => script.addEventListener("load", resolve));
  document.head.append(script);
  const [answer] = await Promise.all([fetch(address), loaded]);
  const lines = await answer.json();
  const stage = place.querySelector(".chart-stage");
  const canvas = document.createElement("canvas");
  stage.replaceChildren(canvas);
  const datasets = lines.map((line) => ({{ data: line.x.map((x, at) => ({{ x, y: line.y[at] }})), pointRadius: 0 }}));
  window.naive = new Chart(canvas, {{ type: "line", data: {{ datasets }}, options: {{
    animation: false, parsing: false, normalized: true, maintainAspectRatio: false,
    interaction: {{ mode: "index", intersect: false }}, scales: {{ x: {{ type: "linear" }} }} }} }});
  {HOVER}
  const move = (x) => canvas.dispatchEvent(new MouseEvent("mousemove",
    {{ clientX: left + x, clientY: top + 150, bubbles: true }}));
  let x = 300;
  while (!window.naive.tooltip?.opacity) {{ move(x += 5); await frame(); }}
  return performance.now() - begun;
}}"""


@dataclass(frozen=True)
class Opening:
    """What opening a chart took; `sent_bytes` is the data as compressed on its way."""

    seconds: float
    heap_bytes: float
    sent_bytes: float


def openings(past: Past) -> tuple[Opening, Opening]:
    """Return our chart of a past, and a plain Chart of Chart.js with every tarball of it: medians, in turn."""
    whole = _whole(past)
    with served(past.environment, {WHOLE: whole}) as address, _chromium() as browser:
        ours, theirs = [], []
        for number in range(TIMES):
            say(f"opening the chart, {number + 1} of {TIMES}")
            ours.append(_opened(browser, address, OURS))
            theirs.append(_opened(browser, address, THEIRS))
    return _median(ours), _median(theirs)


def _opened(browser: Browser, address: str, script: str) -> Opening:
    """Open a chart in a browser that has nothing of it yet."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{address}/login/")
    page.fill("[name=username]", USER)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    page.goto(address + PAGE, wait_until="networkidle")
    seconds = page.evaluate(script, f"/static/{WHOLE}") / 1000
    sent = page.evaluate(SENT)
    opening = Opening(seconds, _heap(page), sent)
    context.close()
    return opening


def _heap(page: Page) -> float:
    """Return the bytes that the page's scripts hold, after a collection of what they do not."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {
        one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]
    }
    return float(metrics["JSHeapUsedSize"])


def _whole(past: Past) -> bytes:
    """Return every tarball of the past as JSON."""
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", WHOLE_DATA],
        cwd=BASE_DIR,
        env=past.environment,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise BenchError(done.stderr.decode(errors="replace")[-800:])
    text = done.stdout.partition(b"WHOLE")[2]
    json.loads(text)
    return text


@contextmanager
def _chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise BenchError("there is no Chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def _median(measured: list[Opening]) -> Opening:
    return Opening(
        statistics.median(one.seconds for one in measured),
        statistics.median(one.heap_bytes for one in measured),
        statistics.median(one.sent_bytes for one in measured),
    )
