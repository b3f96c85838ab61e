import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Dim, Model, Value } from '../../src/ir/index.ts';
import { inferShapes, readModel, type ShapeInfo } from '../../src/onnx/index.ts';
import { allValues } from '../support/all-values.ts';
import { corpus } from '../support/corpus.ts';

/** Shapes as `float32[2,N,?]`, from the script beside the file. */
interface Oracle {
  readonly backend: Readonly<Record<string, { readonly inferred: Shapes; readonly declared: Shapes }>>;
  readonly models: Readonly<Record<string, Shapes>>;
}
type Shapes = Readonly<Record<string, string>>;

const oracle = JSON.parse(readFileSync('test/oracle/shape-inference.json', 'utf8')) as Oracle;
const present = existsSync(corpus);
if (!present) console.warn(`skipped: shape inference on the corpus, there is no ${corpus}`);

/** What no rule of ours covers: other domains, elements of sequences and optionals, Scan of opset 8. May only shrink. */
const gaps =
  /^node\/test_(ai_onnx_ml|adam|adagrad|momentum|nesterov|optional_get_element|scan_sum)|^simple\/test_sequence/;

/** The input's height and width are not in the file. */
const dynamic = ['zoo/ocr_ppmobile2_cls.onnx', 'zoo/ocr_ppv2_det.onnx', 'zoo/sr_prepost_op18.onnx'];

/** The model without what it declares of intermediate values and outputs, as the oracle saw it. */
function undeclared(path: string): Model {
  const model = readModel(readFileSync(`${corpus}/${path}`));
  for (const value of [...model.graph.outputs, ...model.graph.valueInfo]) {
    if (!model.graph.isInput(value)) value.type = undefined;
  }
  return model;
}

function parse(text: string): { readonly dtype: string; readonly dims: readonly string[] } {
  const [dtype = '', dims = ''] = text.slice(0, -1).split('[');
  return { dtype, dims: dims === '' ? [] : dims.split(',') };
}

function print(info: ShapeInfo, value: Value): string {
  return `${info.dtypeOf(value)}[${info.shapeOf(value)?.map((dim) => dim ?? '?') ?? '…'}]`;
}

/** Values of which we know less than expected, or something else. */
function misses(name: string, model: Model, expected: Shapes): string[] {
  const info = inferShapes(model);
  const values = new Map([...allValues(model.graph)].map((value) => [value.name, value]));
  return Object.entries(expected).flatMap(([key, text]) => {
    const value = values.get(key);
    if (value && knows(info, value, text)) return [];
    return [`${name} ${key}: ${value ? print(info, value) : 'no such value'}, expected ${text}`];
  });
}

/** We may know more than a `?` or a symbol; every number must be the same. */
function knows(info: ShapeInfo, value: Value, expected: string): boolean {
  const { dtype, dims } = parse(expected);
  const shape = info.shapeOf(value);
  if (info.dtypeOf(value) !== dtype || shape?.length !== dims.length) return false;
  return shape.every((dim, axis) => !isNumber(dims[axis]) || String(dim) === dims[axis]);
}

function isNumber(text = ''): boolean {
  return /^\d+$/.test(text);
}

function contradicts(info: ShapeInfo, value: Value, truth: string): boolean {
  const { dtype, dims } = parse(truth);
  const shape = info.shapeOf(value);
  if ((info.dtypeOf(value) ?? dtype) !== dtype) return true;
  if (!shape) return false;
  const wrong = (dim: Dim, text: string | undefined) =>
    typeof dim === 'number' && isNumber(text) && String(dim) !== text;
  return shape.length !== dims.length || shape.some((dim, axis) => wrong(dim, dims[axis]));
}

/** Inputs and outputs of linear nodes, and how many leading axes may stay symbols. */
function linearValues(model: Model): { readonly value: Value; readonly free: number }[] {
  return model.graph.nodes.flatMap((node) => {
    if (!node.is('Conv', 'ConvTranspose', 'Gemm', 'MatMul')) return [];
    const free = node.is('Conv', 'ConvTranspose') ? 2 : 1;
    return [node.inputs[0], node.outputs[0]].flatMap((value) => (value ? { value, free } : []));
  });
}

(present ? describe : describe.skip)('shape inference on the corpus', () => {
  test('knows all that ONNX knows of the backend tests', () => {
    const failures = Object.entries(oracle.backend).flatMap(([name, { inferred }]) =>
      gaps.test(name) ? [] : misses(name, undeclared(`onnx-backend-tests/${name}/model.onnx`), inferred),
    );
    expect(failures).toEqual([]);
  });

  test('contradicts no output of the backend tests', () => {
    const failures = Object.entries(oracle.backend).flatMap(([name, { inferred, declared }]) => {
      const model = undeclared(`onnx-backend-tests/${name}/model.onnx`);
      const info = inferShapes(model);
      return model.graph.outputs.flatMap((value) => {
        const truth = declared[value.name] ?? inferred[value.name];
        return truth && contradicts(info, value, truth)
          ? [`${name} ${value.name}: ${print(info, value)}, is ${truth}`]
          : [];
      });
    });
    expect(failures).toEqual([]);
  });

  test('knows all that ONNX knows around linear nodes of real models', () => {
    const failures = Object.entries(oracle.models).flatMap(([name, shapes]) => misses(name, undeclared(name), shapes));
    expect(failures).toEqual([]);
  });

  test('knows the sizes around every linear node where the input has sizes', () => {
    const failures = Object.keys(oracle.models).flatMap((name) => {
      if (dynamic.includes(name)) return [];
      const model = undeclared(name);
      const info = inferShapes(model);
      return linearValues(model).flatMap(({ value, free }) => {
        const shape = info.shapeOf(value);
        const known = shape?.slice(free).every((dim) => typeof dim === 'number');
        return known ? [] : [`${name} ${value.name}: ${print(info, value)}`];
      });
    });
    expect(failures).toEqual([]);
  });

  test('with its input sizes given, knows the sizes of a dynamic model as well', () => {
    const model = undeclared('zoo/ocr_ppv2_det.onnx');
    const info = inferShapes(model, { inputShapes: { x: [1, 3, 320, 320] } });
    const unknown = linearValues(model).filter(
      ({ value }) => !info.shapeOf(value)?.every((dim) => typeof dim === 'number'),
    );
    expect(unknown.map(({ value }) => value.name)).toEqual([]);
  });
});
