/* Keeps an open page company: the panel of looks under way is fetched anew until they are over, and what came since the
   page was made is told in a line at its foot. Asks only while the page is seen. */

const LOOKING_EVERY_MS = 1_500;
const NEWS_EVERY_MS = 30_000;

class LoggedOut extends Error {}

const ask = async (address) => {
  const response = await fetch(address, { redirect: "manual", cache: "no-store" });
  if (response.type === "opaqueredirect" || [401, 403, 404].includes(response.status)) throw new LoggedOut();
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response;
};

const seen = () =>
  document.visibilityState === "visible"
    ? Promise.resolve()
    : new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true })).then(seen);

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* Looks under way ------------------------------------------------------------------------------- */

/* Only what is different: what a screen reader has said it says no more. */
const showAnew = (panel, made) => {
  panel.querySelector("progress").value = made.querySelector("progress").value;
  for (const part of [".looking-line", ".looking-hint", ".looking-steps"]) {
    const [old, fresh] = [panel.querySelector(part), made.querySelector(part)];
    if (old.innerHTML !== fresh.innerHTML) old.replaceChildren(...fresh.childNodes);
  }
};

const follow = async () => {
  const panel = document.getElementById("looking");
  panel?.querySelector(".looking-reload")?.remove();
  while (panel && !("over" in panel.dataset)) {
    await pause(LOOKING_EVERY_MS);
    await seen();
    try {
      const answer = await ask(panel.dataset.src);
      const made = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("looking");
      if (!made) return;
      showAnew(panel, made);
      if ("over" in made.dataset) panel.dataset.over = "";
    } catch (problem) {
      if (problem instanceof LoggedOut) {
        location.reload(); // to the login, and back here
        return;
      }
      await pause(NEWS_EVERY_MS / 3);
    }
  }
};

/* News ------------------------------------------------------------------------------------------- */

const say = (line, words) => {
  const said = line.querySelector("span");
  if (said.textContent !== words) said.textContent = words;
  line.hidden = !words;
};

const tell = async (line) => {
  const address = new URL(line.dataset.src, location.href);
  for (;;) {
    await pause(NEWS_EVERY_MS);
    await seen();
    try {
      const { words } = await (await ask(address)).json();
      say(line, words && `New since this page was made: ${words}.`);
    } catch (problem) {
      say(line, "Whether something is new is not known: the server gives this page no news.");
      if (problem instanceof LoggedOut) return;
    }
  }
};

follow();
const line = document.querySelector(".news");
if (line) tell(line);
