/* What hands do on the panes: hover, drag to pan, wheel and pinch to zoom about the pointer, tap, double click. */

const SLIP = 4; // pixels that a press may move and is no drag
const WHEEL = 0.0016; // of the length of the window for each pixel of a wheel, as a power of e
const LINE = 16; // pixels for each line that a wheel turns

export class Gestures {
  /* `acts`: hover(x, y), leave(), pan(dx), zoom(x, factor), reset(), refuse(); pan and zoom return whether anything moved. */
  constructor(stage, acts) {
    this.stage = stage;
    this.acts = acts;
    this.pointers = new Map();
    this.isDragged = false;
    const on = (event, act, options) => stage.addEventListener(event, act, options);
    on("pointerdown", (event) => this.#down(event));
    on("pointermove", (event) => this.#move(event));
    on("pointerup", (event) => this.#up(event));
    on("pointercancel", (event) => this.#up(event));
    on("pointerleave", (event) => { if (event.pointerType === "mouse") acts.leave(); });
    on("wheel", (event) => this.#wheel(event), { passive: false });
    on("dblclick", () => acts.reset());
  }

  #at(event) {
    const { left, top } = this.stage.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  #down(event) {
    if (event.button !== 0 || this.pointers.size > 1) return;
    this.pointers.set(event.pointerId, this.#at(event));
    if (this.pointers.size === 1) [this.isDragged, this.startX] = [false, this.#at(event).x];
    this.stage.setPointerCapture(event.pointerId);
  }

  #move(event) {
    const now = this.#at(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse") this.acts.hover(now.x, now.y);
      return;
    }
    if (this.pointers.size === 2) this.#pinch(event.pointerId, before, now);
    else if (this.isDragged || Math.abs(now.x - this.startX) > SLIP) {
      this.isDragged = true;
      this.stage.classList.add("is-dragged");
      this.acts.leave();
      this.acts.pan(now.x - before.x);
    } else return;
    this.pointers.set(event.pointerId, now);
  }

  #pinch(id, before, now) {
    const [other] = [...this.pointers].filter(([each]) => each !== id).map(([, at]) => at);
    const [was, is] = [before, now].map((at) => Math.max(20, Math.abs(at.x - other.x)));
    this.isDragged = true;
    this.acts.leave();
    this.acts.pan((now.x - before.x) / 2);
    this.acts.zoom((now.x + other.x) / 2, was / is);
  }

  #up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    if (this.pointers.size) return;
    this.stage.classList.remove("is-dragged");
    const { x, y } = this.#at(event);
    if (!this.isDragged && event.type === "pointerup") this.acts.hover(x, y);
  }

  /* A wheel that only passes over a chart moves the page: it zooms where the chart has the focus, or with Ctrl. */
  #wheel(event) {
    const isMeant = event.ctrlKey || event.metaKey || this.stage.contains(document.activeElement);
    if (!isMeant) { this.acts.refuse(); return; }
    const unit = event.deltaMode === 1 ? LINE : 1;
    const isAcross = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    const moved = isAcross
      ? this.acts.pan(-event.deltaX * unit)
      : this.acts.zoom(this.#at(event).x, Math.exp(event.deltaY * unit * WHEEL * (event.ctrlKey ? 4 : 1)));
    if (moved || event.ctrlKey) event.preventDefault();
  }
}
