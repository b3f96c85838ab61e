import { Classes } from './classes.ts';
import type { Frozen } from './reason.ts';

/** The atom of every position that can never go. */
export const fixed = 0;

/**
 * Channels, coupled. Each position of an axis that filters make is an atom; what must be removed together is one class of
 * them.
 */
export class Atoms {
  readonly #classes = new Classes();
  #count = 1;
  /** By root: a class that holds a reason stays as it is. */
  readonly #frozen = new Map<number, Frozen>();

  fresh(count: number): Int32Array {
    return Int32Array.from({ length: count }, () => this.#count++);
  }

  find(atom: number): number {
    return this.#classes.find(atom);
  }

  /** From now on one goes with the other; `reason` says why an atom that meets a fixed one stays. */
  couple(a: number, b: number, reason: () => Frozen): void {
    if (a === b) return;
    if (a === fixed || b === fixed) {
      this.freeze([Math.max(a, b)], reason());
      return;
    }
    const [one, other] = [this.find(a), this.find(b)];
    const frozen = this.#frozen.get(one) ?? this.#frozen.get(other);
    this.#classes.join(one, other);
    this.#frozen.delete(one);
    this.#frozen.delete(other);
    if (frozen) this.#frozen.set(this.find(one), frozen);
  }

  /** The first reason given is the one that is told. */
  freeze(atoms: Iterable<number>, reason: Frozen): void {
    for (const atom of atoms) {
      const root = this.find(atom);
      if (root !== fixed && !this.#frozen.has(root)) this.#frozen.set(root, reason);
    }
  }

  /** By atom, its class; atoms made or coupled later are not in it. */
  classes(): Int32Array {
    return Int32Array.from({ length: this.#count }, (_, atom) => this.find(atom));
  }

  frozen(atom: number): Frozen | undefined {
    return this.#frozen.get(this.find(atom));
  }
}
