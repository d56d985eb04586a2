/* What lies at one moment: of every line that is shown the tarball nearest to it, and the day. One moment for all of them. */

import { firstFrom, nearest } from "./history.js";
import { DAY } from "./time.js";

const REACH = 10; // pixels between a tarball and the moment that it belongs to

/* The moment of a tarball nearest to `x`; null where no line is shown. */
export const snap = (lines, x) => {
  let closest = null;
  for (const { data } of lines) {
    if (!data.length) continue;
    const at = data[nearest(data, x)].x;
    if (closest === null || Math.abs(at - x) < Math.abs(closest - x)) closest = at;
  }
  return closest;
};

/* The moment of the next tarball of any line after `x`, or before it where `direction` is -1. */
export const step = (lines, x, direction) => {
  let found = null;
  for (const { data } of lines) {
    const place = direction > 0 ? firstFrom(data, x + 1) : firstFrom(data, x) - 1;
    const at = data[place]?.x;
    if (at !== undefined && (found === null || (at - found) * direction < 0)) found = at;
  }
  return found;
};

/* {at, rows: [{line, point}], day}: the greatest first. */
export const momentAt = (panes, x) => {
  const at = snap(panes.shown, x) ?? x;
  const slack = Math.max(DAY / 2, (REACH * (panes.x.max - panes.x.min)) / (panes.x.width || 1));
  const rows = [];
  for (const line of panes.shown) {
    if (!line.data.length) continue;
    const point = line.data[nearest(line.data, at)];
    if (Math.abs(point.x - at) <= slack) rows.push({ line, point });
  }
  rows.sort((one, other) => other.point.bytes - one.point.bytes || (one.line.label < other.line.label ? -1 : 1));
  return { at, rows, day: dayAt(panes.days?.data ?? [], at) };
};

const dayAt = (days, at) => {
  const place = firstFrom(days, at + 1) - 1;
  // The last point is the end of the last day.
  return place >= 0 && place < days.length - 1 ? days[place] : null;
};
