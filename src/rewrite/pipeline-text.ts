/**
 * The textual pipeline: `fuse-batch-norm,ratio-ranks{macs=0.5},tucker-2`.
 *
 *     pipeline = "none" | pass { "," pass }
 *     pass     = word [ "{" [ option { "," option } ] "}" ]
 *     option   = ( word | string ) "=" value
 *     value    = scalar { "," scalar } | "[" [ scalar { "," scalar } ] "]"
 *     scalar   = word | string            word: anything without space , = { } [ ] "
 *
 * A string is written as in JSON. A bare word that reads as a number, `true` or `false` is one; in quotes it stays text.
 * Scalars joined by bare commas are a list (`fixed-ranks{conv1=32,32,conv2=16}`): what follows a comma continues the
 * list unless an "=" comes after it. Brackets are for lists that commas cannot tell: `[]` and `[32]`.
 */
import { diagnostics } from '../diagnostics.ts';

export type OptionScalar = number | boolean | string;
export type OptionValue = OptionScalar | readonly OptionScalar[];

/** One pass as it is written, with its offsets in the text for messages. */
export interface PipelineEntry {
  readonly name: string;
  readonly options: readonly PipelineOption[];
  readonly at: number;
}

export interface PipelineOption {
  readonly key: string;
  readonly value: OptionValue;
  readonly at: number;
}

/** Printing needs no offsets. */
export interface PrintableEntry {
  readonly name: string;
  readonly options: readonly { readonly key: string; readonly value: OptionValue }[];
}

/**
 * Reads a textual pipeline; spaces and line ends between tokens do not matter.
 *
 * @throws invalid-pipeline with the column and a caret
 */
export function parsePipeline(text: string): readonly PipelineEntry[] {
  const cursor = new Cursor(text);
  if (cursor.atEnd()) cursor.fail('the pipeline is empty', 'Write "none" for a pipeline without passes.');
  const entries = [readEntry(cursor)];
  while (cursor.take(',')) entries.push(readEntry(cursor));
  if (!cursor.atEnd()) cursor.fail(`expected "," or the end, not ${cursor.next()}`);
  const none = entries.find(({ name }) => name === 'none');
  if (!none) return entries;
  if (entries.length > 1 || none.options.length > 0) cursor.fail('"none" stands alone', undefined, none.at);
  return [];
}

/** The shortest text that `parsePipeline` reads back as the same entries. */
export function printPipeline(entries: readonly PrintableEntry[]): string {
  return entries.length === 0 ? 'none' : entries.map(printEntry).join(',');
}

function readEntry(cursor: Cursor): PipelineEntry {
  const at = cursor.start();
  const name = cursor.word() ?? cursor.fail(`expected the name of a pass, not ${cursor.next()}`);
  const options: PipelineOption[] = [];
  if (cursor.take('{') && !cursor.take('}')) {
    do options.push(readOption(cursor, options));
    while (cursor.take(','));
    if (!cursor.take('}')) cursor.fail(`expected "," or "}", not ${cursor.next()}`);
  }
  return { name, options, at };
}

function readOption(cursor: Cursor, before: readonly PipelineOption[]): PipelineOption {
  const at = cursor.start();
  const key = cursor.string() ?? cursor.word() ?? cursor.fail(`expected the name of an option, not ${cursor.next()}`);
  if (!cursor.take('=')) cursor.fail(`expected "=" after "${key}", not ${cursor.next()}`);
  if (before.some((option) => option.key === key)) cursor.fail(`option "${key}" is given twice`, undefined, at);
  return { key, value: readValue(cursor), at };
}

function readValue(cursor: Cursor): OptionValue {
  if (cursor.take('[')) return readBracketed(cursor);
  const values = [readScalar(cursor)];
  for (let mark = cursor.mark(); cursor.take(','); mark = cursor.mark()) {
    const listed = tryScalar(cursor);
    if (listed === undefined || cursor.sees('=')) {
      cursor.rewind(mark);
      break;
    }
    values.push(listed);
  }
  const [first] = values;
  return values.length === 1 && first !== undefined ? first : values;
}

function readBracketed(cursor: Cursor): readonly OptionScalar[] {
  const values: OptionScalar[] = [];
  if (cursor.take(']')) return values;
  do values.push(readScalar(cursor));
  while (cursor.take(','));
  if (!cursor.take(']')) cursor.fail(`expected "," or "]", not ${cursor.next()}`);
  return values;
}

function readScalar(cursor: Cursor): OptionScalar {
  return tryScalar(cursor) ?? cursor.fail(`expected a value, not ${cursor.next()}`);
}

function tryScalar(cursor: Cursor): OptionScalar | undefined {
  const quoted = cursor.string();
  if (quoted !== undefined) return quoted;
  const word = cursor.word();
  return word === undefined ? undefined : scalarOf(word);
}

const numeral = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const plainWord = /^[^\s,={}[\]"]+$/;

function scalarOf(word: string): OptionScalar {
  if (word === 'true' || word === 'false') return word === 'true';
  const number = Number(word);
  return numeral.test(word) && Number.isFinite(number) ? number : word;
}

function printEntry({ name, options }: PrintableEntry): string {
  if (options.length === 0) return name;
  return `${name}{${options.map(({ key, value }) => `${printText(key)}=${printValue(value)}`).join(',')}}`;
}

function printValue(value: OptionValue): string {
  if (typeof value !== 'object') return printScalar(value);
  const items = value.map(printScalar).join(',');
  return value.length > 1 ? items : `[${items}]`;
}

function printScalar(value: OptionScalar): string {
  if (typeof value === 'string') return typeof scalarOf(value) === 'string' ? printText(value) : JSON.stringify(value);
  return Object.is(value, -0) ? '-0' : String(value);
}

function printText(text: string): string {
  return plainWord.test(text) ? text : JSON.stringify(text);
}

/** A place in the text. Every reader skips the space before its token. */
class Cursor {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Offset of the next token. */
  start(): number {
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at += 1;
    return this.#at;
  }

  atEnd(): boolean {
    return this.start() === this.#text.length;
  }

  sees(character: string): boolean {
    return this.#text.startsWith(character, this.start());
  }

  take(character: string): boolean {
    const seen = this.sees(character);
    if (seen) this.#at += character.length;
    return seen;
  }

  word(): string | undefined {
    return this.#match(/[^\s,={}[\]"]+/y);
  }

  /** A JSON string. */
  string(): string | undefined {
    if (!this.sees('"')) return undefined;
    const literal = this.#match(/"(?:[^"\\]|\\.)*"/sy) ?? this.fail('this string has no closing quote');
    try {
      return String(JSON.parse(literal));
    } catch {
      return this.fail(`${literal} is not a JSON string`, undefined, this.#at - literal.length);
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.start();
    const [token] = pattern.exec(this.#text) ?? [];
    if (token !== undefined) this.#at += token.length;
    return token;
  }

  mark(): number {
    return this.#at;
  }

  rewind(mark: number): void {
    this.#at = mark;
  }

  /** The next character, for a message. */
  next(): string {
    return this.atEnd() ? 'the end' : `"${this.#text.charAt(this.#at)}"`;
  }

  fail(message: string, hint?: string, at: number = this.start()): never {
    throw diagnostics.invalidPipeline(this.#text, at, message, hint);
  }
}
