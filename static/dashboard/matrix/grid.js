/* Walking the cells with the keyboard: the table becomes a grid with one stop for Tab, and the arrow keys, Home, End and
   Page Up and Down move in it. On a telephone, where rows are lists, up and down go on into the next. */

const PAGE_ROWS = 10;

const rolesOf = (table) => {
  table.setAttribute("role", "grid");
  const roles = [["thead, tbody", "rowgroup"], ["tr", "row"], ["thead th", "columnheader"], ["tbody th", "rowheader"], ["td", "gridcell"]];
  for (const [selector, role] of roles) for (const one of table.querySelectorAll(selector)) one.setAttribute("role", role);
};

/* The links of a row's cells, its name first. */
const linksOf = (row) => [...row.querySelectorAll(":scope > th > a, :scope > td > a")];

const moved = (key, link, { ctrlKey }) => {
  const row = link.closest("tr");
  const rows = [...row.parentElement.rows];
  const [y, x] = [rows.indexOf(row), linksOf(row).indexOf(link)];
  const in_row = (number) => linksOf(rows[Math.max(0, Math.min(rows.length - 1, number))]);
  const list = getComputedStyle(row).display !== "table-row";
  switch (key) {
    case "ArrowRight": return in_row(y)[x + 1];
    case "ArrowLeft": return in_row(y)[x - 1];
    case "ArrowDown": return list ? (in_row(y)[x + 1] ?? (rows[y + 1] && in_row(y + 1)[0])) : in_row(y + 1)[x];
    case "ArrowUp": return list ? (in_row(y)[x - 1] ?? (rows[y - 1] && in_row(y - 1).at(-1))) : in_row(y - 1)[x];
    case "PageDown": return in_row(y + PAGE_ROWS)[x];
    case "PageUp": return in_row(y - PAGE_ROWS)[x];
    case "Home": return in_row(ctrlKey ? 0 : y)[0];
    case "End": return in_row(ctrlKey ? rows.length - 1 : y).at(-1);
    default: return undefined;
  }
};

/* What is focused must not lie under the headings that stay in sight. */
const keepClear = (box, table) => {
  const sticks = getComputedStyle(table.tHead).display !== "none";
  const [corner] = table.tHead.rows[0].cells;
  box.style.scrollPadding = sticks ? `${corner.offsetHeight + 4}px 4px 4px ${corner.offsetWidth + 4}px` : "";
};

export const grid = (part) => {
  const table = part.querySelector("table.matrix");
  if (!table || table.getAttribute("role")) return;
  rolesOf(table);
  const body = table.tBodies[0];
  let stop = null;
  const stopAt = (link) => {
    if (stop) stop.tabIndex = -1;
    stop = link;
    stop.tabIndex = 0;
  };
  for (const link of body.querySelectorAll("a")) link.tabIndex = -1;
  const first = body.querySelector("td a") ?? body.querySelector("a");
  if (first) stopAt(first);
  const box = table.parentElement;
  keepClear(box, table);
  table.addEventListener("focusin", ({ target }) => {
    if (!body.contains(target)) return;
    keepClear(box, table);
    stopAt(target);
  });
  table.addEventListener("keydown", (event) => {
    const link = event.target.closest("tbody a");
    if (!link || event.altKey || event.metaKey || event.shiftKey) return;
    const next = moved(event.key, link, event);
    if (next) {
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    if (next || ["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"].includes(event.key)) event.preventDefault();
  });
};
