import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { diagnostics } from '../../src/diagnostics.ts';
import { writeModel } from '../../src/onnx/index.ts';
import { bench, type EngineOptions, inspect, plan } from '../../src/pipeline/index.ts';
import { deviceName, openRuntime } from '../../src/runtime/index.ts';
import { requireDevice } from '../../src/runtime/require-device.ts';
import type { Device } from '../../src/runtime/types.ts';
import { smallCnn } from '../support/small-models.ts';

const folder = mkdtempSync(join(tmpdir(), 'device-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const model = writeModel(smallCnn());

/** Works on some devices, as ONNX Runtime's answers are on the others. */
function probeOf(there: readonly Device[], asked: Device[] = []) {
  return async (device: Device) => {
    asked.push(device);
    if (!there.includes(device))
      throw diagnostics.runtimeRejected('ONNX Runtime: a.cc:1 f() x == y was false. No card\n');
  };
}

describe('a device', () => {
  test('is asked for nothing where it is the CPU', async () => {
    const asked: Device[] = [];
    await requireDevice('cpu', probeOf([], asked));
    expect(asked).toEqual([]);
  });

  test('is taken where it works, without a look at others', async () => {
    const asked: Device[] = [];
    await requireDevice('cuda', probeOf(['cuda'], asked));
    expect(asked).toEqual(['cuda']);
  });

  test('is refused where it does not, with why and with the devices that are there', async () => {
    await expect(requireDevice('cuda', probeOf(['webgpu']))).rejects.toMatchObject({
      diagnostic: {
        code: 'device-missing',
        exitCode: 2,
        message: '--device cuda: ONNX Runtime has no such device here: No card',
        hint: 'There is cpu, webgpu.',
      },
    });
  });

  test('is refused where its driver crashes, but not where there is no ONNX Runtime to ask', async () => {
    const failing = (failure: Error) => async () => {
      throw failure;
    };
    await expect(requireDevice('webgpu', failing(diagnostics.runtimeCrashed('it died')))).rejects.toThrow(
      /it died \[device-missing\]. There is cpu\./,
    );
    await expect(requireDevice('webgpu', failing(diagnostics.runtimeMissing('no package')))).rejects.toThrow(
      /\[runtime-missing\]/,
    );
  });

  test('is named with its card where the system tells it', () => {
    for (const [card, name] of [
      ['0000:01:00.0', 'NVIDIA L4'],
      ['0000:02:00.0', 'NVIDIA L4'],
      ['0000:03:00.0', 'NVIDIA A2'],
    ] as const) {
      mkdirSync(join(folder, card));
      writeFileSync(join(folder, card, 'information'), `Model: \t\t ${name}\nIRQ:   \t\t 51\n`);
    }
    expect(deviceName('cuda', folder)).toBe('cuda NVIDIA A2 NVIDIA L4');
    expect(deviceName('cuda', join(folder, 'nowhere'))).toBe('cuda');
    expect([deviceName('cpu', folder), deviceName('webgpu', folder)]).toEqual(['cpu', 'webgpu']);
  });

  test('that is the CPU gives the plan that nothing said gives, byte for byte', async () => {
    const options: EngineOptions = { targets: ['macs=0.5x'], bench: false };
    const [unsaid, said] = [await plan(model, options), await plan(model, { ...options, device: 'cpu' })];
    expect(JSON.stringify(said)).toBe(JSON.stringify(unsaid));
  });
});

describe('where no card may be seen, CUDA', () => {
  const visible = process.env['CUDA_VISIBLE_DEVICES'];
  beforeAll(() => {
    process.env['CUDA_VISIBLE_DEVICES'] = '';
  });
  afterAll(() => {
    if (visible === undefined) delete process.env['CUDA_VISIBLE_DEVICES'];
    else process.env['CUDA_VISIBLE_DEVICES'] = visible;
  });

  test.each([
    ['a runtime', () => openRuntime({ device: 'cuda' })],
    ['bench', () => bench(model, model, { device: 'cuda' })],
    ['a plan', () => plan(model, { device: 'cuda', targets: ['latency=0.5x'] })],
    ['a command that times nothing', () => inspect(model, { device: 'cuda' })],
  ])('is refused to %s, never done by the CPU', async (_, work) => {
    await expect(work()).rejects.toMatchObject({
      diagnostic: { code: 'device-missing', exitCode: 2, hint: expect.stringMatching(/^There is cpu/) },
    });
  });
});
