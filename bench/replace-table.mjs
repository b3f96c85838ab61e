import { readFileSync, writeFileSync } from 'node:fs';

const end = '<!-- end -->';

/**
 * Replaces what stands between `<!-- measured by bench/SCRIPT -->` and the next `<!-- end -->` in a document.
 *
 * @param {string} file
 * @param {string} script
 * @param {(old: string) => string} table what is to stand there instead
 */
export function replaceTable(file, script, table) {
  const start = `<!-- measured by bench/${script} -->`;
  const text = readFileSync(file, 'utf8');
  const from = text.indexOf(start) + start.length;
  const to = text.indexOf(end, from);
  if (from < start.length || to < from) throw new Error(`${file} has no place for measurements: ${start} … ${end}`);
  writeFileSync(file, `${text.slice(0, from)}\n\n${table(text.slice(from, to))}\n\n${text.slice(to)}`);
}
