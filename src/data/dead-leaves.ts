import { LeafCanvas } from './leaf-canvas.ts';
import { type LeafKind, leafShape } from './leaf-shape.ts';
import { type LeafTexture, leafTexture, textureAt } from './leaf-texture.ts';
import { type RandomStream, randomStream } from './random-stream.ts';
import { soften } from './soften.ts';

/** Raised whenever the same seed would give other pixels. */
export const deadLeavesVersion = 1;

/**
 * What the pictures look like. Lengths are in parts of the longer side, colours in parts of white; `spread` is a standard
 * deviation. Chosen by how well statistics of the pictures stand in for those of photographs when CNNs are factorized
 * (docs/calibration-data.md has the figures).
 *
 * - The law of sizes, r⁻³, looks the same at every scale only between two bounds; photographs are taken near and far,
 *   so every picture has its own smallest leaf. With half a pixel for all pictures (the plain model) they are gravel:
 *   power falls as f^−1.7, that of photographs as f^−2.7 … −3.1, and ResNet-20's layers err by a third more.
 * - Left out one at a time, the error of a layer on photographs grows, for ResNet-20 and for SqueezeNet: softness, which
 *   stands for lenses and resampling, by 7 and 1 %; texture by 0 and 3 %; everything but disks by 1 and 9 %; gradients by
 *   less than 1 %.
 * - Colours lie near the gray axis, then along blue–yellow, then along green–magenta, as in photographs; with the last at
 *   half its strength 5 % more error for ResNet-20.
 */
export const deadLeavesParameters = {
  /** Fine pixels for a pixel, in each direction. */
  fineness: 2,
  radius: { smallest: [0.02, 0.4], largest: 1 },
  /** Share of each kind; triangles are the rest. */
  kinds: { ellipse: 0.45, rectangle: 0.4 },
  /** Longest axis ÷ shortest. */
  elongation: 4,
  brightness: { mean: 0.455, spread: 0.12 },
  contrast: { mean: 0.2, spread: 0.06, least: 0.06 },
  blueYellow: { picture: 0.05, leaf: 0.07 },
  greenMagenta: { picture: 0.03, leaf: 0.06 },
  /** Change of brightness over one radius. */
  gradient: 0.08,
  /** Largest standard deviation of the texture of a leaf. */
  texture: 0.15,
  /** Largest softness, see soften. */
  softness: 1,
  grain: 0.01,
  /** When this share is uncovered, one last leaf lies behind everything. */
  background: 0.01,
} as const;

const parameters = deadLeavesParameters;

/**
 * Pictures of leaves that fell on each other: disks, ellipses, rectangles and triangles of random place, size and colour,
 * each hiding what lies below. Occlusion gives edges, regions and the spectrum of photographs without any photograph:
 * A. B. Lee, D. Mumford, J. Huang, Occlusion Models for Natural Images, IJCV 41 (2001); M. Baradad et al., Learning to
 * See by Looking at Noise, NeurIPS 2021.
 *
 * @returns picture `index`, uint8[height, width, 3] in sRGB: the same on every machine, whichever others are asked for
 */
export function deadLeaves(seed: number, height: number, width: number): (index: number) => Uint8Array {
  const texture = leafTexture(randomStream(seed, -1));
  return (index) => {
    const random = randomStream(seed, index);
    const style = pictureStyle(random);
    const canvas = new LeafCanvas(height, width, parameters.fineness);
    paintLeaves(canvas, style, texture, random);
    const picture = canvas.picture();
    soften(picture, height, width, style.softness);
    return pixels(picture, random);
  };
}

interface PictureStyle {
  readonly brightness: number;
  readonly contrast: number;
  readonly blueYellow: number;
  readonly greenMagenta: number;
  /** Factors on the colours and the texture of its leaves. */
  readonly saturation: number;
  readonly roughness: number;
  /** Radius of the smallest leaf in parts of the longer side. */
  readonly smallest: number;
  readonly softness: number;
}

