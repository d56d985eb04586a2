/* What is shown as files: a picture with title and time span, and the numbers as CSV. */

import { firstFrom } from "./history.js";
import { dayText, spanText } from "./time.js";

const MARGIN = 16;
const FONT = "system-ui, sans-serif";
// What begins like that is a formula to programs of tables.
const FORMULA = /^[=+\-@\t\r]/;

const download = (blob, name) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
};

const fileName = (name, min, max, zone, ending) =>
  `${name} ${dayText(min, zone)} ${dayText(max - 1, zone)}`.replace(/[^\p{L}\p{N}._-]+/gu, "_").slice(0, 120) + ending;

const iso = (ms) => new Date(ms).toISOString().replace(".000Z", "Z");

const cell = (text) => {
  const harmless = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
};

const inside = (points, min, max) => points.slice(firstFrom(points, min), firstFrom(points, max));

/* The tarballs and days that panes show, in the order of time, one a line. */
export const csvText = (panes, min, max) => {
  const sizes = panes.shown.flatMap(({ label, data }) => inside(data, min, max).map(({ x, bytes }) => [x, "size_bytes", label, bytes]));
  const days = panes.days.hidden ? [] : inside(panes.days.data.slice(0, -1), min, max).map(({ x, y }) => [x, "tarballs_that_day", "", y]);
  const rows = [...sizes, ...days].sort(([one], [other]) => one - other);
  const lines = rows.map(([at, what, label, value]) => [iso(at), what, label, String(value)].map(cell).join(","));
  return ["at_utc,what,line,value", ...lines, ""].join("\r\n");
};

export const saveCsv = (panes, name, min, max) => {
  const text = csvText(panes, min, max);
  download(new Blob([text], { type: "text/csv;charset=utf-8" }), fileName(name, min, max, panes.zone, ".csv"));
  return text.split("\r\n").length - 2;
};

/* The names of the lines in rows; returns how high they are. */
const drawNames = (ctx, panes, width, top) => {
  let [x, y] = [MARGIN, top];
  ctx.font = `12px ${FONT}`;
  for (const line of panes.shown) {
    const label = line.label.length > 60 ? `${line.label.slice(0, 59)}…` : line.label;
    const wide = ctx.measureText(label).width + 40;
    if (x + wide > width - MARGIN && x > MARGIN) [x, y] = [MARGIN, y + 18];
    ctx.strokeStyle = line.borderColor;
    ctx.lineWidth = 2.5;
    ctx.setLineDash(line.borderDash);
    ctx.beginPath();
    ctx.moveTo(x, y + 7);
    ctx.lineTo(x + 20, y + 7);
    ctx.stroke();
    ctx.fillText(label, x + 25, y + 12);
    x += wide;
  }
  ctx.setLineDash([]);
  return y + 18 - top;
};

export const savePng = async (panes, name, min, max) => {
  const { canvas, width, height } = panes.chart;
  const ratio = canvas.width / width;
  const sheet = document.createElement("canvas");
  const measure = sheet.getContext("2d");
  const head = 52;
  const names = drawNames(measure, panes, width + 2 * MARGIN, 0);
  const [wide, high] = [width + 2 * MARGIN, head + height + names + 2 * MARGIN];
  Object.assign(sheet, { width: Math.round(wide * ratio), height: Math.round(high * ratio) });
  const ctx = sheet.getContext("2d");
  ctx.scale(ratio, ratio);
  ctx.fillStyle = panes.colours.surface;
  ctx.fillRect(0, 0, wide, high);
  ctx.fillStyle = panes.colours.ink;
  ctx.font = `600 16px ${FONT}`;
  ctx.fillText(name, MARGIN, MARGIN + 14, wide - 2 * MARGIN);
  ctx.fillStyle = panes.colours.soft;
  ctx.font = `12px ${FONT}`;
  const scale = { linear: "", log: ", logarithmic", normalised: ", each line 100 % at its first tarball" }[panes.scale];
  ctx.fillText(`${spanText(min, max, panes.zone)}, days of ${panes.zone}${scale}`, MARGIN, MARGIN + 32, wide - 2 * MARGIN);
  ctx.drawImage(canvas, MARGIN, head, width, height);
  ctx.fillStyle = panes.colours.ink;
  drawNames(ctx, panes, wide, head + height + MARGIN / 2);
  const blob = await new Promise((resolve) => sheet.toBlob(resolve, "image/png"));
  if (!blob) throw new Error("this browser made no picture");
  download(blob, fileName(name, min, max, panes.zone, ".png"));
};
