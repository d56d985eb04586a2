/* The strip with the whole history: a window to drag, and a handle at each end of it. Handles and window are sliders, so
   the keyboard moves them too. */

import { make, named } from "./elements.js";
import { clamp } from "./numbers.js";
import { stroke } from "./theme.js";
import { dayText, DAY, tickText, ticks } from "./time.js";

const LEAST = 32; // pixels that the window is wide at least, however short it is, so that it can be grasped
const FOOT = 13; // pixels for the years

export class Navigator {
  /* `move(min, max, isOver)` is told the window that is wanted; `isOver` when the hand lets go. */
  constructor(place, zone, move) {
    this.place = place;
    this.zone = zone;
    this.move = move;
    this.canvas = make("canvas");
    this.canvas.setAttribute("aria-hidden", "true");
    this.window = this.#slider("chart-window", "The window: arrows move it");
    this.begin = this.#slider("chart-handle", "Begin of the window");
    this.end = this.#slider("chart-handle is-end", "End of the window");
    place.append(this.canvas, this.window, this.begin, this.end);
    place.addEventListener("pointerdown", (event) => this.#grab(event));
    this.shown = { min: 0, max: 1 };
    this.extent = { min: 0, max: 1 };
  }

  /* Draw the whole history, each line on the scale of the panes. */
  draw(overview, extent, { colours, hidden, scale }, order) {
    this.extent = extent;
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.place;
    Object.assign(this.canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    const ctx = this.canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#years(ctx, width, height, colours);
    const lines = overview.lines.filter(({ label }) => !hidden.has(label));
    const heights = this.#heights(lines, scale, height - FOOT - 3);
    ctx.lineJoin = "round";
    ctx.lineWidth = 1;
    ctx.globalAlpha = lines.length > 6 ? 0.65 : 1;
    for (const { label, points } of lines) {
      ctx.strokeStyle = stroke(colours, order.get(label)).colour;
      ctx.beginPath();
      const toHeight = heights(points);
      for (const { x, y } of points) ctx.lineTo(this.#toPixel(x), toHeight(y));
      ctx.stroke();
    }
    ctx.globalAlpha = 1;
    this.show(this.shown.min, this.shown.max);
  }

  /* Show which window the panes have. */
  show(min, max) {
    this.shown = { min, max };
    const width = this.place.clientWidth;
    const left = clamp(this.#toPixel(min), 0, width - LEAST);
    const right = clamp(this.#toPixel(max), left + LEAST, width);
    Object.assign(this.window.style, { left: `${left}px`, width: `${right - left}px` });
    this.begin.style.left = `${left}px`;
    this.end.style.left = `${right}px`;
    const [from, to] = [dayText(min, this.zone), dayText(max - 1, this.zone)];
    this.#say(this.begin, min, from);
    this.#say(this.end, max, to);
    this.#say(this.window, (min + max) / 2, `${from} to ${to}`);
  }

  #heights(lines, scale, room) {
    const of = (value) => (scale === "log" ? Math.log10(Math.max(1, value)) : value);
    const range = (all) => {
      let [least, most] = [Infinity, -Infinity];
      for (const { y } of all) { const value = of(y); if (value < least) least = value; if (value > most) most = value; }
      return scale === "log" ? [least, most > least ? most : least + 1] : [0, most || 1];
    };
    const shared = scale === "normalised" ? null : range(lines.flatMap(({ points }) => points));
    return (points) => {
      const [least, most] = shared ?? range(points);
      return (y) => 2 + room * (1 - (of(y) - least) / (most - least));
    };
  }

  #years(ctx, width, height, colours) {
    const { min, max } = this.extent;
    ctx.font = "10px system-ui, sans-serif";
    ctx.textBaseline = "bottom";
    ctx.strokeStyle = colours.line;
    ctx.fillStyle = colours.soft;
    for (const at of ticks(min, max, this.zone, Math.max(2, Math.floor(width / 90)))) {
      const x = Math.round(this.#toPixel(at)) + 0.5;
      ctx.beginPath();
      ctx.moveTo(x, 0);
      ctx.lineTo(x, height);
      ctx.stroke();
      const text = tickText(at, max - min, this.zone);
      if (x + 4 + ctx.measureText(text).width < width) ctx.fillText(text, x + 4, height - 1);
    }
  }

  #toPixel(at) {
    const { min, max } = this.extent;
    return ((at - min) / (max - min || 1)) * this.place.clientWidth;
  }

  #slider(className, label) {
    const made = named(make("div", className), "slider", label);
    made.tabIndex = 0;
    made.addEventListener("keydown", (event) => this.#onKey(event, made));
    return made;
  }

  #say(slider, value, text) {
    slider.setAttribute("aria-valuemin", Math.round(this.extent.min / DAY));
    slider.setAttribute("aria-valuemax", Math.round(this.extent.max / DAY));
    slider.setAttribute("aria-valuenow", Math.round(clamp(value, this.extent.min, this.extent.max) / DAY));
    slider.setAttribute("aria-valuetext", text);
  }

  /* The window after one of its parts went by some time. */
  #moved(part, from, by) {
    const least = DAY;
    if (part === this.begin) return [clamp(from.min + by, this.extent.min, from.max - least), from.max];
    if (part === this.end) return [from.min, clamp(from.max + by, from.min + least, this.extent.max)];
    const held = clamp(by, this.extent.min - from.min, this.extent.max - from.max);
    return [from.min + held, from.max + held];
  }

  #grab(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    const scale = (this.extent.max - this.extent.min) / this.place.clientWidth;
    const rect = this.place.getBoundingClientRect();
    let part = event.target;
    if (part === this.canvas || part === this.place) {
      // Beside the window: it comes to where the finger is, and can be dragged on from there.
      const middle = this.extent.min + (event.clientX - rect.left) * scale;
      part = this.window;
      this.move(...this.#moved(part, this.shown, middle - (this.shown.min + this.shown.max) / 2), false);
    }
    const [from, startX] = [{ ...this.shown }, event.clientX];
    part.focus({ preventScroll: true });
    this.place.setPointerCapture(event.pointerId);
    const drag = (moved) => this.move(...this.#moved(part, from, (moved.clientX - startX) * scale), false);
    const drop = () => {
      this.place.removeEventListener("pointermove", drag);
      for (const end of ["pointerup", "pointercancel"]) this.place.removeEventListener(end, drop);
      this.move(this.shown.min, this.shown.max, true);
    };
    this.place.addEventListener("pointermove", drag);
    for (const end of ["pointerup", "pointercancel"]) this.place.addEventListener(end, drop);
  }

  #onKey(event, part) {
    const span = this.shown.max - this.shown.min;
    const step = Math.max(DAY, (part === this.window ? span : this.extent.max - this.extent.min) * (event.shiftKey ? 0.1 : 0.02));
    const far = this.extent.max - this.extent.min;
    const by = {
      ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step,
      PageDown: -span, PageUp: span, Home: -far, End: far,
    }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.move(...this.#moved(part, this.shown, by), true);
  }
}
