/* Lays the parts of a chart in the box that its picture has, so that nothing after it moves. */

import { button, make, named, pressed } from "./elements.js";
import { SCALES } from "./scales.js";

/* The parts by name; they are not on the page yet. */
export const layOut = (name, keysText) => {
  const live = make("div", "chart-live");
  const stage = named(make("div", "chart-panes"), "application", name);
  stage.setAttribute("aria-roledescription", "stock chart");
  stage.setAttribute("aria-description", keysText);
  stage.tabIndex = 0;
  const [canvas, over] = [make("canvas"), make("canvas", "chart-over")];
  for (const each of [canvas, over]) each.setAttribute("aria-hidden", "true");
  const inner = make("div", "chart-canvas");
  inner.append(canvas);
  const findings = make("div", "chart-findings");
  const tip = make("div", "chart-tip", "", { hidden: true });
  stage.append(inner, over);
  const strip = named(make("div", "chart-strip"), "group", "The whole history");
  const legend = make("div", "chart-legend");
  const main = make("div", "chart-main");
  main.append(stage, findings, tip);
  live.append(main, strip, legend);
  return { live, stage, canvas, over, findings, tip, strip, legend };
};

/* Buttons for the scale, and for files. */
export const tools = ({ scale, png, csv, close }) => {
  const scales = named(make("div", "chart-scales"), "group", "Scale of sizes");
  const buttons = SCALES.map(([name, text, title]) => {
    const made = button(text, () => scale(name), { title });
    made.dataset.scale = name;
    return made;
  });
  scales.append(...buttons);
  const files = named(make("div", "chart-files"), "group", "Save and close");
  files.append(
    button("PNG", png, { title: "Save what is shown as a picture" }),
    button("CSV", csv, { title: "Save the numbers shown as a table" }),
    button("Picture", close, { title: "Show the stored picture again" }),
  );
  const mark = (chosen) => buttons.forEach((each) => pressed(each, each.dataset.scale === chosen));
  return { elements: [scales, files], mark };
};
