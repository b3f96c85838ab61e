import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from '@jest/globals';

/**
 * Compares text with a file under test/golden. `ONNX_TUCKER_UPDATE_GOLDEN=1 npm run jest -- <test>` writes the files:
 * they are made and then read, never typed.
 */
export function expectGolden(name: string, text: string): void {
  const file = path.join('test/golden', name);
  if (process.env.ONNX_TUCKER_UPDATE_GOLDEN === '1') {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  expect(text).toBe(readFileSync(file, 'utf8'));
}
