/* The named ranges: which window each is, and the address of the page that goes with it. Links without JavaScript; with it
   they change the chart, and going back brings the former range. */

import { dayAfter, yearOf } from "./time.js";

const DAYS = { "1m": 30, "3m": 91, "6m": 182, "1y": 365 };

/* The window of a range, counted back from the last day of a history, as the server counts. */
export const windowOf = (range, extent, zone) => {
  const { min, max } = extent;
  const last = dayAfter(max, -1, zone);
  if (range === "all") return { min, max };
  const from = range === "ytd" ? yearOf(last, zone) : dayAfter(last, -DAYS[range], zone);
  return { min: Math.max(min, from), max };
};

export class Ranges {
  /* `choose(range)` is told which one is wanted; `key` tells this chart from others of the page. */
  constructor(place, key, first, choose) {
    this.links = [...place.querySelectorAll("a[data-range]")];
    for (const link of this.links) {
      link.addEventListener("click", (event) => {
        const isElsewhere = event.metaKey || event.ctrlKey || event.shiftKey || event.button;
        if (isElsewhere || !place.classList.contains("is-live")) return; // the picture's: another page
        event.preventDefault();
        const ranges = { ...history.state?.ranges, [key]: link.dataset.range };
        history.pushState({ ranges }, "", link.href);
        choose(link.dataset.range);
      });
    }
    window.addEventListener("popstate", (event) => choose(event.state?.ranges?.[key] ?? first));
  }

  /* Show which range the panes have; null: none of them. */
  mark(range) {
    for (const link of this.links) {
      if (link.dataset.range === range) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }
}
