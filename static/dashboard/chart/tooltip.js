/* One box that tells a moment: both clocks, the bytes of every line, the day, what was planned and what went. */

import { make } from "./elements.js";
import { purgesIn } from "./marks.js";
import { exact, percentText, plural, sizeText } from "./numbers.js";
import { bothClocks, clock } from "./time.js";

const MOST = 12; // rows; the list of lines has the others
const GAP = 16;

const swatch = (line) => {
  const made = make("i");
  made.style.backgroundColor = line.borderColor;
  return made;
};

const row = (table, { line, point }, isNormalised) => {
  const made = table.insertRow();
  made.insertCell().append(swatch(line));
  made.insertCell().textContent = line.label;
  const amounts = [`${exact(point.bytes)} B`, isNormalised && line.base ? percentText((100 * point.bytes) / line.base) : sizeText(point.bytes)];
  for (const amount of amounts) Object.assign(made.insertCell(), { className: "number", textContent: amount });
  return made;
};

/* Those about the pointer, so that what is pointed at is among them. */
const around = (rows, height, toPixel) => {
  if (rows.length <= MOST) return rows;
  let closest = 0;
  rows.forEach(({ point }, place) => {
    const [one, best] = [toPixel(point.y), toPixel(rows[closest].point.y)].map((top) => Math.abs(top - height));
    if (one < best) closest = place;
  });
  const from = Math.max(0, Math.min(closest - MOST / 2, rows.length - MOST));
  return rows.slice(from, from + MOST);
};

export class Tooltip {
  constructor(box, panes, zone) {
    this.box = box;
    this.panes = panes;
    this.zone = zone;
  }

  hide() {
    this.box.hidden = true;
  }

  /* Tell a moment beside its line; `height` is where the pointer is. */
  show(moment, height) {
    const { panes, zone } = this;
    const size = panes.chart.scales.size;
    const shown = around(moment.rows, height, (y) => size.getPixelForValue(y));
    const table = make("table");
    for (const each of shown) row(table, each, panes.scale === "normalised");
    const lines = [make("p", "chart-tip-when", bothClocks(moment.at, zone)), table];
    if (shown.length < moment.rows.length) lines.push(make("p", "soft", `${moment.rows.length - shown.length} more in the list`));
    lines.push(...this.#asides(moment).map((text) => make("p", "", text)));
    this.box.replaceChildren(...lines);
    this.#place(panes.x.getPixelForValue(moment.at), height);
  }

  /* Tell texts at a place. */
  tell(texts, left, top) {
    this.box.replaceChildren(...texts);
    this.#place(left, top);
  }

  #asides({ at, day }) {
    const { panes, zone } = this;
    const reach = (6 * (panes.x.max - panes.x.min)) / (panes.x.width || 1);
    const gone = purgesIn(panes.marks.purges, panes.x.min, panes.x.max).filter((purge) => Math.abs(purge.at - at) <= reach);
    return [
      ...(day ? [`${plural(day.y, "tarball")} that day${panes.expected ? `, ${exact(panes.expected)} expected` : ""}`] : []),
      ...gone.slice(0, 2).map((purge) => `${plural(purge.tarballs, "tarball")} gone, noticed ${clock(purge.at, zone)}`),
      ...panes.marks.planned.filter((band) => band.begin <= at && at < band.end).slice(0, 3).map((band) => `Planned: ${band.reason}`),
    ];
  }

  #place(left, top) {
    const { box, panes } = this;
    box.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = box;
    const room = panes.chart.width;
    const beside = left + GAP + width <= room ? left + GAP : left - GAP - width;
    const x = beside >= 0 ? beside : Math.max(0, (room - width) * (left > room / 2 ? 0 : 1));
    const y = Math.max(0, Math.min(top - height / 2, panes.chart.height - height));
    box.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }
}