function pictureStyle(random: RandomStream): PictureStyle {
  const { brightness, contrast, blueYellow, greenMagenta, radius, softness } = parameters;
  const [finest, coarsest] = radius.smallest;
  return {
    brightness: brightness.mean + brightness.spread * random.bell(),
    contrast: Math.max(contrast.least, contrast.mean + contrast.spread * random.bell()),
    blueYellow: blueYellow.picture * random.bell(),
    greenMagenta: greenMagenta.picture * random.bell(),
    saturation: random.between(0.4, 1.6),
    roughness: random.uniform(),
    // Leaves across the picture are uniform in number.
    smallest: 1 / random.between(1 / coarsest, 1 / finest),
    softness: random.between(0, softness),
  };
}

function paintLeaves(canvas: LeafCanvas, style: PictureStyle, texture: LeafTexture, random: RandomStream): void {
  const { height, width } = canvas;
  const side = Math.max(height, width);
  const smallest = Math.max(style.smallest * side, parameters.fineness / 2);
  const largest = parameters.radius.largest * side;
  const enough = parameters.background * height * width;
  while (canvas.uncovered > enough) {
    const radius = powerLaw(random.uniform(), smallest, largest);
    const shape = leafShape(leafKind(random.uniform()), radius, elongation(random.uniform()), random);
    const x = random.between(-shape.reach, width + shape.reach);
    const y = random.between(-shape.reach, height + shape.reach);
    canvas.paint(shape, x, y, leafBrush(style, texture, radius, x, y, random));
  }
  canvas.fill(leafBrush(style, texture, side / 2, width / 2, height / 2, random));
}

/** A radius of density r⁻³ between the bounds, from u uniform on [0, 1). */
function powerLaw(u: number, smallest: number, largest: number): number {
  return 1 / Math.sqrt((1 - u) / (smallest * smallest) + u / (largest * largest));
}

function leafKind(u: number): LeafKind {
  const { ellipse, rectangle } = parameters.kinds;
  return u < ellipse ? 'ellipse' : u < ellipse + rectangle ? 'rectangle' : 'triangle';
}

/** Round leaves are more frequent than long ones. */
function elongation(u: number): number {
  return 1 + (parameters.elongation - 1) * u * u;
}

function leafBrush(
  style: PictureStyle,
  texture: LeafTexture,
  radius: number,
  centreX: number,
  centreY: number,
  random: RandomStream,
) {
  const { blueYellow, greenMagenta, gradient, texture: roughest, fineness } = parameters;
  // Uniform between ±√3 standard deviations.
  const gray = style.brightness + style.contrast * random.between(-Math.sqrt(3), Math.sqrt(3));
  const warm = style.blueYellow + style.saturation * blueYellow.leaf * random.bell();
  const green = style.greenMagenta + style.saturation * greenMagenta.leaf * random.bell();
  const [r, g, b] = [gray + warm - green / 3, gray + (2 / 3) * green, gray - warm - green / 3];
  const [directionX, directionY] = random.direction();
  const slope = (gradient * random.bell()) / radius;
  const rough = roughest * style.roughness * random.uniform();
  const scale = random.between(0.25, 1) / fineness;
  const [originX, originY] = [random.between(0, 64), random.between(0, 64)];
  return (x: number, y: number, sums: Float32Array, at: number) => {
    const shade =
      slope * (directionX * (x - centreX) + directionY * (y - centreY)) +
      rough * textureAt(texture, originX + x * scale, originY + y * scale);
    sums[at] = (sums[at] ?? 0) + r + shade;
    sums[at + 1] = (sums[at + 1] ?? 0) + g + shade;
    sums[at + 2] = (sums[at + 2] ?? 0) + b + shade;
  };
}

/** Rounded to the nearest, halves to even, and clamped, as Uint8ClampedArray is defined to do. */
function pixels(picture: Float32Array, random: RandomStream): Uint8Array {
  const result = new Uint8ClampedArray(picture.length);
  const reach = parameters.grain * Math.sqrt(3);
  let grain = 0;
  for (let k = 0; k < picture.length; k++) {
    if (k % 3 === 0) grain = random.between(-reach, reach);
    result[k] = 255 * ((picture[k] ?? 0) + grain);
  }
  return new Uint8Array(result.buffer);
}
