/* The list of lines: what they are and how great at a moment; a press hides or shows one, "only" isolates it. One stop of
   the Tab key; arrows walk in it. */

import { button, make, named, pressed } from "./elements.js";
import { sizeText } from "./numbers.js";

const MANY = 9; // lines; with more there is a box to filter them

export class Legend {
  /* `change(hidden)` is told which labels are hidden from now on. */
  constructor(place, change) {
    this.place = place;
    this.change = change;
    this.hidden = new Set();
    this.entries = [];
    this.filter = make("input", "chart-filter", "", { type: "search", placeholder: "Filter", autocomplete: "off", maxLength: 200 });
    this.filter.setAttribute("aria-label", "Filter the lines; Enter shows only those left");
    this.filter.addEventListener("input", () => this.#sift());
    this.filter.addEventListener("keydown", (event) => this.#onFilterKey(event));
    this.all = button("Show all", () => this.#set(new Set()), { className: "plain chart-all" });
    this.list = named(make("div", "chart-lines"), "group", "Lines: press to hide or show, O for one only, arrows to walk");
    this.list.addEventListener("keydown", (event) => this.#onKey(event));
    const head = make("div", "chart-legend-head");
    head.append(this.filter, this.all);
    place.append(head, this.list);
  }

  /* Take the lines, and what else can be hidden: {label, colour, dash, isLine}. */
  fill(entries) {
    const focused = this.entries.findIndex(({ toggle }) => toggle === document.activeElement);
    this.entries = entries.map((entry) => this.#entry(entry));
    this.list.replaceChildren(...this.entries.map(({ row }) => row));
    this.filter.hidden = this.#lines().length <= MANY;
    this.#walkTo(Math.max(0, focused), focused >= 0);
    this.#sift();
    this.#mark();
  }

  paint(strokeOf) {
    for (const { label, mark } of this.entries) this.#paint(mark, strokeOf(label));
  }

  /* Show how great each line is at a moment; null clears. */
  tell(rows) {
    const sizes = new Map(rows.map(({ line, point }) => [line.label, sizeText(point.bytes)]));
    for (const { label, amount } of this.entries) {
      const text = sizes.get(label) ?? "";
      if (amount.textContent !== text) amount.textContent = text;
    }
  }

  isolate(label) {
    const others = this.#lines().filter((entry) => entry.label !== label).map((entry) => entry.label);
    const isAlone = !this.hidden.has(label) && others.every((other) => this.hidden.has(other));
    const kept = [...this.hidden].filter((hidden) => !this.#lines().some((entry) => entry.label === hidden));
    this.#set(new Set(isAlone ? kept : [...kept, ...others]));
  }

  #lines() {
    return this.entries.filter(({ isLine }) => isLine);
  }

  #entry({ label, colour, dash, isLine }) {
    const row = make("div", isLine ? "chart-line" : "chart-line is-other");
    const toggle = button("", () => this.#toggle(label), { title: label });
    const mark = make("i");
    this.#paint(mark, { colour, dash });
    const amount = make("span", "number");
    toggle.append(mark, make("span", "chart-line-name", label), amount);
    toggle.tabIndex = -1;
    row.append(toggle);
    if (isLine) {
      toggle.addEventListener("dblclick", () => this.isolate(label));
      const only = button("only", () => this.isolate(label), { className: "chart-only" });
      only.setAttribute("aria-label", `Only ${label}`);
      only.tabIndex = -1;
      row.append(only);
    }
    return { label, isLine, row, toggle, mark, amount };
  }

  #paint(mark, { colour, dash }) {
    mark.style.borderTopColor = colour;
    mark.style.borderTopStyle = dash.length ? (dash[0] > 2 ? "dashed" : "dotted") : "solid";
  }

  #toggle(label) {
    const hidden = new Set(this.hidden);
    if (!hidden.delete(label)) hidden.add(label);
    this.#set(hidden);
  }

  #set(hidden) {
    this.hidden = hidden;
    this.#mark();
    this.change(hidden);
  }

  #mark() {
    for (const { label, toggle } of this.entries) pressed(toggle, !this.hidden.has(label));
    this.all.disabled = !this.hidden.size;
  }

  #sift() {
    const wanted = this.filter.value.trim().toLowerCase();
    for (const { label, isLine, row } of this.entries) row.hidden = isLine && !label.toLowerCase().includes(wanted);
  }

  #onFilterKey(event) {
    if (event.key === "Escape" && this.filter.value) {
      this.filter.value = "";
      this.#sift();
      event.stopPropagation();
    }
    if (event.key !== "Enter") return;
    event.preventDefault();
    this.#set(new Set(this.#lines().filter(({ row }) => row.hidden).map(({ label }) => label)));
  }

  #onKey(event) {
    const shown = this.entries.filter(({ row }) => !row.hidden);
    const here = shown.findIndex(({ row }) => row.contains(event.target));
    const onOnly = event.target.className === "chart-only";
    const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: shown.length - 1 }[event.key];
    if (to !== undefined) this.#walkTo(this.entries.indexOf(shown[Math.max(0, Math.min(to, shown.length - 1))]), true);
    else if (event.key === "ArrowRight" && !onOnly) shown[here]?.row.querySelector(".chart-only")?.focus();
    else if (event.key === "ArrowLeft" && onOnly) shown[here].toggle.focus();
    else if (event.key.toLowerCase() === "o" && shown[here]?.isLine) this.isolate(shown[here].label);
    else if (event.key === "Enter" && event.altKey && shown[here]?.isLine) this.isolate(shown[here].label);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #walkTo(place, focus) {
    this.entries.forEach(({ toggle }, each) => { toggle.tabIndex = each === place ? 0 : -1; });
    if (focus) this.entries[place]?.toggle.focus();
  }
}
