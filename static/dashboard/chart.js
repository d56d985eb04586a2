/* Draws each .chart of a page when it comes into view: sizes above, tarballs a day below, one moment's numbers on
   hover. Reads the columns of the series view; shows names as text only. */
"use strict";

(() => {
  const DAY = 86_400_000;
  const RANGES = [["1m", "1m"], ["3m", "3m"], ["6m", "6m"], ["ytd", "YTD"], ["1y", "1y"], ["all", "All"]];
  // Okabe and Ito's colours, told apart with any colour vision; dashes tell the second eight from the first.
  const LIGHT = ["#0072b2", "#d55e00", "#008f68", "#b8518e", "#3a9bd0", "#b07d00", "#7a5195", "#444b57"];
  const DARK = ["#56b4e9", "#ff8a4c", "#2fc79a", "#e89bc5", "#a5d8ff", "#f0c24b", "#b79ae8", "#c9d1dd"];
  const DASHES = [[], [6, 3], [2, 2], [9, 3, 2, 3]];
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  /* Moments in a hub's zone -------------------------------------------------------------------- */

  const formats = new Map();
  const format = (zone, options) => {
    const key = zone + JSON.stringify(options);
    if (!formats.has(key)) {
      formats.set(key, new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }));
    }
    return formats.get(key);
  };
  const NUMBERS = {
    year: "numeric", month: "numeric", day: "numeric",
    hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23",
  };
  const wall = (ms, zone) => {
    const part = {};
    for (const { type, value } of format(zone, NUMBERS).formatToParts(ms)) part[type] = Number(value);
    return part;
  };
  const offset = (ms, zone) => {
    const w = wall(ms, zone);
    return Date.UTC(w.year, w.month - 1, w.day, w.hour, w.minute, w.second) - Math.floor(ms / 1000) * 1000;
  };
  const midnight = (year, month, day, zone) => {
    const utc = Date.UTC(year, month, day);
    return utc - offset(utc - offset(utc, zone), zone);
  };
  const two = (number) => String(number).padStart(2, "0");
  const clock = (ms, zone) => {
    const w = wall(ms, zone);
    return `${w.year}-${two(w.month)}-${two(w.day)} ${two(w.hour)}:${two(w.minute)}`;
  };

  const ticks = (min, max, zone, most) => {
    const days = (max - min) / DAY;
    const from = wall(min, zone);
    const values = [];
    if (days < 12 * most) {
      const step = [1, 2, 3, 5, 7, 10, 14].find((each) => days / each <= most) || 14;
      for (let i = 0; i <= days + 1; i += step) values.push(midnight(from.year, from.month - 1, from.day + i, zone));
    } else {
      const step = [1, 2, 3, 6, 12, 24, 60, 120].find((each) => days / 30.4 / each <= most) || 240;
      for (let i = 0; i <= days / 28 + step; i += step) {
        values.push(midnight(from.year, Math.floor((from.month - 1) / Math.min(step, 12)) * Math.min(step, 12) + i, 1, zone));
      }
    }
    return values.filter((value) => value >= min && value <= max).map((value) => ({ value }));
  };
  const tickLabel = (ms, span, zone) => {
    if (span > 1_200 * DAY) return format(zone, { year: "numeric" }).format(ms) + (wall(ms, zone).month === 1 ? "" : " " + format(zone, { month: "short" }).format(ms));
    if (span > 120 * DAY) return format(zone, { month: "short", year: "numeric" }).format(ms);
    return format(zone, { day: "numeric", month: "short" }).format(ms);
  };

  const sizeText = (bytes) => {
    for (const [unit, factor] of [["TB", 1e12], ["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) {
      if (Math.abs(bytes) >= factor) return `${Number((bytes / factor).toPrecision(3))} ${unit}`;
    }
    return `${bytes} B`;
  };
  const exact = (number) => number.toLocaleString("en-GB");

  /* What lies nearest to a moment in every series: the built-in modes mix dates or drop series. -- */

  const nearest = (points, x) => {
    let low = 0;
    let high = points.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (points[middle].x < x) low = middle; else high = middle;
    }
    return Math.abs(points[low].x - x) <= Math.abs(points[high].x - x) ? low : high;
  };
  Chart.Interaction.modes.moment = (chart, event) => {
    const scale = chart.scales.x;
    const found = [];
    let closest = null;
    const visible = chart.getSortedVisibleDatasetMetas().filter((meta) => meta.data.length);
    const x = scale.getValueForPixel(event.x);
    for (const meta of visible.filter((meta) => meta.yAxisID === "size")) {
      const points = chart.data.datasets[meta.index].data;
      const at = points[nearest(points, x)].x;
      if (closest === null || Math.abs(at - x) < Math.abs(closest - x)) closest = at;
    }
    const moment = closest === null ? x : closest;
    const slack = Math.max(DAY / 2, 10 * (scale.max - scale.min) / (scale.width || 1));
    for (const meta of visible) {
      const dataset = chart.data.datasets[meta.index];
      if (dataset.expected) continue;
      const counts = meta.yAxisID === "count";
      let index = nearest(dataset.data, moment);
      if (counts && dataset.data[index].x > moment && index > 0) index -= 1;
      if (Math.abs(dataset.data[index].x - moment) <= (counts ? slack + DAY : slack)) {
        found.push({ element: meta.data[index], datasetIndex: meta.index, index });
      }
    }
    return found;
  };

  const crosshair = {
    id: "crosshair",
    afterDraw(chart) {
      const active = chart.tooltip && chart.tooltip.getActiveElements();
      if (!active || !active.length) return;
      const { ctx, chartArea } = chart;
      ctx.save();
      ctx.strokeStyle = chart.$theme.soft;
      ctx.setLineDash([3, 3]);
      ctx.beginPath();
      ctx.moveTo(active[0].element.x, chartArea.top);
      ctx.lineTo(active[0].element.x, chartArea.bottom);
      ctx.stroke();
      ctx.restore();
    },
  };

  /* What was planned, behind the lines; however short, it can be seen. */
  const bands = (planned) => ({
    id: "bands",
    beforeDatasetsDraw(chart) {
      const { ctx, chartArea: area, scales: { x } } = chart;
      ctx.save();
      ctx.fillStyle = `${chart.$theme.planned}38`;
      for (const { begin, end } of planned) {
        const left = Math.max(area.left, x.getPixelForValue(begin));
        const right = Math.min(area.right, Math.max(x.getPixelForValue(end), left + 2));
        if (right > left) ctx.fillRect(left, area.top, right - left, area.bottom - area.top);
      }
      ctx.restore();
    },
  });

  /* Elements --------------------------------------------------------------------------------------- */

  const make = (tag, text, properties) => Object.assign(document.createElement(tag), { textContent: text || "" }, properties);
  const pressed = (button, on) => button.setAttribute("aria-pressed", String(on));
  const theme = () => {
    const style = getComputedStyle(document.documentElement);
    const token = (name) => style.getPropertyValue(name).trim();
    return {
      ink: token("--ink"), soft: token("--ink-soft"), line: token("--line"), accent: token("--accent"),
      alarm: token("--alarm"), planned: token("--planned"), colours: dark.matches ? DARK : LIGHT,
    };
  };

  class LoggedOut extends Error {}

  class ReplicaChart {
    constructor(place) {
      this.place = place;
      this.zone = place.dataset.zone;
      this.log = false;
      this.hidden = new Set();
      this.build();
      this.load(place.dataset.range);
      dark.addEventListener("change", () => this.draw());
    }

    build() {
      const tools = make("div", "", { className: "chart-tools" });
      const ranges = make("div");
      ranges.setAttribute("role", "group");
      ranges.setAttribute("aria-label", `Range of ${this.place.dataset.name}`);
      this.buttons = RANGES.map(([name, label]) => {
        const button = make("button", label, { type: "button" });
        button.dataset.range = name;
        button.addEventListener("click", () => this.load(name));
        return button;
      });
      ranges.append(...this.buttons);
      const scale = make("div");
      this.logButton = make("button", "Log scale", { type: "button" });
      pressed(this.logButton, false);
      this.logButton.addEventListener("click", () => {
        this.log = !this.log;
        pressed(this.logButton, this.log);
        this.draw();
      });
      scale.append(this.logButton);
      tools.append(ranges, scale);
      this.box = make("div", "", { className: "chart-box" });
      this.canvas = make("canvas");
      this.canvas.setAttribute("role", "img");
      this.tip = make("div", "", { className: "chart-tip", hidden: true });
      this.box.append(this.canvas, this.tip);
      this.keys = make("div", "", { className: "chart-keys" });
      this.note = make("p", "", { className: "chart-note" });
      this.note.setAttribute("role", "status");
      this.place.replaceChildren(tools, this.box, this.keys, this.note);
    }

    async load(range) {
      this.asked = (this.asked || 0) + 1;
      const mine = this.asked;
      this.say("Loading …");
      try {
        const query = new URLSearchParams({ range, replica: this.place.dataset.replica });
        const response = await fetch(`${this.place.dataset.src}?${query}`, { redirect: "manual" });
        if (response.type === "opaqueredirect" || [401, 403].includes(response.status)) throw new LoggedOut();
        if (!response.ok) throw new Error(`the server answered ${response.status}`);
        if (!response.headers.get("Content-Type")?.startsWith("application/json")) throw new LoggedOut();
        const answer = await response.json();
        if (mine !== this.asked) return; // another range was chosen meanwhile
        this.answer = answer;
        this.problem = null;
        for (const button of this.buttons) pressed(button, button.dataset.range === range);
        this.draw();
      } catch (problem) {
        if (mine === this.asked) this.fail(problem);
      }
    }

    fail(problem) {
      this.problem = problem;
      if (problem instanceof LoggedOut) {
        const next = new URLSearchParams({ next: location.pathname + location.search });
        this.note.replaceChildren("You are logged out. ", make("a", "Log in", { href: `${this.place.dataset.login}?${next}` }));
      } else {
        this.note.textContent = `The chart could not be loaded: ${problem.message}. Choose a range to try again.`;
      }
      this.note.classList.add("failed");
    }

    /* What is wrong stays until a load succeeds. */
    say(text) {
      if (this.problem) return;
      this.note.textContent = text;
      this.note.classList.remove("failed");
    }

    draw() {
      if (!this.answer) return;
      const colours = theme();
      const datasets = this.datasets(colours);
      const days = datasets.find((dataset) => dataset.days);
      this.chart?.destroy();
      this.chart = null;
      this.tip.hidden = true;
      if (!days.data.length) {
        this.keys.replaceChildren();
        this.place.classList.add("is-empty");
        this.say("No tarball was ever seen here.");
        return;
      }
      this.place.classList.remove("is-empty");
      const min = days.data[0].x;
      const max = days.data.at(-1).x;
      this.chart = new Chart(this.canvas, {
        type: "line",
        data: { datasets },
        options: this.options(colours, min, max),
        plugins: [crosshair, bands(this.planned()), { id: "theme", beforeInit: (chart) => { chart.$theme = colours; } }],
      });
      this.showKeys(datasets);
      const shown = datasets.filter((dataset) => dataset.yAxisID === "size").length;
      const span = `${clock(min, this.zone).slice(0, 10)} to ${clock(max - 1, this.zone).slice(0, 10)}`;
      this.canvas.setAttribute("aria-label", `Sizes of ${shown} repos and tarballs a day of ${this.place.dataset.name}, ${span}`);
      const shaded = [...new Set(this.planned().map((band) => band.reason))];
      const told = shaded.slice(0, 3).join("; ") + (shaded.length > 3 ? "; …" : ".");
      this.say(`${span}, days of ${this.zone}. Sizes to the byte on hover; the same numbers are in the tables and the API.${shaded.length ? ` Shaded: ${told}` : ""}`);
    }

    planned() {
      return this.answer.planned || [];
    }

    datasets(colours) {
      const { datasets, expectedPerDay } = this.answer;
      const sizes = datasets.filter((dataset) => dataset.yAxisID === "size");
      const expanded = sizes.map((dataset, index) => {
        const colour = colours.colours[index % 8];
        const few = dataset.data.x.length <= 70;
        return {
          label: dataset.label,
          yAxisID: "size",
          // A logarithm has no place for 0: such a tarball is drawn at one byte and named as 0 on hover.
          data: dataset.data.x.map((x, i) => ({ x, y: this.log ? Math.max(1, dataset.data.y[i]) : dataset.data.y[i], bytes: dataset.data.y[i] })),
          borderColor: colour,
          backgroundColor: colour,
          borderDash: DASHES[Math.floor(index / 8) % 4],
          borderWidth: 1.6,
          pointRadius: few ? 2 : 0,
          hidden: this.hidden.has(dataset.label),
        };
      });
      const counts = datasets.find((dataset) => dataset.yAxisID === "count");
      const points = counts.data.x.map((x, i) => ({ x, y: counts.data.y[i] }));
      if (points.length) {
        const w = wall(points.at(-1).x, this.zone);
        points.push({ x: midnight(w.year, w.month - 1, w.day + 1, this.zone), y: points.at(-1).y });
      }
      expanded.push({
        label: counts.label, yAxisID: "count", days: true, data: points, stepped: "after", fill: "origin",
        borderColor: colours.soft, backgroundColor: `${colours.soft}59`, borderWidth: 1, pointRadius: 0,
        hidden: this.hidden.has(counts.label),
      });
      if (expectedPerDay && points.length) {
        const label = `expected: ${expectedPerDay} a day`;
        expanded.push({
          label, hidden: this.hidden.has(label), yAxisID: "count", expected: true, borderColor: colours.alarm, borderWidth: 1.2,
          borderDash: [5, 4], pointRadius: 0, data: [{ x: points[0].x, y: expectedPerDay }, { x: points.at(-1).x, y: expectedPerDay }],
        });
      }
      return expanded;
    }

    options(colours, min, max) {
      const zone = this.zone;
      const grid = { color: colours.line, tickColor: colours.line };
      const sameWidth = (scale) => { scale.width = 74; };
      const tick = { color: colours.soft, font: { size: 11 } };
      return {
        responsive: true, maintainAspectRatio: false, animation: false, parsing: false, normalized: true,
        interaction: { mode: "moment", intersect: false },
        plugins: {
          legend: { display: false },
          tooltip: { enabled: false, external: (context) => this.showTip(context) },
        },
        scales: {
          x: {
            type: "linear", min, max, grid,
            border: { color: colours.line },
            afterBuildTicks: (scale) => { scale.ticks = ticks(scale.min, scale.max, zone, Math.max(2, Math.floor(scale.chart.width / 90))); },
            ticks: { ...tick, maxRotation: 0, autoSkip: false, callback: (value) => tickLabel(value, max - min, zone) },
          },
          // The one declared first is the lower pane.
          count: {
            type: "linear", stack: "panes", stackWeight: 1, offset: false, beginAtZero: true, grace: "10%", grid, afterFit: sameWidth,
            border: { color: colours.line },
            title: { display: true, text: "a day", color: colours.soft }, ticks: { ...tick, precision: 0, maxTicksLimit: 4 },
          },
          size: {
            type: this.log ? "logarithmic" : "linear", stack: "panes", stackWeight: 3, offset: true, beginAtZero: !this.log, grace: "4%", grid, afterFit: sameWidth,
            border: { color: colours.line },
            title: { display: true, text: "size", color: colours.soft },
            ticks: { ...tick, maxTicksLimit: 8, callback: (value) => sizeText(value) },
          },
        },
      };
    }

    showKeys(datasets) {
      const keys = datasets.map((dataset, index) => {
        const key = make("button", "", { type: "button" });
        const line = make("i");
        line.style.borderTopColor = dataset.borderColor;
        line.style.borderTopStyle = dataset.borderDash?.length ? "dashed" : "solid";
        key.append(line, make("span", dataset.label));
        pressed(key, !this.hidden.has(dataset.label));
        key.addEventListener("click", () => {
          const show = !this.chart.isDatasetVisible(index);
          if (show) this.hidden.delete(dataset.label); else this.hidden.add(dataset.label);
          this.chart.setDatasetVisibility(index, show);
          this.chart.update("none");
          pressed(key, show);
        });
        return key;
      });
      this.keys.replaceChildren(...keys);
    }

    showTip({ chart, tooltip }) {
      if (!tooltip.opacity || !tooltip.dataPoints?.length) {
        this.tip.hidden = true;
        return;
      }
      const sized = tooltip.dataPoints.filter((point) => point.dataset.yAxisID === "size");
      const at = (sized[0] || tooltip.dataPoints[0]).raw.x;
      const utc = `${clock(at, "UTC")} UTC`;
      const heading = make("p", this.zone === "UTC" ? utc : `${utc} · ${clock(at, this.zone).slice(5)} ${this.zone}`);
      const table = make("table");
      for (const point of tooltip.dataPoints) {
        const row = table.insertRow();
        const swatch = make("i");
        swatch.style.backgroundColor = point.dataset.borderColor;
        row.insertCell().append(swatch);
        row.insertCell().textContent = point.dataset.label;
        const amount = row.insertCell();
        amount.className = "number";
        amount.textContent = point.dataset.days ? exact(point.raw.y) : `${exact(point.raw.bytes)} B`;
        const short = row.insertCell();
        short.className = "number";
        short.textContent = point.dataset.days ? "" : sizeText(point.raw.bytes);
      }
      const planned = this.planned().filter((band) => band.begin <= at && at < band.end).map((band) => make("p", `Planned: ${band.reason}`));
      this.tip.replaceChildren(heading, table, ...planned);
      this.tip.hidden = false;
      const width = this.tip.offsetWidth;
      const left = tooltip.caretX + 14 + width > chart.width ? Math.max(0, tooltip.caretX - width - 14) : tooltip.caretX + 14;
      this.tip.style.transform = `translate(${left}px, 6px)`;
    }
  }

  const start = (place) => { place.replicaChart = new ReplicaChart(place); };
  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      watcher.unobserve(target);
      start(target);
    }
  }, { rootMargin: "300px" });
  for (const place of document.querySelectorAll(".chart")) {
    place.classList.add("has-script");
    watcher.observe(place);
  }
})();
