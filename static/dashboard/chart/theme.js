/* What a chart is drawn in: the tokens of the page, the lines of repos, and the system's colours where those are forced. */

// Okabe and Ito's colours, told apart with any colour vision; dashes tell the second eight from the first.
const LIGHT = ["#0072b2", "#d55e00", "#008f68", "#b8518e", "#3a9bd0", "#b07d00", "#7a5195", "#444b57"];
const DARK = ["#56b4e9", "#ff8a4c", "#2fc79a", "#e89bc5", "#a5d8ff", "#f0c24b", "#b79ae8", "#c9d1dd"];
const DASHES = [[], [6, 3], [2, 2], [9, 3, 2, 3]];
// Paper is white whatever the screen is: the light tokens.
const PAPER = {
  surface: "#ffffff", ink: "#1a2230", soft: "#566072", line: "#d9dde5", accent: "#1f4e8c", planned: "#47566f",
  alarm: "#b0231c", warn: "#8a5a00", notice: "#1c5f8f", lines: LIGHT,
};
const FORCED = {
  surface: "Canvas", ink: "CanvasText", soft: "CanvasText", line: "GrayText", accent: "Highlight", planned: "GrayText",
  alarm: "CanvasText", warn: "CanvasText", notice: "CanvasText",
};
const TOKENS = {
  surface: "--surface", ink: "--ink", soft: "--ink-soft", line: "--line", accent: "--accent", planned: "--planned",
  alarm: "--alarm", warn: "--warn", notice: "--transfer",
};

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const forced = window.matchMedia("(forced-colors: active)");
const print = window.matchMedia("print");

export const theme = () => {
  if (print.matches) return PAPER;
  const lines = dark.matches ? DARK : LIGHT;
  if (forced.matches) return { ...FORCED, lines };
  const style = getComputedStyle(document.documentElement);
  const token = ([name, property]) => [name, style.getPropertyValue(property).trim()];
  return { ...Object.fromEntries(Object.entries(TOKENS).map(token)), lines };
};

export const whenThemeChanges = (act) => {
  for (const query of [dark, forced, print]) query.addEventListener("change", act);
};

/* The colour and dashes of the line at a place; they stay the line's own whichever others are hidden. */
export const stroke = (colours, place) => ({
  colour: colours.lines[place % colours.lines.length],
  dash: DASHES[Math.floor(place / colours.lines.length) % DASHES.length],
});

/* A colour that lets through what is behind; `alpha` from 0 to 1. */
export const faint = (colour, alpha) => `color-mix(in srgb, ${colour} ${Math.round(alpha * 100)}%, transparent)`;
