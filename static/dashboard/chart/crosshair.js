/* The line at a moment and the points on it, on a canvas above the panes, so that hovering draws nothing else anew. */

export class Crosshair {
  constructor(canvas, panes) {
    this.canvas = canvas;
    this.panes = panes;
  }

  clear() {
    const { width, height } = this.panes.chart;
    const ratio = window.devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== wide || this.canvas.height !== high) Object.assign(this.canvas, { width: wide, height: high });
    const ctx = this.canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    return ctx;
  }

  show({ at, rows }) {
    const ctx = this.clear();
    const { panes } = this;
    const { area, colours } = panes;
    const size = panes.chart.scales.size;
    const x = panes.x.getPixelForValue(at);
    if (x < area.left - 1 || x > area.right + 1) return;
    ctx.strokeStyle = colours.soft;
    ctx.lineWidth = 1;
    ctx.setLineDash([3, 3]);
    ctx.beginPath();
    ctx.moveTo(Math.round(x) + 0.5, area.top);
    ctx.lineTo(Math.round(x) + 0.5, area.bottom);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.lineWidth = 2;
    for (const { line, point } of rows) {
      if (!Number.isFinite(point.y)) continue;
      const [left, top] = [panes.x.getPixelForValue(point.x), size.getPixelForValue(point.y)];
      if (left < area.left - 1 || left > area.right + 1) continue;
      ctx.beginPath();
      ctx.arc(left, top, 4, 0, 2 * Math.PI);
      ctx.fillStyle = line.borderColor;
      ctx.strokeStyle = colours.surface;
      ctx.fill();
      ctx.stroke();
    }
  }
}
