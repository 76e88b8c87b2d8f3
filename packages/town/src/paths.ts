/**
 * Where somebody truly was: corners in time with straight, even movement between them. Times in seconds from the
 * town's beginning, positions in metres from its centre. `indoors` holds from each corner to the next.
 */
export class TruePath {
  t: number[] = [];
  x: number[] = [];
  y: number[] = [];
  indoors: boolean[] = [];

  add(t: number, x: number, y: number, indoors: boolean): void {
    const last = this.t.length - 1;
    if (last >= 0 && t <= (this.t[last] as number)) return;
    this.t.push(t);
    this.x.push(x);
    this.y.push(y);
    this.indoors.push(indoors);
  }

  get end(): number {
    return this.t[this.t.length - 1] ?? 0;
  }

  /** Index of the corner at or before a moment. `near` is where to look first. */
  indexAt(t: number, near = 0): number {
    let i = Math.min(near, this.t.length - 1);
    if ((this.t[i] as number) > t || t - (this.t[i] as number) > 7200) {
      let low = 0;
      let high = this.t.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((this.t[middle] as number) <= t) low = middle + 1;
        else high = middle;
      }
      return Math.max(0, low - 1);
    }
    while (i + 1 < this.t.length && (this.t[i + 1] as number) <= t) i++;
    return i;
  }

  positionAt(t: number, near = 0): [x: number, y: number, index: number] {
    const i = this.indexAt(t, near);
    if (i + 1 >= this.t.length) return [this.x[i] as number, this.y[i] as number, i];
    const span = (this.t[i + 1] as number) - (this.t[i] as number);
    const a = Math.min(1, Math.max(0, (t - (this.t[i] as number)) / span));
    return [
      (this.x[i] as number) + a * ((this.x[i + 1] as number) - (this.x[i] as number)),
      (this.y[i] as number) + a * ((this.y[i + 1] as number) - (this.y[i] as number)),
      i,
    ];
  }

  /** Least true distance from a point over a span of time, metres. */
  leastDistance(px: number, py: number, from: number, to: number): number {
    let [ax, ay, i] = this.positionAt(from);
    let least = Math.hypot(ax - px, ay - py);
    while (i + 1 < this.t.length && (this.t[i] as number) <= to) {
      const end = Math.min(to, this.t[i + 1] as number);
      const [bx, by] = this.positionAt(end, i);
      const dx = bx - ax;
      const dy = by - ay;
      const length = dx * dx + dy * dy;
      const a = length === 0 ? 0 : Math.min(1, Math.max(0, ((px - ax) * dx + (py - ay) * dy) / length));
      least = Math.min(least, Math.hypot(ax + a * dx - px, ay + a * dy - py));
      ax = bx;
      ay = by;
      if (end >= to) break;
      i++;
    }
    return least;
  }

  /** Share of a span of time truly spent within a radius of a point, by samples a few seconds apart. */
  shareWithin(px: number, py: number, radiusM: number, from: number, to: number): number {
    const samples = Math.max(1, Math.min(400, Math.round((to - from) / 5)));
    let inside = 0;
    let near = 0;
    for (let s = 0; s < samples; s++) {
      const [x, y, i] = this.positionAt(from + ((s + 0.5) * (to - from)) / samples, near);
      near = i;
      if (Math.hypot(x - px, y - py) <= radiusM) inside++;
    }
    return inside / samples;
  }
}
