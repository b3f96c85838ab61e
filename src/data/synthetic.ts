import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { type Diagnostic, diagnostics } from '../diagnostics.ts';
import type { RuntimePort } from '../runtime/index.ts';
import { deadLeaves, deadLeavesParameters, deadLeavesVersion } from './dead-leaves.ts';
import type { OpenedInputs } from './open-inputs.ts';
import { type ImagePort, imagePort, portText } from './port-shape.ts';
import { type PreprocessChoice, presetNames } from './preprocess.ts';

/** The data specification that stands for pictures made on the spot. A folder of that name is `./synthetic`. */
export const syntheticSpec = 'synthetic';

const defaultSamples = 512;

/** Why no pictures can be made for these inputs, undefined where they can. */
export function syntheticObstacle(ports: readonly RuntimePort[]): string | undefined {
  const [port, ...others] = ports;
  if (!port || others.length > 0) return `the model has ${ports.length} inputs`;
  if (imagePort(port)) return undefined;
  return `${portText(port)} is no image: four axes are wanted, one of them with 1 or 3 channels`;
}

/**
 * Dead-leaves pictures as samples of an image input, in the size at which preprocessing takes the least away: that of
 * the resized image, of the crop, or of the input.
 *
 * @throws synthetic-unsuitable (2) not one image input · preprocess-missing (2) · input-shape-mismatch (2) the size is open
 */
export async function openSynthetic(
  ports: readonly RuntimePort[],
  choice: PreprocessChoice | undefined,
  { samples = defaultSamples, seed }: { readonly samples: number | undefined; readonly seed: number },
): Promise<OpenedInputs> {
  const [port] = ports;
  const obstacle = syntheticObstacle(ports);
  if (!port || obstacle !== undefined) {
    const message = `synthetic images cannot stand in for data here: ${obstacle}`;
    throw diagnostics.data(
      'synthetic-unsuitable',
      message,
      undefined,
      'give data instead: a folder of images, .npz or .npy',
    );
  }
  if (!choice) {
    const message = 'synthetic images need to know how the model wants its images prepared, and nothing says so';
    const hint = `give --preprocess: ${presetNames.join(', ')} (values 0 … 255 as they are), or a JSON file`;
    throw diagnostics.data('preprocess-missing', message, undefined, hint);
  }
  const [height, width] = pictureSize(port, choice);
  const picture = deadLeaves(seed, height, width);
  async function* read(indices: readonly number[]) {
    for (const index of indices) {
      yield { data: picture(index), dims: [height, width, 3], place: `${syntheticSpec}[${index}]` };
    }
  }
  const identity = { generator: 'dead-leaves', version: deadLeavesVersion, ...deadLeavesParameters };
  const text = JSON.stringify({ ...identity, seed, height, width, samples });
  return {
    size: samples,
    inputs: [{ port, source: { size: samples, read, filesOf: () => [] } }],
    labels: undefined,
    warnings: await namesake(),
    sha256: createHash('sha256').update(text).digest('hex'),
  };
}

function pictureSize(port: RuntimePort, choice: PreprocessChoice): readonly [number, number] {
  const { resize, crop, layout } = choice.kind === 'settings' ? choice.settings : {};
  const cropped = typeof crop === 'number' ? ([crop, crop] as const) : crop;
  if (typeof resize === 'object') return resize;
  if (resize !== undefined) return [Math.max(resize, cropped?.[0] ?? 0), Math.max(resize, cropped?.[1] ?? 0)];
  return cropped ?? inputSize(port, imagePort(port, layout));
}

function inputSize(port: RuntimePort, image: ImagePort | undefined): readonly [number, number] {
  if (image && image.height !== null && image.width !== null) return [image.height, image.width];
  const message = `synthetic images take their size from the model, and ${portText(port)} leaves it open`;
  throw diagnostics.data(
    'input-shape-mismatch',
    message,
    undefined,
    'give --input-shape, or a --preprocess file with "resize"',
  );
}

async function namesake(): Promise<readonly Diagnostic[]> {
  const there = await stat(syntheticSpec).then(
    () => true,
    () => false,
  );
  if (!there) return [];
  const message = `"${syntheticSpec}" stands for images made on the spot, not for the file or folder of that name`;
  return [diagnostics.warning('synthetic-name', message, undefined, `if that is meant, write ./${syntheticSpec}`)];
}
