/* The line under a chart: what it shows, what is being done, what went wrong and the way on. Screen readers hear it. */

import { LoggedOut } from "./feed.js";
import { button, make } from "./elements.js";

export class Note {
  constructor(place, login) {
    this.place = place;
    this.login = login;
    this.problem = null;
  }

  /* What is wrong stays until it is solved. */
  say(text) {
    if (this.problem || this.place.textContent === text) return;
    this.place.textContent = text;
  }

  fail(problem, what, again) {
    this.problem = problem;
    this.place.classList.add("failed");
    if (problem instanceof LoggedOut) {
      const next = new URLSearchParams({ next: location.pathname + location.search });
      this.place.replaceChildren("You are logged out. ", make("a", "", "Log in", { href: `${this.login}?${next}` }));
    } else {
      this.place.replaceChildren(`${what}: ${problem.message}. `, button("Try again", again, { className: "plain" }));
    }
  }

  solved() {
    this.problem = null;
    this.place.classList.remove("failed");
  }
}
