import type { Attribute, AttributeValue } from './attribute.ts';
import type { Graph } from './graph.ts';
import type { Model } from './model.ts';
import type { Node } from './node.ts';
import { type PrintTensorOptions, printBase64, printNumber, printTensor } from './print-tensor.ts';
import type { Dim, Value, ValueType } from './value.ts';

/**
 * A model as text, for people and for `parseModel`, which reads an equal model back:
 *
 * ```
 * ir 10
 * opset "" 18
 * graph "main" (%x: float32[N, 4]) -> (%y: float32[N, 2]) {
 *   init %w = float32[4, 2]base64 "…"
 *   %y: float32[N, 2] = "fc" Gemm(%x, %w, _) {alpha = float 0.5}
 * }
 * ```
 *
 * `_` is an optional input or output left out, `?` an unknown size, `# …` a comment. Not in the text: what the IR does
 * not interpret (extras, the content of opaque attributes and of types other than tensors).
 */
export function printModel(model: Model, options: PrintTensorOptions = {}): string {
  const printer = new Printer(options);
  printer.line(0, `ir ${model.irVersion}`);
  for (const { domain, version } of model.opsetImports) printer.line(0, `opset ${quote(domain)} ${version}`);
  printer.line(0, printer.graph(model.graph, 0));
  for (const { domain, name, body } of model.functions) {
    printer.line(0, `function ${quote(domain)} ${quote(name)} ${printer.graph(body, 0)}`);
  }
  return printer.text();
}

class Printer {
  readonly #options: PrintTensorOptions;
  readonly #lines: string[] = [];

  constructor(options: PrintTensorOptions) {
    this.#options = options;
  }

  text(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  line(depth: number, text: string): void {
    this.#lines.push('  '.repeat(depth) + text);
  }

  graph(graph: Graph, depth: number): string {
    const inner = new Printer(this.#options);
    const add = (text: string) => inner.line(depth + 1, text);
    if (graph.docString !== undefined) add(`doc ${quote(graph.docString)}`);
    const inputs = new Set(graph.inputs);
    for (const value of graph.initializers) {
      const name = inputs.has(value) ? reference(value) : declaration(value);
      add(`init ${name} = ${value.tensor ? printTensor(value.tensor, this.#options) : 'undefined[]{}'}`);
    }
    for (const node of graph.nodes) add(this.#node(node, depth + 1));
    const made = new Set(graph.nodes.flatMap((node) => node.outputs));
    for (const value of graph.valueInfo) {
      const known = inputs.has(value) || graph.initializers.has(value) || made.has(value);
      add(`info ${known ? reference(value) : declaration(value)}`);
    }
    const head = `graph ${quote(graph.name)} (${graph.inputs.map(declaration).join(', ')}) -> (${graph.outputs.map(declaration).join(', ')})`;
    return [`${head} {`, ...inner.#lines, `${'  '.repeat(depth)}}`].join('\n');
  }

  #node(node: Node, depth: number): string {
    const outputs = node.outputs.map((value) => (value ? declaration(value) : '_')).join(', ');
    const name = node.name === '' ? '' : `${quote(node.name)} `;
    const operator = `${node.domain === '' ? '' : `${word(node.domain)}::`}${word(node.opType)}`;
    const inputs = node.inputs.map((value) => (value ? reference(value) : '_')).join(', ');
    const attributes = [...node.attributes.values()].map((item) => this.#attribute(item, depth)).join(', ');
    const doc = node.docString === undefined ? '' : ` doc ${quote(node.docString)}`;
    return `${outputs}${outputs && ' '}= ${name}${operator}(${inputs})${attributes && ` {${attributes}}`}${doc}`;
  }

  #attribute({ name, value }: Attribute, depth: number): string {
    return `${word(name)} = ${value.kind}${this.#attributeValue(value, depth)}`;
  }

  #attributeValue(value: AttributeValue, depth: number): string {
    switch (value.kind) {
      case 'float':
        return ` ${printNumber(value.value)}`;
      case 'int':
        return ` ${value.value}`;
      case 'string':
        return ` ${printBytes(value.value)}`;
      case 'tensor':
        return ` ${printTensor(value.value, this.#options)}`;
      case 'graph':
        return ` ${this.graph(value.value, depth).replace(/^graph /, '')}`;
      case 'type':
        return ` ${printType(value.value)}`;
      case 'floats':
        return list(value.value.map(printNumber));
      case 'ints':
        return list(value.value.map(String));
      case 'strings':
        return list(value.value.map(printBytes));
      case 'tensors':
        return list(value.value.map((tensor) => printTensor(tensor, this.#options)));
      case 'graphs':
        return list(value.value.map((graph) => this.graph(graph, depth).replace(/^graph /, '')));
      case 'types':
        return list(value.value.map(printType));
      case 'opaque':
        return '';
    }
  }
}

function list(items: readonly string[]): string {
  return ` [${items.join(', ')}]`;
}

function reference(value: Value): string {
  return `%${/^[\w./-]+$/.test(value.name) ? value.name : quote(value.name)}`;
}

function declaration(value: Value): string {
  const type = value.type ? `: ${printType(value.type)}` : '';
  const doc = value.docString === undefined ? '' : ` doc ${quote(value.docString)}`;
  return reference(value) + type + doc;
}

function printType(type: ValueType): string {
  if (type.kind === 'other') return 'other';
  return type.dtype + (type.shape ? `[${type.shape.map(printDim).join(', ')}]` : '');
}

function printDim(dim: Dim): string {
  return typeof dim === 'string' ? word(dim) : String(dim ?? '?');
}

function word(text: string): string {
  return /^[A-Za-z_][\w.]*$/.test(text) ? text : quote(text);
}

/** A JSON string: control characters and lone surrogates are escaped. */
function quote(text: string): string {
  return JSON.stringify(text);
}

/** Text where the bytes are UTF-8, otherwise base64. */
function printBytes(bytes: Uint8Array): string {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const again = new TextEncoder().encode(text);
  return Buffer.compare(again, bytes) === 0 ? quote(text) : `base64 "${printBase64(bytes)}"`;
}
