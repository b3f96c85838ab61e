import { type DType, isDType } from './dtype.ts';
import type { Tokens } from './parse-tokens.ts';
import { memorySource, Tensor } from './tensor.ts';
import { fromFloat64, int64Tensor } from './tensor-data.ts';
import type { Dim, ValueType } from './value.ts';

/** `float32[2]{1, 0.5}` or `float32[64]base64 "…"` */
export function parseTensor(tokens: Tokens): Tensor {
  const dtype = parseDType(tokens);
  tokens.expect('[');
  const dims = tokens.list(']', () => Number(tokens.takeKind('number', 'a size')));
  const place = tokens.next;
  if (tokens.skip('elided')) throw tokens.error('the elements of this tensor were left out of the text', place);
  try {
    if (tokens.skip('base64')) {
      const tensor = new Tensor(dtype, dims, memorySource(parseBase64(tokens)));
      const expected = tensor.expectedByteLength ?? tensor.source.byteLength;
      if (tensor.source.byteLength !== expected)
        throw new RangeError(`${tensor.source.byteLength} bytes, not ${expected}`);
      return tensor;
    }
    tokens.expect('{');
    const numbers = tokens.list('}', () => parseNumberText(tokens));
    return dtype === 'int64' ? int64Tensor(numbers.map(BigInt), dims) : fromFloat64(numbers.map(Number), dims, dtype);
  } catch (cause) {
    // What the numbers were refused for: too many, too few, no integers.
    if (cause instanceof RangeError || cause instanceof SyntaxError) throw tokens.error(cause.message, place);
    throw cause;
  }
}

/** `float32[N, 3, ?]`, `float32` of unknown rank, or `other`. */
export function parseType(tokens: Tokens): ValueType {
  if (tokens.skip('other')) return { kind: 'other', extras: {} };
  const dtype = parseDType(tokens);
  if (!tokens.skip('[')) return { kind: 'tensor', dtype };
  return { kind: 'tensor', dtype, shape: tokens.list(']', () => parseDim(tokens)) };
}

export function parseBase64(tokens: Tokens): Uint8Array {
  return Uint8Array.from(Buffer.from(tokens.takeKind('string', 'base64 in quotes'), 'base64'));
}

/** Digits as written: integers beyond 2^53 keep all of them. */
export function parseNumberText(tokens: Tokens): string {
  return tokens.skip('NaN') ? 'NaN' : tokens.skip('Infinity') ? 'Infinity' : tokens.takeKind('number', 'a number');
}

export function parseWord(tokens: Tokens, what: string): string {
  return tokens.next.kind === 'string' ? tokens.take().text : tokens.takeKind('word', what);
}

function parseDType(tokens: Tokens): DType {
  const place = tokens.next;
  const name = tokens.takeKind('word', 'an element type');
  if (!isDType(name)) throw tokens.error(`expected an element type`, place);
  return name;
}

function parseDim(tokens: Tokens): Dim {
  if (tokens.skip('?')) return undefined;
  return tokens.next.kind === 'number' ? Number(tokens.take().text) : parseWord(tokens, 'a size, a symbol or "?"');
}
