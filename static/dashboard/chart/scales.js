/* The three scales of sizes: what a point's height is on each, and which texts its axis has. */

import { firstFrom } from "./history.js";
import { percentText, sizeText } from "./numbers.js";

export const SCALES = [
  ["linear", "Linear", "Bytes"],
  ["log", "Log", "Bytes, each step ten times the last"],
  ["normalised", "100 %", "Normalised: each line is 100 % at its first tarball in the window"],
];

/* The size that is 100 %: that of the first tarball in a window that has one. */
const base = (points, min, max) => {
  for (let place = firstFrom(points, min); place < points.length && points[place].x <= max; place += 1) {
    if (points[place].bytes > 0) return points[place].bytes;
  }
  return null;
};

/* Set the height of every point; a line without a base in the window has none. */
export const setHeights = (points, scale, min, max) => {
  const whole = scale === "normalised" ? base(points, min, max) : null;
  for (const point of points) {
    // A logarithm has no place for 0: such a tarball is drawn at one byte and named as 0 on hover.
    if (scale === "log") point.y = Math.max(1, point.bytes);
    else if (scale === "normalised") point.y = whole === null ? NaN : (100 * point.bytes) / whole;
    else point.y = point.bytes;
  }
  return whole;
};

/* At 1, 2 and 5 times each power of ten, or at powers alone where there are many. */
const logTicks = (min, max) => {
  const decades = Math.log10(max / min);
  const steps = decades > 3 ? [1] : decades > 1 ? [1, 3] : [1, 1.5, 2, 3, 5, 7];
  const every = Math.max(1, Math.ceil(decades / 8));
  const values = [];
  for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power += 1) {
    if (power % every) continue;
    for (const step of steps) values.push({ value: step * 10 ** power });
  }
  return values.filter(({ value }) => value >= min && value <= max);
};

/* At round numbers, where a logarithm's own are too far apart. */
const evenTicks = (min, max) => {
  const rough = (max - min) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((each) => each * power >= rough) ?? 10);
  const values = [];
  for (let value = Math.ceil(min / step) * step; value <= max; value += step) values.push({ value });
  return values;
};

/* The options of Chart.js for the axis of sizes. */
export const sizeAxis = (scale, isFitted) => ({
  type: scale === "log" ? "logarithmic" : "linear",
  beginAtZero: scale === "linear" && !isFitted,
  grace: scale === "log" ? 0 : "6%",
  ...(scale === "log" && {
    afterDataLimits: (axis) => {
      const ratio = Math.max(1.01, axis.max / axis.min);
      Object.assign(axis, { min: axis.min / ratio ** 0.07, max: axis.max * ratio ** 0.04 });
    },
    afterBuildTicks: (axis) => {
      const found = logTicks(axis.min, axis.max);
      const all = found.length > 2 || axis.max <= axis.min ? found : evenTicks(axis.min, axis.max);
      const floor = axis.min * (axis.max / axis.min) ** 0.04; // what is lower would touch the pane below
      axis.ticks = all.filter(({ value }) => value > floor);
    },
  }),
  text: scale === "normalised" ? percentText : sizeText,
  title: scale === "normalised" ? "of the first shown" : "size",
});
