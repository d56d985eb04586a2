/* The card with the evidence of a cell: comes when a cell is pointed at or focused, stays while the pointer is on the cell
   or the card or the focus in either, and goes with Escape. Its text is fetched for each cell once. */

const WAIT_MS = 140; // passing over a cell asks nothing
const LEAVE_MS = 260; // time to get from the cell to the card
const KEPT_MS = 60_000;
const GAP = 6;

/* The address of a cell's evidence: its column, its row and the day make it. */
const addressOf = (cell) => {
  const head = cell.closest("table").tHead.rows[0].cells[cell.cellIndex];
  const address = new URL(head.dataset.src, location.href);
  address.searchParams.set("repo", cell.parentElement.dataset.repo);
  const { day } = cell.closest(".matrix-shown").dataset;
  if (day) address.searchParams.set("day", day);
  return address.href;
};

/* Below the cell where there is room, else above it, else where there is more: never on the cell, nor beyond the screen. */
const place = (card, cell) => {
  card.style.maxHeight = "";
  const at = cell.getBoundingClientRect();
  const { clientWidth: right, clientHeight: bottom } = document.documentElement;
  const [below, above] = [bottom - at.bottom - 2 * GAP, at.top - 2 * GAP];
  const isBelow = card.offsetHeight <= below || (card.offsetHeight > above && below >= above);
  card.style.maxHeight = `${Math.max(0, Math.min(isBelow ? below : above, card.offsetHeight))}px`;
  card.style.top = `${isBelow ? at.bottom + GAP : at.top - GAP - card.offsetHeight}px`;
  card.style.left = `${Math.max(GAP, Math.min(at.left, right - card.offsetWidth - GAP))}px`;
};

export const evidence = (part) => {
  const card = part.querySelector(".evidence-card");
  const texts = new Map();
  let cell = null; // whose evidence is shown, or is coming
  let asking = null;
  let [coming, going] = [0, 0];

  const close = () => {
    clearTimeout(coming);
    clearTimeout(going);
    asking?.abort();
    if (card.contains(document.activeElement)) cell?.querySelector("a")?.focus({ preventScroll: true });
    if (card.matches(":popover-open")) card.hidePopover();
    card.style.visibility = "";
    cell?.querySelector("a")?.removeAttribute("aria-describedby");
    cell = null;
  };

  const fill = (nodes) => {
    card.replaceChildren(...nodes);
    place(card, cell);
  };

  const said = (text) => {
    const line = document.createElement("p");
    line.className = "soft";
    line.textContent = text;
    return [line];
  };

  const load = async (address) => {
    const kept = texts.get(address);
    if (kept && kept.until > performance.now()) return kept.nodes.map((node) => node.cloneNode(true));
    asking = new AbortController();
    const answer = await fetch(address, { redirect: "manual", signal: asking.signal });
    if (answer.type === "opaqueredirect") throw new Error("You are logged out: load the page again.");
    if (!answer.ok) throw new Error(`The evidence could not be loaded: the server answered ${answer.status}.`);
    const nodes = [...new DOMParser().parseFromString(await answer.text(), "text/html").body.children];
    texts.set(address, { nodes, until: performance.now() + KEPT_MS });
    return nodes.map((node) => node.cloneNode(true));
  };

  const open = async (wanted) => {
    if (cell === wanted && card.matches(":popover-open")) return;
    close();
    cell = wanted;
    card.setAttribute("aria-label", `Evidence: ${cell.parentElement.dataset.repo} on ${cell.firstElementChild.dataset.node}`);
    card.showPopover();
    fill(said("Loading …"));
    try {
      const nodes = await load(addressOf(wanted));
      if (cell !== wanted) return;
      fill(nodes);
      card.querySelector(".cell-state")?.setAttribute("id", "cell-state");
      wanted.querySelector("a").setAttribute("aria-describedby", "cell-state");
    } catch (problem) {
      if (cell === wanted && problem.name !== "AbortError") {
        fill(said(problem instanceof TypeError ? "The evidence could not be loaded: no answer." : problem.message));
      }
    }
  };

  const soon = (wanted) => {
    clearTimeout(going);
    clearTimeout(coming);
    if (wanted !== cell) coming = setTimeout(open, WAIT_MS, wanted);
  };

  const holdsFocus = () => card.contains(document.activeElement) || cell?.contains(document.activeElement);

  const later = () => {
    clearTimeout(coming);
    clearTimeout(going);
    going = setTimeout(() => {
      const focused = part.querySelector("table.matrix td a:focus-visible")?.closest("td");
      if (focused && focused !== cell) open(focused);
      else if (!holdsFocus()) close();
    }, LEAVE_MS);
  };

  const cellOf = (target) => target.closest?.("table.matrix tbody td");

  part.addEventListener("pointerover", ({ target, pointerType }) => {
    if (pointerType === "touch") return;
    if (card.contains(target)) clearTimeout(going);
    else if (cellOf(target)) soon(cellOf(target));
    else if (cell) later();
  });
  part.addEventListener("pointerleave", later);
  part.addEventListener("focusin", ({ target }) => {
    const focused = cellOf(target);
    if (focused) soon(focused);
    else if (!card.contains(target)) later();
  });
  part.addEventListener("focusout", ({ relatedTarget }) => {
    if (!relatedTarget || !part.contains(relatedTarget)) later();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !card.matches(":popover-open")) return;
    event.preventDefault();
    close();
  });
  /* While what is shown moves, the card goes with its cell, and away where the cell goes out of sight. */
  const follow = () => {
    if (!cell) return;
    const [at, box] = [cell.getBoundingClientRect(), cell.closest(".table").getBoundingClientRect()];
    const seen = at.bottom > Math.max(0, box.top) && at.top < Math.min(innerHeight, box.bottom) && at.right > box.left && at.left < box.right;
    if (!seen && !holdsFocus()) {
      close();
      return;
    }
    card.style.visibility = seen || card.contains(document.activeElement) ? "" : "hidden";
    if (seen) place(card, cell);
  };
  addEventListener("scroll", ({ target }) => { if (!card.contains(target)) follow(); }, { capture: true, passive: true });
  addEventListener("resize", follow);

  return {
    forget() {
      close();
      texts.clear();
    },
  };
};
