/* Findings where they happened, as links above the panes: shape and colour are those of the page's badges. Those that would
   cover each other are one, of the worst of them. One stop of the Tab key; arrows walk along them. */

import { make, named } from "./elements.js";
import { plural } from "./numbers.js";
import { clock } from "./time.js";

const NEAR = 15; // pixels between two that can be told apart
const TOLD = 6;
const ORDER = ["alarm", "warn", "notice"];

const worse = (one, other) =>
  ORDER.indexOf(one.severity) - ORDER.indexOf(other.severity) || other.isOpen - one.isOpen || other.at - one.at;

const words = (code) => code.replaceAll("_", " ");

export class Findings {
  /* `tell(texts, left)` shows texts beside a mark, `hush()` takes them away. */
  constructor(place, zone, tell, hush) {
    this.place = named(place, "group", "Findings in this window: arrows walk, Enter opens one");
    this.zone = zone;
    this.tell = tell;
    this.hush = hush;
    this.place.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /* Mark the findings of a window; those after it ended the history are at its edge. */
  show(findings, panes) {
    const { left, right } = panes.area;
    const { min, max } = panes.x;
    const placed = findings
      .filter(({ at, isLate }) => at >= min && (at <= max || isLate))
      .filter(({ subject }) => !subject || !panes.hidden.has(subject))
      .map((finding) => ({ finding, x: Math.min(right, Math.max(left, panes.x.getPixelForValue(finding.at))) }))
      .sort((one, other) => one.x - other.x);
    const groups = [];
    for (const { finding, x } of placed) {
      const last = groups.at(-1);
      if (last && x - last.x < NEAR) last.findings.push(finding); else groups.push({ x, findings: [finding] });
    }
    const focused = [...this.place.children].indexOf(document.activeElement);
    this.place.replaceChildren(...groups.map((group, place) => this.#link(group, place === Math.max(0, focused))));
    if (focused >= 0) this.place.children[Math.min(focused, groups.length - 1)]?.focus();
    this.place.hidden = !groups.length;
  }

  #link({ x, findings }, isStop) {
    findings.sort(worse);
    const [worst] = findings;
    const link = make("a", `chart-finding is-${worst.severity}${worst.isOpen ? "" : " is-over"}`, "", { href: worst.url });
    link.tabIndex = isStop ? 0 : -1;
    link.style.left = `${x}px`;
    link.append(make("i", "shape"));
    if (findings.length > 1) link.append(make("b", "", findings.length > 99 ? "99+" : String(findings.length)));
    const others = findings.length > 1 ? `; and ${plural(findings.length - 1, "more finding")} there` : "";
    link.setAttribute("aria-label", `${this.#line(worst)}${others}`);
    const show = () => this.tell(this.#texts(findings), x);
    for (const event of ["pointerenter", "focus"]) link.addEventListener(event, show);
    for (const event of ["pointerleave", "blur"]) link.addEventListener(event, () => this.hush());
    return link;
  }

  #line({ at, severity, code, subject, message, isOpen }) {
    const over = isOpen ? "" : ", over";
    return `${severity}${over}: ${words(code)}${subject ? `, ${subject}` : ""}, ${clock(at, this.zone)}. ${message}`;
  }

  #texts(findings) {
    const texts = findings.slice(0, TOLD).flatMap(({ at, severity, code, subject, message, isOpen }) => {
      const head = make("p", `chart-tip-when is-${severity}`);
      head.append(make("i", "shape"), ` ${severity}${isOpen ? "" : " (over)"}: ${words(code)} · ${clock(at, this.zone)} ${this.zone}`);
      return [head, make("p", "chart-tip-said", subject ? `${subject}: ${message}` : message)];
    });
    if (findings.length > TOLD) texts.push(make("p", "soft", `${findings.length - TOLD} more; zoom in to tell them apart`));
    return texts;
  }

  #onKey(event) {
    const links = [...this.place.children];
    const here = links.indexOf(event.target);
    const to = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: links.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = links[Math.max(0, Math.min(to, links.length - 1))];
    links.forEach((link) => { link.tabIndex = link === next ? 0 : -1; });
    next.focus();
  }
}
