import { z } from 'zod';
import { diagnostics } from '../diagnostics.ts';

/** What a flag takes on the command line. */
type FlagKind = 'switch' | 'number' | 'text' | 'list' | 'entries';

/** One option as the command line sees it, derived from its schema. */
export interface Flag {
  /** Key in options and configuration: requireGain. */
  readonly name: string;
  /** Name on the command line, without dashes: require-gain. */
  readonly flag: string;
  readonly kind: FlagKind;
  readonly description: string;
  readonly choices: readonly string[] | undefined;
  readonly default: unknown;
}

/** What stands between key and list in flags like `--ranks node=8,8`. Keys may contain it: the last one counts. */
const separators: Readonly<Record<string, string>> = { ranks: '=', inputShape: ':' };

const property = z.object({
  type: z.string().optional(),
  description: z.string().optional(),
  enum: z.array(z.string()).optional(),
  default: z.unknown().optional(),
});

/** The flags of an object schema, in its order. */
export function flagsOf(schema: z.ZodObject): readonly Flag[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input' });
  return Object.entries(properties).map(([name, json]) => {
    const { type, description = '', enum: choices, default: initial } = property.parse(json);
    return { name, flag: kebabCase(name), kind: kindOf(type), description, choices, default: initial };
  });
}

function kindOf(jsonType: string | undefined): FlagKind {
  switch (jsonType) {
    case 'boolean':
      return 'switch';
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return 'list';
    case 'object':
      return 'entries';
    default:
      return 'text';
  }
}

export function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * Text → the value that the schema of the flag wants.
 *
 * @param texts what was given, in order; one for all but lists and entries
 * @param source how to name the option in a message: `--seed`, `ONNX_TUCKER_SEED`
 * @throws invalid-option
 */
export function readFlag({ kind, name }: Flag, texts: readonly string[], source: string): unknown {
  if (kind === 'list') return texts;
  if (kind === 'entries') return readEntries(texts, separators[name] ?? '=', source);
  const [text = '', ...more] = texts;
  if (more.length > 0) throw diagnostics.invalidOption(source, 'is given more than once');
  if (kind === 'switch') return readSwitch(text, source);
  return kind === 'number' ? readNumber(text, source) : text;
}

function readSwitch(text: string, source: string): boolean {
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw diagnostics.invalidOption(source, `expected true or false, not "${text}"`);
}

function readNumber(text: string, source: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw diagnostics.invalidOption(source, `expected a number, not "${text}"`);
}

function readEntries(texts: readonly string[], separator: string, source: string): Record<string, number[]> {
  const entries = texts.map((text): [string, number[]] => {
    const at = text.lastIndexOf(separator);
    if (at < 1) {
      throw diagnostics.invalidOption(source, `expected name${separator}number,number, not "${text}"`);
    }
    const numbers = text.slice(at + separator.length).split(',');
    return [text.slice(0, at), numbers.map((number) => readNumber(number, source))];
  });
  return Object.fromEntries(entries);
}
