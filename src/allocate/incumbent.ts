/** The best allocation found so far. */
export class Incumbent {
  /** Infinity while there is none. */
  error = Number.POSITIVE_INFINITY;
  weight = Number.POSITIVE_INFINITY;
  /** Position of the choice of each group. */
  chosen: Int32Array | undefined;
  readonly #equal: number;
  #least = Number.POSITIVE_INFINITY;

  /** @param equal errors that differ by no more than this are equal */
  constructor(equal: number) {
    this.#equal = equal;
  }

  /** Would it be better: less wrong, or equally wrong and lighter? */
  admits(error: number, weight: number): boolean {
    return error < this.#least - this.#equal || (error <= this.#least + this.#equal && weight < this.weight);
  }

  /** @param chosen its own from now on */
  take(error: number, weight: number, chosen: Int32Array): void {
    [this.error, this.weight, this.chosen] = [error, weight, chosen];
    this.#least = Math.min(this.#least, error);
  }
}
