/* Makes the matrix of a hub's page answer: arrow keys walk its cells, pointing at one or focusing it shows its evidence,
   and a slider shows any day. Without it every cell is a link, and the day is chosen in a form. */

import { evidence } from "./evidence.js";
import { grid } from "./grid.js";
import { days } from "./days.js";

for (const part of document.querySelectorAll(".matrix-part")) {
  const card = evidence(part);
  grid(part);
  days(part, () => {
    card.forget();
    grid(part);
  });
}
