/* Small comforts of the pages, which work without them: filters act at once and keep the keyboard where it was, their
   empty fields stay out of the address, and every moment tells the reader's own clock. */

const FOCUS = "scmmon-focus";

/* Filters --------------------------------------------------------------------------------------- */

const keepFocus = (field) => {
  try {
    sessionStorage.setItem(FOCUS, JSON.stringify({ path: location.pathname, name: field.name }));
  } catch {
    /* A browser that keeps nothing only loses the place of the keyboard. */
  }
};

const returnFocus = () => {
  try {
    const kept = JSON.parse(sessionStorage.getItem(FOCUS) ?? "{}");
    sessionStorage.removeItem(FOCUS);
    if (kept.path !== location.pathname) return;
    document.querySelector(`.filters [name="${CSS.escape(kept.name)}"]`)?.focus({ preventScroll: true });
  } catch {
    /* Likewise. */
  }
};

for (const form of document.querySelectorAll("form.filters")) {
  const hint = document.createElement("p");
  hint.className = "hidden";
  hint.textContent = "What you choose is shown at once.";
  form.prepend(hint);
  form.addEventListener("change", ({ target }) => {
    if (!target.matches("select, input[type='date']") || !form.checkValidity()) return;
    keepFocus(target);
    form.requestSubmit();
  });
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (!value) formData.delete(name);
  });
}
returnFocus();

/* Nodes on a long page: where they stand beside it, there is room for some -------------------------- */

for (const nodes of document.querySelectorAll(".toc details"))
  nodes.open = matchMedia("(min-width: 92rem)").matches && nodes.querySelectorAll("li").length <= 12;

/* Moments --------------------------------------------------------------------------------------- */

const here = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const zone = here.resolvedOptions().timeZone;

document.addEventListener("pointerover", ({ target }) => {
  const time = target.closest?.("time[datetime]");
  if (!time || "local" in time.dataset) return;
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.valueOf())) return;
  time.dataset.local = "";
  time.title = [time.title, `${here.format(at)} (${zone})`].filter(Boolean).join(" · ");
});
