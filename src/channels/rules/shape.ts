import type { Axes, Site } from '../site.ts';

/** Shape: which elements are channel counts. */
export function shape(site: Site): void {
  const axes = site.axes(0);
  const clamp = (end: number) => (end < 0 ? end + axes.length : end);
  site.setCounts(0, axes.slice(clamp(site.node.int('start', 0)), clamp(site.node.int('end', axes.length))));
}

/** Operators that only move elements of a vector of counts; false for any other. */
export function movesCounts(site: Site): boolean {
  const { node } = site;
  if (node.is('Cast', 'Identity', 'Unsqueeze', 'Squeeze')) return moved(site, site.counts(0));
  if (node.is('Concat')) {
    const parts = [...node.inputs.keys()].map(
      (index): Axes | undefined =>
        site.counts(index) ?? (site.countedBy(index).length > 0 ? undefined : site.data(index)?.map(() => undefined)),
    );
    return moved(site, parts.every((part) => part !== undefined) ? parts.flat() : undefined);
  }
  if (node.is('Gather')) {
    const counts = site.counts(0);
    return moved(site, counts && site.numbers(1)?.map((index) => counts.at(index)));
  }
  if (node.is('Slice')) {
    const [start] = node.ints('starts') ?? site.numbers(1) ?? [];
    const [end] = node.ints('ends') ?? site.numbers(2) ?? [];
    const step = node.inputs[4] ? site.numbers(4)?.[0] : 1;
    const known = start !== undefined && end !== undefined && step === 1;
    return moved(site, known ? site.counts(0)?.slice(start, end) : undefined);
  }
  return false;
}

function moved(site: Site, counts: Axes | undefined): boolean {
  if (!counts) return false;
  site.setCounts(0, counts);
  return true;
}
