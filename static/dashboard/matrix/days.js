/* Any day of the past: the slider, the field and the links of the form show it in place, keep it in the address, and say
   in one sentence what is seen. */

const WAIT_MS = 180;
const REST_MS = 700; // after that the day was meant, and is a step of the browser's history
const DAY_MS = 86_400_000;

const number = (text) => Math.round(Date.parse(`${text}T00:00:00Z`) / DAY_MS);
const text = (days) => new Date(days * DAY_MS).toISOString().slice(0, 10);
const WORDS = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const words = (days) => WORDS.format(days * DAY_MS);

export const days = (part, shown) => {
  const form = part.querySelector(".matrix-tools");
  const { first, today } = form.dataset;
  if (!first || first === today) return;
  const box = form.querySelector(".slider");
  const slider = box.querySelector("input");
  const field = form.querySelector("input[type='date']");
  const says = part.querySelector("[role='status']");
  const newest = number(today);
  let asking = null;
  let timer = 0;
  let rest = 0;

  const dayOf = (address) => {
    const day = new URL(address).searchParams.get("day") ?? today;
    return /^\d{4}-\d{2}-\d{2}$/.test(day) && day <= today && Number.isFinite(number(day)) ? day : today;
  };

  const addressOf = (day) => {
    const address = new URL(location.href);
    address.searchParams.delete("day");
    if (day !== today) address.searchParams.set("day", day);
    return address;
  };

  const set = (day) => {
    slider.value = String(number(day));
    slider.setAttribute("aria-valuetext", day === today ? "now" : words(number(day)));
    field.value = day;
  };

  /* Only what is of the day: what the reader holds in the hand stays. */
  const replaceBy = (made) => {
    part.querySelector(".matrix-shown").replaceWith(made.querySelector(".matrix-shown"));
    for (const link of form.querySelectorAll("a")) {
      const fresh = [...made.querySelectorAll(".matrix-tools a")].find((one) => one.textContent === link.textContent);
      if (!fresh) continue;
      if (fresh.hidden && link === document.activeElement) slider.focus({ preventScroll: true });
      link.href = fresh.getAttribute("href");
      link.hidden = fresh.hidden;
    }
    form.dataset.day = made.querySelector(".matrix-tools").dataset.day;
    shown();
  };

  const sentence = () => {
    const counts = part.querySelector(".matrix-shown .said")?.textContent ?? part.querySelector(".matrix-shown .empty")?.textContent ?? "";
    const day = form.dataset.day;
    return `${day === today ? "Now" : `At the end of ${words(number(day))}`}: ${counts}`;
  };

  const load = async (day) => {
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    const address = addressOf(day);
    address.hash = "";
    address.searchParams.set("part", "matrix");
    part.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(address, { redirect: "manual", cache: "no-store", signal });
      if (answer.type === "opaqueredirect") {
        location.assign(addressOf(day)); // to the login, and back to this day
        return;
      }
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      const made = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (signal.aborted) return;
      replaceBy(made);
      says.textContent = sentence();
    } catch (problem) {
      if (signal.aborted) return;
      says.textContent = `That day could not be loaded: ${problem instanceof TypeError ? "no answer" : problem.message}.`;
      says.classList.remove("hidden");
      part.removeAttribute("aria-busy");
      return;
    }
    says.classList.add("hidden");
    part.removeAttribute("aria-busy");
  };

  /* Show a day soon; once it rests, it is a step of the history. */
  const show = (day, { wait = WAIT_MS, keep = true } = {}) => {
    set(day);
    clearTimeout(timer);
    clearTimeout(rest);
    timer = setTimeout(load, wait, day);
    if (keep) {
      rest = setTimeout(() => {
        if (dayOf(location.href) !== day) history.pushState(null, "", addressOf(day));
      }, wait ? REST_MS : 0);
    }
  };

  slider.min = String(Math.min(number(first), number(form.dataset.day)));
  slider.max = String(newest);
  box.hidden = false;
  set(form.dataset.day);
  slider.addEventListener("input", () => show(text(slider.valueAsNumber)));
  field.addEventListener("change", () => {
    if (field.value && field.checkValidity()) show(field.value);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (field.value && field.checkValidity()) show(field.value, { wait: 0 });
  });
  form.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-day]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(dayOf(link.href), { wait: 0 });
  });
  addEventListener("popstate", () => {
    const day = dayOf(location.href);
    if (day !== form.dataset.day || Number(slider.value) !== number(day)) show(day, { wait: 0, keep: false });
  });
};
