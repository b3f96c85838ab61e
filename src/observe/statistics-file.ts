import { z } from 'zod';
import { openSafetensors, type Safetensors, type SafetensorsTensor, safetensorsPieces } from '../data/index.ts';
import { diagnostics } from '../diagnostics.ts';

const formatName = 'onnx-tucker statistics';
const formatVersion = '1';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const originSchema = z.strictObject({
  tool: z.string().describe('name and version that wrote the file'),
  model: z.strictObject({ sha256 }),
  data: z.strictObject({ sha256, synthetic: z.boolean() }),
  seed: z.number().int(),
  samples: z.number().int().positive(),
  preprocess: z.string(),
});

/** What the numbers in a file rest on. */
export type StatisticsOrigin = z.infer<typeof originSchema>;

export type StatisticsKind = 'moments' | 'factors';

/** A file whose description was checked; its tensors are read when asked for. */
export interface StatisticsFile<Content> {
  readonly origin: StatisticsOrigin;
  readonly content: Content;
  readonly tensors: Safetensors;
}

/** A tensor to be written that also says what a reader must find. */
export interface ExpectedTensor {
  readonly name: string;
  readonly dtype: SafetensorsTensor['dtype'];
  readonly dims: readonly number[];
}

/**
 * The pieces of a safetensors file whose metadata are `format`, `version`, `kind`, and as JSON `origin` and `content`.
 * It holds no dates and no paths: the same statistics give the same bytes.
 */
export function statisticsPieces(
  kind: StatisticsKind,
  origin: StatisticsOrigin,
  content: unknown,
  tensors: Iterable<SafetensorsTensor>,
): Iterable<Uint8Array> {
  const metadata = { format: formatName, version: formatVersion, kind };
  const texts = { ...metadata, origin: JSON.stringify(originSchema.parse(origin)), content: JSON.stringify(content) };
  return safetensorsPieces(tensors, new Map(Object.entries(texts)));
}

/** What a file says it holds. @throws unreadable-data (7) missing or no sound safetensors file */
export async function statisticsKind(file: string): Promise<string | undefined> {
  return (await openSafetensors(file)).metadata.get('kind');
}

/**
 * Opens a file of statistics and checks what it says of itself.
 *
 * @throws unreadable-data (7) missing or no sound safetensors file · invalid-statistics (2) not of this format, version,
 * or kind, or with a description that does not hold
 */
export async function openStatistics<Content>(
  file: string,
  kind: StatisticsKind,
  contentSchema: z.ZodType<Content>,
): Promise<StatisticsFile<Content>> {
  const tensors = await openSafetensors(file);
  const { metadata } = tensors;
  if (metadata.get('format') !== formatName) {
    throw invalidStatistics(file, 'it is a safetensors file of something else', 'write one with `onnx-tucker observe`');
  }
  const version = metadata.get('version');
  if (version !== formatVersion) {
    const hint = `this version of the tool reads version ${formatVersion}; observe again, or use the tool that wrote it`;
    throw invalidStatistics(file, `version ${version ?? 'none'} of the format is not known`, hint);
  }
  const found = metadata.get('kind');
  if (found !== kind) throw invalidStatistics(file, `it holds ${found ?? 'nothing'}, and ${kind} are wanted`);
  return {
    origin: described(file, 'origin', originSchema, metadata),
    content: described(file, 'content', contentSchema, metadata),
    tensors,
  };
}

function described<T>(file: string, key: string, schema: z.ZodType<T>, metadata: ReadonlyMap<string, string>): T {
  const parsed = schema.safeParse(parsedJson(file, key, metadata.get(key)));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalidStatistics(file, `"${key}": ${[...(issue?.path ?? []), issue?.message].join(': ')}`);
}

function parsedJson(file: string, key: string, text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    throw invalidStatistics(file, `"${key}" is ${text === undefined ? 'missing' : 'no JSON'}`);
  }
}

/** @throws invalid-statistics (2) where a tensor is missing or another than described, or is there without being described */
export function checkTensors({ file, tensors }: Safetensors, expected: readonly ExpectedTensor[]): void {
  for (const { name, dtype, dims } of expected) {
    const entry = tensors.get(name);
    const wanted = `${dtype}[${dims.join(', ')}]`;
    const found = entry ? `${entry.dtype}[${entry.dims.join(', ')}]` : 'missing';
    if (found !== wanted) throw invalidStatistics(file, `tensor "${name}" is ${found}, wanted ${wanted}`);
  }
  const names = new Set(expected.map(({ name }) => name));
  const other = [...tensors.keys()].find((name) => !names.has(name));
  if (other !== undefined || names.size < expected.length) {
    throw invalidStatistics(file, other === undefined ? 'a node stands twice' : `tensor "${other}" belongs to no node`);
  }
}

/** A tensor as float64 or float32, whichever it is. @throws invalid-statistics (2) NaN, infinities, other element types */
export async function finiteNumbers(source: Safetensors, name: string): Promise<Float64Array | Float32Array> {
  const values = await source.read(name);
  if (!(values instanceof Float64Array || values instanceof Float32Array)) {
    throw invalidStatistics(source.file, `tensor "${name}" holds no real numbers`);
  }
  if (values.every(Number.isFinite)) return values;
  throw invalidStatistics(source.file, `tensor "${name}" holds values that are not finite`);
}

export function invalidStatistics(file: string, message: string, hint?: string) {
  return diagnostics.data('invalid-statistics', `not usable as statistics: ${message}`, { file }, hint);
}
