import type { AttributeValue } from './attribute.ts';
import { parseBase64, parseNumberText, parseTensor, parseType, parseWord } from './parse-tensor.ts';
import type { Token, Tokens } from './parse-tokens.ts';
import type { Tensor } from './tensor.ts';
import type { ValueType } from './value.ts';

/** A value where the text names it. */
export interface ValueText {
  readonly token: Token;
  readonly type: ValueType | undefined;
  readonly docString: string | undefined;
}

/** Subgraphs are bound to values once all names around them are known. */
export type AttributeText =
  | { readonly name: string; readonly value: AttributeValue }
  | { readonly name: string; readonly kind: 'graph' | 'graphs'; readonly graphs: readonly GraphText[] };

export interface NodeText {
  readonly outputs: readonly (ValueText | null)[];
  readonly name: string;
  readonly domain: string;
  readonly opType: string;
  readonly inputs: readonly (ValueText | null)[];
  readonly attributes: readonly AttributeText[];
  readonly docString: string | undefined;
}

export interface GraphText {
  readonly name: string;
  readonly docString: string | undefined;
  readonly inputs: readonly ValueText[];
  readonly outputs: readonly ValueText[];
  readonly initializers: readonly { readonly value: ValueText; readonly tensor: Tensor }[];
  readonly nodes: readonly NodeText[];
  readonly valueInfo: readonly ValueText[];
}

/** `"name" (inputs) -> (outputs) { statements }`; the word `graph` in front is read already. */
export function parseGraph(tokens: Tokens): GraphText {
  const name = tokens.takeKind('string', "the graph's name in quotes");
  tokens.expect('(');
  const inputs = tokens.list(')', () => parseValue(tokens));
  tokens.expect('->');
  tokens.expect('(');
  const outputs = tokens.list(')', () => parseValue(tokens));
  tokens.expect('{');
  const docString = parseDoc(tokens);
  const initializers: { readonly value: ValueText; readonly tensor: Tensor }[] = [];
  const nodes: NodeText[] = [];
  const valueInfo: ValueText[] = [];
  while (!tokens.skip('}')) {
    if (tokens.skip('init')) {
      const value = parseValue(tokens);
      tokens.expect('=');
      initializers.push({ value, tensor: parseTensor(tokens) });
    } else if (tokens.skip('info')) valueInfo.push(parseValue(tokens));
    else nodes.push(parseNode(tokens));
  }
  return { name, docString, inputs, outputs, initializers, nodes, valueInfo };
}

function parseDoc(tokens: Tokens): string | undefined {
  return tokens.skip('doc') ? tokens.takeKind('string', 'text in quotes') : undefined;
}

function parseValue(tokens: Tokens): ValueText {
  const token = tokens.next;
  tokens.takeKind('value', 'a value (%name)');
  const type = tokens.skip(':') ? parseType(tokens) : undefined;
  return { token, type, docString: parseDoc(tokens) };
}

function parseOptionalValue(tokens: Tokens): ValueText | null {
  return tokens.skip('_') ? null : parseValue(tokens);
}

function parseNode(tokens: Tokens): NodeText {
  const outputs = tokens.list('=', () => parseOptionalValue(tokens));
  const [name, domain, opType] = parseOperator(tokens);
  tokens.expect('(');
  const inputs = tokens.list(')', () => parseOptionalValue(tokens));
  const attributes = tokens.skip('{') ? tokens.list('}', () => parseAttribute(tokens)) : [];
  return { outputs, name, domain, opType, inputs, attributes, docString: parseDoc(tokens) };
}

/** `"node name" domain::Operator`, the first two optional; an operator with an odd name is quoted as well. */
function parseOperator(tokens: Tokens): readonly [string, string, string] {
  const words: string[] = [];
  const isQuoted = tokens.next.kind === 'string';
  words.push(parseWord(tokens, 'an operator'));
  let name = '';
  if (isQuoted && !tokens.is('(') && !tokens.is('::')) {
    name = words.pop() ?? '';
    words.push(parseWord(tokens, 'an operator'));
  }
  if (tokens.skip('::')) words.push(parseWord(tokens, 'an operator'));
  const opType = words.pop() ?? '';
  return [name, words.pop() ?? '', opType];
}

function parseAttribute(tokens: Tokens): AttributeText {
  const name = parseWord(tokens, "an attribute's name");
  tokens.expect('=');
  const place = tokens.next;
  const kind = tokens.takeKind('word', 'a kind of attribute');
  if (kind === 'graph') return { name, kind, graphs: [parseGraph(tokens)] };
  if (kind === 'graphs') return { name, kind, graphs: parseList(tokens, parseGraph) };
  const parse = attributeParsers[kind];
  if (!parse) throw tokens.error('expected a kind of attribute', place);
  return { name, value: parse(tokens) };
}

const attributeParsers: Readonly<Record<string, (tokens: Tokens) => AttributeValue>> = {
  float: (tokens) => ({ kind: 'float', value: parseFloat64(tokens) }),
  int: (tokens) => ({ kind: 'int', value: parseInteger(tokens) }),
  string: (tokens) => ({ kind: 'string', value: parseBytes(tokens) }),
  tensor: (tokens) => ({ kind: 'tensor', value: parseTensor(tokens) }),
  type: (tokens) => ({ kind: 'type', value: parseType(tokens) }),
  floats: (tokens) => ({ kind: 'floats', value: parseList(tokens, parseFloat64) }),
  ints: (tokens) => ({ kind: 'ints', value: parseList(tokens, parseInteger) }),
  strings: (tokens) => ({ kind: 'strings', value: parseList(tokens, parseBytes) }),
  tensors: (tokens) => ({ kind: 'tensors', value: parseList(tokens, parseTensor) }),
  types: (tokens) => ({ kind: 'types', value: parseList(tokens, parseType) }),
  opaque: () => ({ kind: 'opaque', value: undefined }),
};

function parseList<T>(tokens: Tokens, item: (tokens: Tokens) => T): T[] {
  tokens.expect('[');
  return tokens.list(']', () => item(tokens));
}

function parseFloat64(tokens: Tokens): number {
  return Number(parseNumberText(tokens));
}

function parseInteger(tokens: Tokens): bigint {
  const place = tokens.next;
  const text = tokens.takeKind('number', 'an integer');
  if (!/^-?\d+$/.test(text)) throw tokens.error('expected an integer', place);
  return BigInt(text);
}

function parseBytes(tokens: Tokens): Uint8Array {
  if (tokens.skip('base64')) return parseBase64(tokens);
  return new TextEncoder().encode(tokens.takeKind('string', 'a string'));
}
