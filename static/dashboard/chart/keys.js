/* What keys do on the panes. */

export const KEYS_TEXT =
  "Arrows pan, plus and minus zoom, Home and End go to the first and the last day, Shift with an arrow reads one tarball " +
  "after the other, Escape returns to the range.";

/* `acts`: pan(part of the window), zoom(factor), ends(direction), read(direction), escape(). */
export const keys = (stage, acts) => {
  const deeds = {
    ArrowLeft: () => acts.pan(-0.2), ArrowRight: () => acts.pan(0.2),
    PageUp: () => acts.pan(-1), PageDown: () => acts.pan(1),
    "+": () => acts.zoom(1 / 1.5), "=": () => acts.zoom(1 / 1.5), "-": () => acts.zoom(1.5), _: () => acts.zoom(1.5),
    Home: () => acts.ends(-1), End: () => acts.ends(1), Escape: () => acts.escape(), 0: () => acts.escape(),
  };
  const withShift = { ArrowLeft: () => acts.read(-1), ArrowRight: () => acts.read(1) };
  stage.addEventListener("keydown", (event) => {
    if (event.target !== stage || event.ctrlKey || event.metaKey || event.altKey) return;
    const deed = (event.shiftKey && withShift[event.key]) || deeds[event.key];
    if (!deed) return;
    event.preventDefault();
    deed();
  });
};
