import { diagnostics } from '../diagnostics.ts';
import { type DType, dtypeBits } from '../ir/index.ts';
import { type ByteSource, memoryBytes, unreadable } from './byte-source.ts';
import { elementsOf, type NumericArray } from './elements.ts';

// npyjs 1.2 was tried and left to the tests, as their oracle: it wants the whole file in memory, refuses big-endian
// arrays, and returns what is left of a truncated one without a word.

/** A numpy array that is read sample by sample along its first axis. */
export interface NpyArray {
  readonly place: string;
  readonly dtype: DType;
  /** All dims; the first counts samples. */
  readonly dims: readonly number[];
  /** @param indices ascending positions on the first axis */
  samples(indices: Iterable<number>): AsyncIterable<NumericArray>;
  /** Every element at once, for small arrays. */
  values(): Promise<NumericArray>;
}

const dtypes: Readonly<Record<string, DType>> = {
  b1: 'bool',
  u1: 'uint8',
  i1: 'int8',
  u2: 'uint16',
  i2: 'int16',
  u4: 'uint32',
  i4: 'int32',
  u8: 'uint64',
  i8: 'int64',
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
};

/** Bytes of one sample, or of an array in column-major order, whose samples are not contiguous. */
const largestAtOnce = 2 ** 30;

interface Header {
  readonly dtype: DType;
  readonly itemBytes: number;
  readonly bigEndian: boolean;
  readonly fortranOrder: boolean;
  readonly dims: readonly number[];
  /** Where the elements begin. */
  readonly offset: number;
}

/**
 * Opens an array in numpy's .npy format, versions 1 to 3 (numpy.lib.format).
 *
 * @throws unreadable-data (7) not such a file, or shorter than its header says
 * @throws unsupported-array (2) element types without a number in them; samples or column-major arrays of more than 1 GiB
 */
export async function openNpy(source: ByteSource): Promise<NpyArray> {
  const header = await readHeader(source);
  const elements = header.dims.reduce((product, dim) => product * dim, 1);
  const bytes = elements * header.itemBytes;
  if (header.offset + bytes > source.length) {
    const message = `the header promises ${bytes} bytes of elements, the file has ${source.length - header.offset}`;
    throw unreadable(source.place, new Error(message));
  }
  const { dtype, dims, itemBytes, bigEndian } = header;
  const rowMajor = header.fortranOrder && dims.length > 1 ? await turned(source, header, bytes) : source;
  const offset = rowMajor === source ? header.offset : 0;
  const sampleBytes = dims.length === 0 ? itemBytes : dims.slice(1).reduce((product, dim) => product * dim, itemBytes);
  if (sampleBytes > largestAtOnce) throw tooLarge(source, `a sample of ${sampleBytes} bytes`);
  async function* samples(indices: Iterable<number>) {
    for await (const record of rowMajor.records(offset, sampleBytes, indices))
      yield elementsOf(dtype, record, bigEndian);
  }
  async function values() {
    for await (const record of rowMajor.records(offset, bytes, [0])) return elementsOf(dtype, record, bigEndian);
    throw unreadable(source.place, new Error('it is empty'));
  }
  return { place: source.place, dtype, dims, samples, values };
}

async function readHeader(source: ByteSource): Promise<Header> {
  const start = await source.head(12);
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const magic = String.fromCharCode(...start.subarray(0, 6));
  if (start.length < 12 || magic !== '\x93NUMPY') throw unreadable(source.place, new Error('it is not an .npy array'));
  const wide = view.getUint8(6) > 1;
  const textOffset = wide ? 12 : 10;
  const offset = textOffset + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  if (offset > source.length) throw unreadable(source.place, new Error('it ends within its header'));
  const text = new TextDecoder('latin1').decode((await source.head(offset)).subarray(textOffset));
  return { ...parseDescription(text, source.place), offset };
}

/** The header is the text of a Python dict: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`. */
function parseDescription(text: string, place: string): Omit<Header, 'offset'> {
  const [, byteOrder, code] = /'descr'\s*:\s*'([<>|=]?)([a-zA-Z]\d*)'/.exec(text) ?? [];
  const [, order] = /'fortran_order'\s*:\s*(True|False)/.exec(text) ?? [];
  const [, shape] = /'shape'\s*:\s*\(([\d,\s]*)\)/.exec(text) ?? [];
  if (order === undefined || shape === undefined) throw unreadable(place, new Error('its .npy header is malformed'));
  const dtype = dtypes[code ?? ''];
  if (!dtype) {
    const found = /'descr'\s*:\s*('[^']*'|\[.*?\])/.exec(text)?.[1] ?? 'unknown';
    throw diagnostics.data('unsupported-array', `elements of type ${found} are not numbers`, { file: place });
  }
  const dims = shape.split(',').flatMap((part) => (part.trim() === '' ? [] : [Number(part)]));
  return { dtype, itemBytes: dtypeBits(dtype) / 8, bigEndian: byteOrder === '>', fortranOrder: order === 'True', dims };
}

/** Column-major elements, read at once and put in row-major order. */
async function turned(source: ByteSource, header: Header, bytes: number): Promise<ByteSource> {
  if (bytes > largestAtOnce) throw tooLarge(source, `a column-major array of ${bytes} bytes`);
  const { dims, itemBytes, offset } = header;
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, dim) => product * dim, itemBytes));
  const target = new Uint8Array(bytes);
  for await (const data of source.records(offset, bytes, [0])) {
    for (let from = 0; from < bytes; from += itemBytes) {
      let rest = from / itemBytes;
      let to = 0;
      for (const [axis, dim] of dims.entries()) {
        to += (rest % dim) * (strides[axis] ?? 0);
        rest = Math.floor(rest / dim);
      }
      target.set(data.subarray(from, from + itemBytes), to);
    }
  }
  return memoryBytes(target, source.place);
}

function tooLarge({ place }: ByteSource, what: string) {
  const hint = 'put samples on the first axis and save with numpy.ascontiguousarray(x)';
  return diagnostics.data('unsupported-array', `${what} is too large to be read at once`, { file: place }, hint);
}
