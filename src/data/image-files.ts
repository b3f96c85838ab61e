import { diagnostics } from '../diagnostics.ts';
import { messageOf, unreadable } from './byte-source.ts';
import type { Sample } from './samples.ts';

export const imageExtensions = ['.jpg', '.jpeg', '.png', '.webp', '.gif', '.tif', '.tiff', '.avif'] as const;

/** How many images are decoded ahead of the reader. */
const decodedAhead = 4;

type Sharp = typeof import('sharp').default;

/**
 * The images of these files in their order, decoded to uint8[height, width, 3]; nothing else is done to them: no
 * rotation, no resizing.
 *
 * @throws sharp-missing (2) · unreadable-data (7) naming the file
 */
export async function* decodeImages(files: readonly string[]): AsyncIterable<Sample> {
  const sharp = await loadSharp();
  const ahead: Promise<Sample>[] = [];
  try {
    for (const file of files) {
      const image = decode(sharp, file);
      image.catch(() => {}); // it may fail before its turn to be awaited; it fails there again
      ahead.push(image);
      if (ahead.length > decodedAhead) for (const next of ahead.splice(0, 1)) yield await next;
    }
    for (const next of ahead) yield await next;
  } finally {
    await Promise.allSettled(ahead);
  }
}

async function decode(sharp: Sharp, file: string): Promise<Sample> {
  try {
    const { data, info } = await sharp(file, { failOn: 'error' })
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { data: new Uint8Array(data), dims: [info.height, info.width, info.channels], place: file };
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

/** sharp is an optional dependency: who brings arrays need not have it. */
async function loadSharp(): Promise<Sharp> {
  try {
    return (await import('sharp')).default;
  } catch (cause) {
    const hint = 'install it with `npm install sharp`, or bring the data as .npz or .npy';
    throw diagnostics.data(
      'sharp-missing',
      `image files need the package sharp: ${firstLine(messageOf(cause))}`,
      undefined,
      hint,
    );
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
