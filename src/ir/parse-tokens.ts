import { type DiagnosticError, diagnostics } from '../diagnostics.ts';

export type TokenKind = 'word' | 'string' | 'number' | 'value' | 'mark' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Content: strings without quotes and escapes, values without the percent sign. */
  readonly text: string;
  readonly offset: number;
}

const blank = /(?:\s+|#[^\n]*)*/y;
const patterns: readonly (readonly [TokenKind, RegExp])[] = [
  ['number', /-?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|Infinity\b)/y],
  ['word', /[A-Za-z_][\w.]*/y],
  ['value', /%[\w./-]+/y],
  ['mark', /->|::|[()[\]{}=:,?]/y],
];

/** The tokens of a text, one at a time, with errors that name line and column. */
export class Tokens {
  readonly #text: string;
  #position = 0;
  #next: Token;

  constructor(text: string) {
    this.#text = text;
    this.#next = this.#read();
  }

  get next(): Token {
    return this.#next;
  }

  take(): Token {
    const token = this.#next;
    this.#next = this.#read();
    return token;
  }

  is(text: string): boolean {
    return (this.#next.kind === 'word' || this.#next.kind === 'mark') && this.#next.text === text;
  }

  /** Takes the token if it is this word or mark. */
  skip(text: string): boolean {
    if (!this.is(text)) return false;
    this.take();
    return true;
  }

  expect(text: string): void {
    if (!this.skip(text)) throw this.error(`expected "${text}"`);
  }

  takeKind(kind: TokenKind, what: string): string {
    if (this.#next.kind !== kind) throw this.error(`expected ${what}`);
    return this.take().text;
  }

  /** Items up to the closing mark, with commas between them. */
  list<T>(close: string, item: () => T): T[] {
    const items: T[] = [];
    if (this.skip(close)) return items;
    do items.push(item());
    while (this.skip(','));
    this.expect(close);
    return items;
  }

  /** An error at the next token, or at the one given. */
  error(message: string, { kind, text, offset }: Token = this.#next): DiagnosticError {
    const before = this.#text.slice(0, offset);
    const line = before.split('\n').length;
    const column = offset - (before.lastIndexOf('\n') + 1) + 1;
    const found = kind === 'end' ? 'the end of the text' : `"${text.slice(0, 40)}"`;
    return diagnostics.textSyntax(
      line,
      column,
      message.startsWith('expected') ? `${message}, found ${found}` : message,
    );
  }

  #read(): Token {
    blank.lastIndex = this.#position;
    blank.exec(this.#text);
    const offset = blank.lastIndex;
    if (offset >= this.#text.length) return { kind: 'end', text: '', offset };
    if (this.#text[offset] === '"') return this.#readString('string', offset, offset);
    if (this.#text.startsWith('%"', offset)) return this.#readString('value', offset, offset + 1);
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = offset;
      const text = pattern.exec(this.#text)?.[0];
      if (text === undefined) continue;
      this.#position = pattern.lastIndex;
      return { kind, text: kind === 'value' ? text.slice(1) : text, offset };
    }
    throw this.error(`unexpected character`, { kind: 'mark', text: this.#text[offset] ?? '', offset });
  }

  /** Searched with indexOf: a base64 string may be longer than a regular expression can match. */
  #readString(kind: TokenKind, offset: number, quote: number): Token {
    let end = this.#text.indexOf('"', quote + 1);
    while (end >= 0 && this.#escaped(end)) end = this.#text.indexOf('"', end + 1);
    const place: Token = { kind: 'string', text: '"', offset };
    if (end < 0) throw this.error('a string without end', place);
    this.#position = end + 1;
    try {
      return { kind, text: JSON.parse(this.#text.slice(quote, end + 1)) as string, offset };
    } catch {
      throw this.error('a string that is not valid JSON', place);
    }
  }

  /** Behind an odd number of backslashes. */
  #escaped(position: number): boolean {
    let slashes = 0;
    while (this.#text[position - 1 - slashes] === '\\') slashes++;
    return slashes % 2 === 1;
  }
}
