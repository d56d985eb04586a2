/* What lies behind and below the lines of both panes: what was planned, findings, what is expected a day, tarballs
   that went. */

import { exact } from "./numbers.js";
import { faint } from "./theme.js";
import { DAY } from "./time.js";

const THIN = 2; // however short, it can be seen
const WIDE = 7; // pixels of a day whose borders are drawn
const APART = 11; // pixels between two purges that are drawn
const PURGES_WITHIN = 400 * DAY; // in longer windows every day has one: they would mark nothing

const drawPlanned = (ctx, area, x, planned, colours) => {
  ctx.fillStyle = faint(colours.planned, 0.2);
  for (const { begin, end } of planned) {
    const left = Math.max(area.left, x.getPixelForValue(begin));
    const right = Math.min(area.right, Math.max(x.getPixelForValue(end), left + THIN));
    if (right > left) ctx.fillRect(left, area.top, right - left, area.bottom - area.top);
  }
};

const drawExpected = (ctx, area, count, expected, colours) => {
  const height = count.getPixelForValue(expected);
  ctx.strokeStyle = ctx.fillStyle = colours.alarm;
  ctx.lineWidth = 1.2;
  ctx.setLineDash([5, 4]);
  ctx.beginPath();
  ctx.moveTo(area.left, height);
  ctx.lineTo(area.right, height);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.font = "11px system-ui, sans-serif";
  ctx.textAlign = "right";
  ctx.textBaseline = height - count.top < 14 ? "top" : "bottom";
  const text = `expected: ${exact(expected)} a day`;
  const width = ctx.measureText(text).width;
  ctx.fillStyle = faint(colours.surface, 0.8);
  ctx.fillRect(area.right - width - 8, ctx.textBaseline === "top" ? height + 1 : height - 14, width + 6, 13);
  ctx.fillStyle = colours.alarm;
  ctx.fillText(text, area.right - 5, height + (ctx.textBaseline === "top" ? 2 : -2));
};

/* A line down from each finding, in the colour of its shape. */
const drawFindings = (ctx, area, x, findings, colours) => {
  ctx.lineWidth = 1;
  for (const { at, severity, isOpen } of findings) {
    const left = Math.round(x.getPixelForValue(at)) + 0.5;
    if (left < area.left || left > area.right) continue;
    ctx.strokeStyle = faint(colours[severity], isOpen ? 0.55 : 0.25);
    ctx.beginPath();
    ctx.moveTo(left, area.top - 6);
    ctx.lineTo(left, area.bottom);
    ctx.stroke();
  }
};

/* What parts the days from each other, where there is room for it. */
const drawDays = (ctx, area, x, count, days, colours) => {
  if ((x.width * DAY) / (x.max - x.min) < WIDE) return;
  ctx.strokeStyle = colours.surface;
  ctx.lineWidth = 2;
  ctx.beginPath();
  for (const { x: at } of days) {
    const left = Math.round(x.getPixelForValue(at));
    if (left <= area.left || left >= area.right) continue;
    ctx.moveTo(left, count.top);
    ctx.lineTo(left, count.bottom);
  }
  ctx.stroke();
};

/* The purges that a window marks. */
export const purgesIn = (purges, min, max) =>
  max - min <= PURGES_WITHIN ? purges.filter(({ at }) => at >= min && at < max) : [];

/* A small triangle that points down, at the foot of the sizes. */
const drawPurges = (ctx, x, size, purges, colours) => {
  ctx.strokeStyle = colours.soft;
  ctx.fillStyle = colours.surface;
  ctx.lineWidth = 1.2;
  let last = -Infinity;
  for (const { at } of purgesIn(purges, x.min, x.max)) {
    const middle = x.getPixelForValue(at);
    if (middle - last < APART) continue;
    last = middle;
    ctx.beginPath();
    ctx.moveTo(middle - 4, size.bottom - 8);
    ctx.lineTo(middle + 4, size.bottom - 8);
    ctx.lineTo(middle, size.bottom - 1);
    ctx.closePath();
    ctx.fill();
    ctx.stroke();
  }
};

/* The plug-in of Chart.js that draws them for panes. */
export const backgrounds = (panes) => ({
  id: "backgrounds",
  beforeDatasetsDraw({ ctx, chartArea, scales }) {
    ctx.save();
    drawPlanned(ctx, chartArea, scales.x, panes.marks.planned, panes.colours);
    drawFindings(ctx, chartArea, scales.x, panes.marks.findings.filter(({ subject }) => !panes.hidden.has(subject)), panes.colours);
    ctx.restore();
  },
  afterDatasetsDraw({ ctx, chartArea, scales }) {
    if (!panes.chart) return; // it is only being made
    ctx.save();
    if (panes.days && !panes.days.hidden) drawDays(ctx, chartArea, scales.x, scales.count, panes.days.data, panes.colours);
    drawPurges(ctx, scales.x, scales.size, panes.marks.purges, panes.colours);
    if (panes.expected && !panes.hidden.has("expected")) drawExpected(ctx, chartArea, scales.count, panes.expected, panes.colours);
    ctx.restore();
  },
});
