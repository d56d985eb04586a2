/* Opens the interactive chart of a place when a reader asks for it: only then is anything of it loaded. Until then, and where
   that fails, the stored picture is there. */

const UNREACHED = "a part of it could not be fetched";
const HINT = "The interactive chart zooms, tells every size to the byte and saves what it shows.";
const libraries = new Map();

/* Run a script of another kind than modules, once. */
const load = (address) => {
  if (!libraries.has(address)) {
    const script = Object.assign(document.createElement("script"), { src: address });
    const loaded = new Promise((resolve, reject) => {
      script.addEventListener("load", resolve);
      script.addEventListener("error", () => { libraries.delete(address); reject(new Error(UNREACHED)); });
    });
    document.head.append(script);
    libraries.set(address, loaded);
  }
  return libraries.get(address);
};

const failed = (place, problem) => {
  const note = place.querySelector(".chart-note");
  note.classList.add("failed");
  note.textContent = `The chart could not be loaded: ${problem.message}. The picture stays; the button tries again.`;
};

const open = async (place) => {
  if (place.dataset.isOpening) return;
  if (place.replicaChart) { place.replicaChart.reopen(); return; }
  const note = place.querySelector(".chart-note");
  place.dataset.isOpening = "true";
  place.setAttribute("aria-busy", "true");
  note.classList.remove("failed");
  note.textContent = "Loading the chart …";
  try {
    const parts = import("./replica-chart.js").catch(() => { throw new Error(UNREACHED); });
    const [{ ReplicaChart }] = await Promise.all([parts, load(place.dataset.library)]);
    place.replicaChart = await ReplicaChart.open(place);
  } catch (problem) {
    failed(place, problem);
  } finally {
    delete place.dataset.isOpening;
    place.removeAttribute("aria-busy");
  }
};

for (const place of document.querySelectorAll(".chart")) {
  place.classList.add("has-script");
  place.querySelector(".chart-note").textContent = HINT;
  for (const opener of place.querySelectorAll(".chart-open, .chart-picture")) {
    opener.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
      event.preventDefault();
      open(place);
    });
  }
}
