/* What a chart knows of a history: its whole, thinned, and the window that was last asked for in a finer grain.
   Gives both as one, and says what to ask for when a window wants to be finer than what is known. */

import { dayAfter } from "./time.js";

const MARGIN = 0.5; // asked for on either side of a window, in its lengths, so that panning has something to show
const COARSE = 2.5; // times as long as the window: finer numbers would show more

/* The place of the first point that is not before a moment. */
export const firstFrom = (points, x) => {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle].x < x) low = middle + 1; else high = middle;
  }
  return low;
};

/* The place of the point nearest to a moment; there is one. */
export const nearest = (points, x) => {
  const after = Math.min(firstFrom(points, x), points.length - 1);
  return after > 0 && x - points[after - 1].x <= points[after].x - x ? after - 1 : after;
};

const spliced = (coarse, fine, begin, end) => [
  ...coarse.slice(0, firstFrom(coarse, begin)), ...fine, ...coarse.slice(firstFrom(coarse, end)),
];

const outside = (marks, begin, end) => marks.filter(({ at }) => at < begin || at >= end);

const same = (band) => `${band.begin} ${band.end} ${band.reason}`;

export class History {
  #whole = null;
  #window = null;

  constructor(zone) {
    this.zone = zone;
  }

  keepWhole(numbers) {
    this.#whole = this.#bounded(numbers);
  }

  keepWindow(numbers) {
    this.#window = this.#bounded(numbers);
  }

  get isEmpty() {
    return !this.#known.days.length;
  }

  get hasWhole() {
    return this.#whole !== null;
  }

  /* From the first day to the end of the last. */
  get extent() {
    const { begin, end } = this.#known;
    return { min: begin, max: end };
  }

  get newest() {
    return { min: this.#window?.begin ?? this.extent.min, max: this.#window?.end ?? this.extent.max };
  }

  get #known() {
    return this.#whole ?? this.#window;
  }

  /* All that is known, the finest of it, in the form of the feed. */
  get numbers() {
    const [whole, window] = [this.#whole, this.#window];
    if (!whole || !window || whole.isWhole) return this.#known;
    const { begin, end } = window;
    const fine = new Map(window.lines.map((line) => [line.label, line.points]));
    const known = new Set(whole.lines.map(({ label }) => label));
    const added = window.lines.filter(({ label }) => !known.has(label));
    const planned = new Map([...whole.planned, ...window.planned].map((band) => [same(band), band]));
    return {
      ...whole,
      lines: [
        ...whole.lines.map(({ label, points }) => ({ label, points: spliced(points, fine.get(label) ?? [], begin, end) })),
        ...added,
      ],
      days: spliced(whole.days, window.days, begin, end),
      planned: [...planned.values()],
      findings: [...outside(whole.findings, begin, window.isLast ? Infinity : end), ...window.findings],
      leftOut: window.leftOut,
      purges: [...outside(whole.purges, begin, end), ...window.purges],
    };
  }

  /* The whole history as a strip shows it. */
  get overview() {
    return this.#known;
  }

  /* Whether points are left out between two moments. */
  isThinned(min, max) {
    const window = this.#window;
    if (this.#whole?.isWhole) return false;
    return !(window?.isWhole && window.begin <= min && max <= window.end);
  }

  /* The window to ask for so that this one is as fine as can be; null when it is. */
  wanted(min, max) {
    const extent = this.extent;
    const [from, to] = [Math.max(min, extent.min), Math.min(max, extent.max)];
    const isNearlyAll = to - from >= 0.8 * (extent.max - extent.min);
    if (!this.#whole || this.#whole.isWhole || isNearlyAll || to <= from) return null;
    const window = this.#window;
    const covers = window && window.begin <= from && to <= window.end;
    if (covers && (window.isWhole || window.end - window.begin <= COARSE * (to - from) + 2 * 86_400_000)) return null;
    const margin = MARGIN * (to - from);
    return { min: Math.max(extent.min, from - margin), max: Math.min(extent.max, to + margin) };
  }

  #bounded(numbers) {
    const { days } = numbers;
    if (!days.length) return { ...numbers, begin: 0, end: 0 };
    const end = dayAfter(days.at(-1).x, 1, this.zone);
    return { ...numbers, begin: days[0].x, end, isLast: this.#whole ? end >= this.#whole.end : true };
  }
}
