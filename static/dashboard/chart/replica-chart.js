/* One chart of a page: keeps the window and what is known of the history, and has its parts show them. */

import { Crosshair } from "./crosshair.js";
import { afterwards, onceAFrame } from "./elements.js";
import { Feed, Trouble } from "./feed.js";
import { Findings } from "./findings.js";
import { Gestures } from "./gestures.js";
import { History } from "./history.js";
import { KEYS_TEXT, keys } from "./keys.js";
import { layOut, tools } from "./layout.js";
import { Legend } from "./legend.js";
import { purgesIn } from "./marks.js";
import { momentAt, step } from "./moment.js";
import { Navigator } from "./navigator.js";
import { Note } from "./note.js";
import { clamp, exact, plural } from "./numbers.js";
import { DAYS, Panes } from "./panes.js";
import { Ranges, windowOf } from "./ranges.js";
import { saveCsv, savePng } from "./save.js";
import { SCALES } from "./scales.js";
import { stroke, theme, whenThemeChanges } from "./theme.js";
import { bothClocks, DAY, spanText } from "./time.js";
import { Tooltip } from "./tooltip.js";

const SHORTEST = DAY; // the shortest window
const SETTLED_MS = 220; // a window that stays so long is asked for in a finer grain
const READ_MOST = 8; // lines that are read aloud
const EXPECTED = "expected";

export class ReplicaChart {
  /* Ask for the numbers of a place and draw them there. Where there is nothing to draw, its note says why, and nothing is
     given. */
  static async open(place) {
    const chart = new ReplicaChart(place);
    try {
      await chart.#begin();
    } catch (problem) {
      chart.#remove();
      chart.note.fail(problem, "The chart could not be loaded", () => place.querySelector(".chart-open").click());
      if (!(problem instanceof Trouble)) reportError(problem);
      return null;
    }
    chart.parts.stage.focus({ preventScroll: true });
    return chart;
  }

  constructor(place) {
    const { src, replica, zone, name, login, range } = place.dataset;
    Object.assign(this, { place, zone, name, range });
    this.feed = new Feed(src, replica);
    this.history = new History(zone);
    this.note = new Note(place.querySelector(".chart-note"), login);
    this.order = new Map();
    this.first = range;
  }

