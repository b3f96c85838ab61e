/** Sums that may become states, as they come; grows, and is used again from stage to stage. */
export class Candidates {
  count = 0;
  weight = new Float64Array(1024);
  error = new Float64Array(1024);
  /** Least error of anything that a candidate can be completed to. */
  bound = new Float64Array(1024);
  choice = new Int32Array(1024);
  parent = new Int32Array(1024);
  /** Where the runs of ascending weight end. */
  readonly ends: number[] = [];

  add(weight: number, error: number, bound: number, choice: number, parent: number): void {
    if (this.count === this.weight.length) this.#grow();
    const at = this.count++;
    this.weight[at] = weight;
    this.error[at] = error;
    this.bound[at] = bound;
    this.choice[at] = choice;
    this.parent[at] = parent;
  }

  clear(): void {
    this.count = 0;
    this.ends.length = 0;
  }

  #grow(): void {
    const length = 2 * this.count;
    this.weight = copyInto(new Float64Array(length), this.weight);
    this.error = copyInto(new Float64Array(length), this.error);
    this.bound = copyInto(new Float64Array(length), this.bound);
    this.choice = copyInto(new Int32Array(length), this.choice);
    this.parent = copyInto(new Int32Array(length), this.parent);
  }
}

function copyInto<Values extends Float64Array | Int32Array>(target: Values, source: Values): Values {
  target.set(source);
  return target;
}
