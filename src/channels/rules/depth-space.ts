import { common, range } from '../channel-axis.ts';
import type { Site } from '../site.ts';
import { onlySecond, setSecond } from './normalization.ts';

/** DepthToSpace: a channel of the output is b² of the input. */
export function depthToSpace(site: Site): void {
  const axis = onlySecond(site);
  if (!axis) return;
  const block = site.node.int('blocksize', 1) ** 2;
  const outputs = axis.atoms.length / block;
  const crd = site.node.string('mode', 'DCR') === 'CRD';
  const sources = range(0, outputs).map((c) => range(0, block).map((b) => (crd ? c * block + b : b * outputs + c)));
  for (const channels of sources) site.coupleAll(channels.map((position) => axis.atoms[position] as number));
  setSecond(site, {
    atoms: Int32Array.from(sources, ([first = 0]) => axis.atoms[first] as number),
    constants: (world) => {
      const values = world.of(axis);
      return Float64Array.from(sources, (channels) => common(channels.map((position) => values[position] as number)));
    },
  });
}

/** SpaceToDepth: a channel of the input becomes b² of the output. */
export function spaceToDepth(site: Site): void {
  const axis = onlySecond(site);
  if (!axis) return;
  const block = site.node.int('blocksize', 1) ** 2;
  const { length } = axis.atoms;
  const of = (position: number) => position % length;
  setSecond(site, {
    atoms: Int32Array.from({ length: length * block }, (_, position) => axis.atoms[of(position)] as number),
    constants: (world) => {
      const values = world.of(axis);
      return Float64Array.from({ length: length * block }, (_, position) => values[of(position)] as number);
    },
  });
}