  async #begin() {
    const numbers = await this.feed.range(this.range);
    if (this.range === "all") this.history.keepWhole(numbers); else this.history.keepWindow(numbers);
    if (this.history.isEmpty) throw new Trouble("no tarball was ever seen here");
    this.#build();
    this.window = { ...this.history.extent };
    this.#refill();
    if (!this.history.hasWhole) this.#loadWhole();
  }

  #build() {
    const parts = layOut(this.name, KEYS_TEXT);
    this.parts = parts;
    this.tools = tools({
      scale: (scale) => this.setScale(scale),
      png: () => this.#save(() => savePng(this.panes, this.name, this.window.min, this.window.max), "The picture was saved."),
      csv: () => this.#saveCsv(),
      close: () => this.close(),
    });
    this.tools.mark("linear");
    this.place.querySelector(".chart-stage").append(parts.live);
    this.place.querySelector(".chart-tools").append(...this.tools.elements);
    this.place.classList.add("is-live");
    this.panes = new Panes(parts.canvas, this.zone, theme());
    this.chart = this.panes.chart;
    this.crosshair = new Crosshair(parts.over, this.panes);
    this.tip = new Tooltip(parts.tip, this.panes, this.zone);
    this.legend = new Legend(parts.legend, (hidden) => this.#hide(hidden));
    this.findings = new Findings(parts.findings, this.zone, (texts, left) => this.tip.tell(texts, left, 0), () => this.tip.hide());
    this.strip = new Navigator(parts.strip, this.zone, (min, max) => this.show(min, max));
    this.redraw = onceAFrame(() => this.#draw());
    this.refineLater = afterwards(() => this.#refine(), SETTLED_MS);
    this.hover = onceAFrame((x, y) => this.#hover(x, y));
    this.ranges = new Ranges(this.place, this.place.dataset.key, this.first, (range) => this.choose(range));
    new Gestures(parts.stage, {
      hover: (x, y) => this.hover(x, y),
      leave: () => this.#leave(),
      pan: (pixels) => this.pan((-pixels * this.#length) / (this.panes.x.width || 1)),
      zoom: (x, factor) => this.zoom(factor, this.panes.x.getValueForPixel(x)),
      reset: () => this.choose(this.lastRange),
      refuse: () => this.note.say("Click into the chart, or hold Ctrl, to zoom with the wheel."),
    });
    keys(parts.stage, {
      pan: (part) => this.pan(part * this.#length),
      zoom: (factor) => this.zoom(factor, this.moment?.at ?? (this.window.min + this.window.max) / 2),
      ends: (direction) => this.pan(direction * Infinity),
      read: (direction) => this.#read(direction),
      escape: () => (this.moment ? this.#leave() : this.choose(this.lastRange)),
    });
    whenThemeChanges(() => this.paint());
    new ResizeObserver(onceAFrame(() => this.#draw(true))).observe(parts.live);
    this.lastRange = this.range;
  }

  /* Windows ------------------------------------------------------------------------------------ */

  get #length() {
    return this.window.max - this.window.min;
  }

  async choose(range) {
    this.lastRange = range;
    if (!this.history.hasWhole) await this.#loadWhole();
    if (!this.history.hasWhole) return;
    const { min, max } = windowOf(range, this.history.extent, this.zone);
    this.show(min, max, range);
  }

  /* Show a window as far as there is a history; returns whether it is another than before. */
  show(min, max, range = null) {
    const extent = this.history.extent;
    const whole = extent.max - extent.min;
    const length = clamp(max - min, Math.min(SHORTEST, whole), whole);
    const from = clamp(min, extent.min, extent.max - length);
    const isOther = Math.abs(from - this.window.min) > 1 || Math.abs(from + length - this.window.max) > 1;
    if (!isOther && range === this.range) return false;
    this.window = { min: from, max: from + length };
    this.range = range;
    this.#leave();
    this.redraw();
    this.refineLater();
    return isOther;
  }

  pan(by) {
    const { min, max } = this.history.extent;
    const held = clamp(by, min - this.window.min, max - this.window.max);
    return this.show(this.window.min + held, this.window.max + held);
  }

  zoom(factor, about) {
    const { min, max } = this.window;
    const [extent, length] = [this.history.extent, (max - min) * factor];
    const part = (about - min) / (max - min);
    const from = clamp(about - part * length, extent.min, Math.max(extent.min, extent.max - length));
    return this.show(from, from + length);
  }

  /* Numbers ------------------------------------------------------------------------------------ */

  async #loadWhole() {
    this.wholeAsked ??= this.feed.range("all").then(
      (numbers) => { this.history.keepWhole(numbers); this.note.solved(); this.#refill(); this.refineLater(); },
      (problem) => { this.note.fail(problem, "The whole history could not be loaded", () => this.#again(() => this.#loadWhole())); },
    ).finally(() => { this.wholeAsked = null; });
    await this.wholeAsked;
  }

  /* Ask for finer numbers of the window, where there are any; the drawing stays meanwhile. */
  async #refine() {
    this.asking?.abort();
    const wanted = this.history.wanted(this.window.min, this.window.max);
    if (!wanted) { this.#tellAll(); return; }
    const asking = new AbortController();
    this.asking = asking;
    this.place.setAttribute("aria-busy", "true");
    try {
      const numbers = await this.feed.window(wanted.min, wanted.max, asking.signal);
      if (asking.signal.aborted) return;
      this.history.keepWindow(numbers);
      this.note.solved();
      this.#refill();
    } catch (problem) {
      if (problem.name !== "AbortError") this.note.fail(problem, "A finer drawing could not be loaded", () => this.#again(() => this.#refine()));
    } finally {
      if (this.asking === asking) this.place.removeAttribute("aria-busy");
    }
  }

  #again(act) {
    this.note.solved();
    this.note.say("Loading …");
    act();
  }

  #refill() {
    const numbers = this.history.numbers;
    for (const { label } of numbers.lines) if (!this.order.has(label)) this.order.set(label, this.order.size);
    const { max } = this.history.extent;
    this.known = { ...numbers, findings: numbers.findings.map((finding) => ({ ...finding, isLate: finding.at >= max })) };
    this.panes.fill(numbers, max, this.order);
    this.#fillLegend();
    this.#draw(true);
    this.#tellAll();
  }

  #fillLegend() {
    const { soft, alarm } = this.panes.colours;
    const { expected } = this.panes;
    const entries = this.panes.lines.map(({ label }) => ({ label, isLine: true, ...stroke(this.panes.colours, this.order.get(label)) }));
    const others = [{ label: DAYS, colour: soft, dash: [] }];
    if (expected) others.push({ label: `${EXPECTED}: ${exact(expected)} a day`, colour: alarm, dash: [5] });
    this.legend.fill([...entries, ...others]);
  }

  /* Drawing ------------------------------------------------------------------------------------ */

  #draw(isAll = false) {
    const { min, max } = this.window;
    this.panes.show(min, max);
    this.findings.show(this.known.findings, this.panes);
    this.parts.strip.style.marginInlineStart = `${this.panes.area.left}px`; // under the panes, not under their axis
    if (isAll) this.strip.draw(this.history.overview, this.history.extent, { ...this.panes, hidden: this.panes.hidden }, this.order);
    this.strip.show(min, max);
    this.parts.strip.classList.toggle("is-waiting", !this.history.hasWhole);
    this.ranges.mark(this.range);
    this.crosshair.clear();
    this.legend.tell(momentAt(this.panes, max).rows);
    const days = Math.round(this.#length / DAY);
    this.place.querySelector(".chart-span").textContent = `${spanText(min, max, this.zone)} · ${plural(days, "day")}`;
  }

  /* Say under the chart what it shows, unless somebody has tarballs read aloud there. */
  #tellAll() {
    if (this.isReading) return;
    const { min, max } = this.window;
    const { planned, leftOut } = this.known;
    const reasons = [...new Set(planned.filter((band) => band.begin < max && band.end > min).map((band) => band.reason))];
    const [, , scale] = SCALES.find(([name]) => name === this.panes.scale);
    const parts = [
      `${spanText(min, max, this.zone)}, days of ${this.zone}.`,
      this.panes.scale === "linear" ? "" : `${scale}.`,
      this.history.isThinned(min, max) ? "Thinned to the screen; the least and the greatest of each part stay." : "Every tarball is shown.",
      purgesIn(this.panes.marks.purges, min, max).length ? "▽: tarballs went." : "",
      reasons.length ? `Shaded: ${reasons.slice(0, 3).join("; ")}${reasons.length > 3 ? "; …" : "."}` : "",
      leftOut ? `${plural(leftOut, "less severe finding")} not marked.` : "",
    ];
    this.note.say(parts.filter(Boolean).join(" "));
  }

  /* Colours follow the reader's theme, and paper when it is printed. */
  paint() {
    this.panes.paint(theme());
    this.legend.paint((label) => this.#strokeOf(label));
    this.#draw(true);
  }

  #strokeOf(label) {
    const { colours } = this.panes;
    if (this.order.has(label)) return stroke(colours, this.order.get(label));
    return label === DAYS ? { colour: colours.soft, dash: [] } : { colour: colours.alarm, dash: [5] };
  }

  setScale(scale) {
    this.panes.scale = scale;
    this.tools.mark(scale);
    this.#draw(true);
    this.#tellAll();
  }

  #hide(hidden) {
    this.panes.hidden = new Set([...hidden].map((label) => (label.startsWith(`${EXPECTED}:`) && !this.order.has(label) ? EXPECTED : label)));
    this.#leave();
    this.#draw(true);
  }

  /* Moments ------------------------------------------------------------------------------------ */

  #hover(x, y) {
    const { left, right } = this.panes.area;
    if (x < left || x > right) { this.#leave(); return; }
    this.#point(this.panes.x.getValueForPixel(x), y);
  }

  #point(at, height) {
    this.moment = momentAt(this.panes, at);
    this.crosshair.show(this.moment);
    this.tip.show(this.moment, height);
    this.legend.tell(this.moment.rows);
  }

  #leave() {
    if (!this.moment) return;
    this.moment = null;
    this.isReading = false;
    this.crosshair.clear();
    this.tip.hide();
    this.legend.tell(momentAt(this.panes, this.window.max).rows);
  }

  /* Go to the next tarball, or the last one, and read it aloud. */
  #read(direction) {
    const { min, max } = this.window;
    const from = this.moment?.at ?? (direction > 0 ? min - 1 : max + 1);
    const at = step(this.panes.shown, from, direction);
    if (at === null) return;
    if (at < min || at > max) { this.pan(at - (min + max) / 2); this.#draw(); }
    this.#point(at, this.panes.chart.height / 3);
    this.isReading = true;
    const here = this.moment.rows.filter(({ point }) => point.x === at);
    const told = here.slice(0, READ_MOST).map(({ line, point }) => `${line.label} ${exact(point.bytes)} bytes`);
    const more = here.length > READ_MOST ? `; and ${here.length - READ_MOST} more` : "";
    this.note.say(`${bothClocks(at, this.zone)}: ${told.join("; ")}${more}`);
  }

  /* Files -------------------------------------------------------------------------------------- */

  #saveCsv() {
    const { min, max } = this.window;
    const isThinned = this.history.isThinned(min, max);
    const told = isThinned ? "as thinned for the screen; zoom in, or ask the API, for every tarball" : "every tarball shown";
    this.#save(() => saveCsv(this.panes, this.name, min, max), (count) => `${plural(count, "number")} saved: ${told}.`);
  }

  async #save(act, told) {
    try {
      const result = await act();
      this.note.say(typeof told === "string" ? told : told(result));
    } catch (problem) {
      this.note.fail(problem, "It could not be saved", () => this.#again(() => this.#save(act, told)));
    }
  }

  #remove() {
    this.place.classList.remove("is-live");
    this.chart?.destroy();
    for (const part of [this.parts?.live, ...(this.tools?.elements ?? [])]) part?.remove();
  }

  close() {
    this.place.classList.remove("is-live");
    this.place.querySelector(".chart-open").focus();
  }

  /* Show it again where it was closed. */
  reopen() {
    this.place.classList.add("is-live");
    this.#draw(true);
    this.parts.stage.focus({ preventScroll: true });
  }
}
