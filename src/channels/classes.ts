/** Disjoint sets of numbers; the smallest is the root. */
export class Classes {
  readonly #parent = new Map<number, number>();

  find(item: number): number {
    let at = item;
    for (let up = this.#parent.get(at); up !== undefined; up = this.#parent.get(at)) {
      const above = this.#parent.get(up);
      if (above !== undefined) this.#parent.set(at, above);
      at = up;
    }
    return at;
  }

  join(a: number, b: number): void {
    const [one, other] = [this.find(a), this.find(b)];
    if (one !== other) this.#parent.set(Math.max(one, other), Math.min(one, other));
  }
}
