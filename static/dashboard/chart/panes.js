/* The two panes as one Chart of Chart.js: sizes above, tarballs a day below, over the same time. */

import { firstFrom } from "./history.js";
import { exact } from "./numbers.js";
import { backgrounds } from "./marks.js";
import { setHeights, sizeAxis } from "./scales.js";
import { faint, stroke } from "./theme.js";
import { tickText, ticks } from "./time.js";

const DOTS = 70; // a line with no more points than that in the window has them as dots
const NARROW = 560;
const CROWD = 8; // more lines than that are drawn thinner
const DAYS = "tarballs a day";

const axisWidth = (chart) => (chart.width < NARROW ? 58 : 76);

const lineDataset = ({ label, points }, place) => ({
  label,
  place,
  yAxisID: "size",
  data: points.map(({ x, y }) => ({ x, y, bytes: y })),
  borderJoinStyle: "round",
  pointHitRadius: 0,
});

const daysDataset = (days, end) => {
  const data = days.map(({ x, y }) => ({ x, y }));
  if (data.length) data.push({ x: end, y: data.at(-1).y });
  return { label: DAYS, yAxisID: "count", data, stepped: "after", fill: "origin", borderWidth: 1, pointRadius: 0, pointHitRadius: 0 };
};

export class Panes {
  constructor(canvas, zone, colours) {
    this.zone = zone;
    this.colours = colours;
    this.scale = "linear";
    this.expected = null;
    this.marks = { planned: [], findings: [], purges: [] };
    this.hidden = new Set();
    this.chart = new Chart(canvas, { type: "line", data: { datasets: [] }, options: this.#options(), plugins: [backgrounds(this)] });
  }

  get lines() {
    return this.chart.data.datasets.filter((dataset) => dataset.yAxisID === "size");
  }

  get days() {
    return this.chart.data.datasets.find((dataset) => dataset.yAxisID === "count");
  }

  /* The lines that can be seen. */
  get shown() {
    return this.lines.filter(({ label }) => !this.hidden.has(label));
  }

  get area() {
    return this.chart.chartArea;
  }

  get x() {
    return this.chart.scales.x;
  }

  /* Take the numbers of a history; `end` is that of its last day. */
  fill(numbers, end, order) {
    this.expected = numbers.expected;
    this.marks = { planned: numbers.planned, findings: numbers.findings, purges: numbers.purges };
    const lines = numbers.lines.map((line) => lineDataset(line, order.get(line.label)));
    this.chart.data.datasets = [...lines, daysDataset(numbers.days, end)];
    this.chart.options.scales.count.suggestedMax = numbers.expected ?? undefined;
    this.paint(this.colours);
  }

  /* Take the colours of a theme. */
  paint(colours) {
    this.colours = colours;
    for (const line of this.lines) {
      const { colour, dash } = stroke(colours, line.place);
      Object.assign(line, { borderColor: colour, backgroundColor: colour, borderDash: dash });
    }
    if (this.days) Object.assign(this.days, { borderColor: faint(colours.soft, 0.8), backgroundColor: faint(colours.soft, 0.3) });
    const { x, size, count } = this.chart.options.scales;
    for (const axis of [x, size, count]) {
      axis.grid.color = axis.grid.tickColor = colours.line;
      axis.border.color = colours.line;
      axis.ticks.color = colours.soft;
      if (axis.title) axis.title.color = colours.soft;
    }
  }

  /* Show a window; what is hidden and the scale are as they are set. */
  show(min, max) {
    const { x, size } = this.chart.options.scales;
    Object.assign(x, { min, max });
    const isFitted = this.shown.length === 1;
    const { text, title, ...axis } = sizeAxis(this.scale, isFitted);
    Object.assign(size, { afterBuildTicks: undefined, afterDataLimits: undefined }, axis);
    size.title.text = title;
    size.ticks.callback = (value) => text(value);
    const borderWidth = this.shown.length > CROWD ? 1.2 : 1.7;
    for (const line of this.lines) {
      line.borderWidth = borderWidth;
      line.hidden = this.hidden.has(line.label);
      line.base = setHeights(line.data, this.scale, min, max);
      const inside = firstFrom(line.data, max) - firstFrom(line.data, min);
      line.pointRadius = inside <= DOTS ? 2.2 : 0;
    }
    if (this.days) this.days.hidden = this.hidden.has(DAYS);
    this.chart.update(); // not "none", which keeps the dots of the last window
  }

  resize() {
    this.chart.resize();
  }

  #options() {
    const { zone } = this;
    const quiet = () => ({ grid: {}, border: {}, ticks: { font: { size: 11 } } });
    const wide = { afterFit: (axis) => { axis.width = axisWidth(axis.chart); } };
    const titled = (text) => ({ display: true, text, font: { size: 11 } });
    const x = quiet();
    const count = quiet();
    const size = quiet();
    return {
      responsive: true, maintainAspectRatio: false, animation: false, parsing: false, normalized: true,
      events: [],
      layout: { padding: { top: 20, right: 18 } }, // findings are above, and one may be at the edge
      plugins: { legend: { display: false }, tooltip: { enabled: false } },
      scales: {
        x: {
          ...x, axis: "x", type: "linear",
          afterBuildTicks: (axis) => {
            axis.ticks = ticks(axis.min, axis.max, zone, Math.max(2, Math.floor(axis.width / 88))).map((value) => ({ value }));
          },
          ticks: { ...x.ticks, maxRotation: 0, autoSkip: false, callback(value) { return tickText(value, this.max - this.min, zone); } },
        },
        // The one declared first is the lower pane.
        count: {
          ...count, ...wide, axis: "y", type: "linear", stack: "panes", stackWeight: 1, offset: false, beginAtZero: true, grace: "12%",
          title: titled("a day"),
          ticks: { ...count.ticks, precision: 0, maxTicksLimit: 4, callback: (value) => exact(value) },
        },
        size: {
          ...size, ...wide, axis: "y", type: "linear", stack: "panes", stackWeight: 3, offset: true,
          title: titled("size"),
          ticks: { ...size.ticks, maxTicksLimit: 8 },
        },
      },
    };
  }
}

export { DAYS };
