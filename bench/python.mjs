import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Environment under which numpy's and scipy's BLAS stay on one thread and choose the kernels of the processor themselves:
 * a core type that somebody set for the sake of an old OpenBLAS slows a current one.
 *
 * @type {Record<string, string | undefined>}
 */
export const oneThread = {
  ...{ OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' },
  ...{ OPENBLAS_CORETYPE: undefined, OPENBLAS_L2_SIZE: undefined },
};

/** Python of a virtual environment under .cache with the packages of bench/requirements.txt; made when missing. */
export function benchPython() {
  return venvPython('bench-venv', 'requirements.txt');
}

/** @param {string} name of the environment's folder under .cache @param {string} requirements file under bench */
export function venvPython(name, requirements) {
  const folder = join(root, '.cache', name);
  const python = join(folder, 'bin/python');
  const file = join(root, 'bench', requirements);
  if (!existsSync(python)) execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' });
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--requirement', file], { stdio: 'inherit' });
  return python;
}

/** The built command. @param {readonly string[]} options */
export function command(options) {
  return [process.execPath, join(root, 'dist/src/cli/main.js'), ...options];
}
