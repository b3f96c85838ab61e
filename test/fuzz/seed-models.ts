import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { GraphProto, ModelProto } from '../../src/wire/index.ts';
import { bytesOf, floats, modelOf, node, smallModel, tensorInput } from '../onnx/model-bytes.ts';

/** Small models that between them use every message of the format. */
export function seedModels(): Uint8Array[] {
  return [smallModel(), withSubgraphs(), withFunction(), withEverything()].map(bytesOf);
}

/** Up to `count` small models of the corpus, spread over it; none without it. */
export function corpusModels(count: number, largestBytes: number): Uint8Array[] {
  const folder = join(process.env.ONNX_TUCKER_CORPUS ?? '../shared/corpus', 'onnx-backend-tests', 'node');
  if (!existsSync(folder)) {
    console.warn(`fuzzing without the backend tests' models: none at ${folder} (set ONNX_TUCKER_CORPUS)`);
    return [];
  }
  const files = readdirSync(folder)
    .map((name) => join(folder, name, 'model.onnx'))
    .filter((file) => existsSync(file) && statSync(file).size <= largestBytes);
  const step = Math.max(1, Math.floor(files.length / count));
  return files.filter((_, index) => index % step === 0).map((file) => new Uint8Array(readFileSync(file)));
}

function withSubgraphs(): ModelProto {
  const inner: GraphProto = {
    name: 'inner',
    node: [node('Add', ['x', 'w'], ['x2']), node('Relu', ['x2'], ['out'])],
    output: [tensorInput('out', [1])],
    valueInfo: [tensorInput('x2', [1]), tensorInput('w', [3])],
  };
  const branches = ['then_branch', 'else_branch'].map((name) => ({ name, type: 5, g: inner }));
  return smallModel({ node: [node('Conv', ['x', 'w'], ['h']), node('If', ['h'], ['y'], { attribute: branches })] });
}

function withFunction(): ModelProto {
  const body = [node('Relu', ['a'], ['b'], { attribute: [{ name: 'alpha', refAttrName: 'alpha', type: 1 }] })];
  return {
    ...smallModel(),
    functions: [
      {
        name: 'f',
        domain: 'local',
        input: ['a'],
        output: ['b'],
        attribute: ['alpha'],
        node: body,
        opsetImport: [{ version: 17n }],
        valueInfo: [tensorInput('b', [1])],
      },
    ],
  };
}

function withEverything(): ModelProto {
  const entry = [{ key: 'k', value: 'v' }];
  const types = [
    { sequenceType: { elemType: { tensorType: { elemType: 1 } } } },
    { mapType: { keyType: 7, valueType: { tensorType: { elemType: 1 } } } },
    { optionalType: { elemType: { sparseTensorType: { elemType: 1, shape: { dim: [{ dimParam: 'n' }] } } } } },
    { opaqueType: { domain: 'd', name: 'n' }, denotation: 'x' },
  ];
  const indices = { dims: [1n], dataType: 7, int64Data: [4n] };
  return modelOf(
    {
      input: [tensorInput('x', [1]), ...types.map((type, index) => ({ name: `t${index}`, type, docString: '' }))],
      output: [tensorInput('y', [1])],
      initializer: [
        { name: 'typed', dims: [2n], dataType: 1, floatData: [1, 2] },
        { name: 'half', dims: [2n], dataType: 10, int32Data: [1, 65_535] },
        { name: 'small', dims: [3n], dataType: 22, int32Data: [0x12, 3] },
        { name: 'text', dims: [2n], dataType: 8, stringData: [Buffer.from('a'), Buffer.from('ü')] },
        floats('w', [2], { docString: 'd', metadataProps: entry, segment: { begin: 0n, end: 2n } }),
      ],
      sparseInitializer: [{ values: floats('s', [1]), indices, dims: [8n] }],
      valueInfo: [tensorInput('y', [2]), tensorInput('nowhere', [2]), tensorInput('nowhere', [3])],
      quantizationAnnotation: [{ tensorName: 'w', quantParameterTensorNames: entry }],
      metadataProps: entry,
      node: [
        node('Everything', ['x', '', 'w'], ['', 'y'], {
          domain: 'ai.onnx',
          overload: 'o',
          docString: 'd',
          metadataProps: entry,
          attribute: [
            { name: 'f', f: 1.5, type: 1 },
            { name: 'i', i: -1n, type: 2 },
            { name: 's', s: Buffer.from('s'), type: 3 },
            { name: 't', t: floats('', [2]), type: 4 },
            { name: 'fs', floats: [1, 2], type: 6 },
            { name: 'is', ints: [1n, -2n], type: 7 },
            { name: 'ss', strings: [Buffer.from('a')], type: 8 },
            { name: 'ts', tensors: [floats('q', [1])], type: 9 },
            { name: 'gs', graphs: [{ name: 'empty' }], type: 10 },
            { name: 'sp', sparseTensor: { values: floats('s', [1]), indices, dims: [8n] }, type: 11 },
            { name: 'tp', tp: { tensorType: { elemType: 1 } }, type: 13 },
            { name: 'tps', typeProtos: types, type: 14 },
            { name: 'old', i: 3n },
            { name: 'absent', type: 2 },
          ],
          deviceConfigurations: [
            {
              configurationId: 'c',
              pipelineStage: 1,
              shardingSpec: [
                {
                  tensorName: 'w',
                  device: [0n, 1n],
                  shardedDim: [{ axis: 0n, simpleSharding: [{ dimValue: 2n, numShards: 2n }] }],
                },
              ],
            },
          ],
        }),
      ],
    },
    {
      producerName: 'p',
      producerVersion: '1',
      domain: 'd',
      modelVersion: 3n,
      docString: 'd',
      metadataProps: entry,
      configuration: [{ name: 'c', numDevices: 2, device: ['a', 'b'] }],
      trainingInfo: [{ algorithm: { name: 'a', node: [node('Sub', ['w', 'x'], ['z'])] }, updateBinding: entry }],
    },
  );
}
