import { stripVTControlCharacters } from 'node:util';

// cli-table3 was tried: it draws frames, which are in the way of grep and awk, and cuts columns to fixed widths; what
// is left of it after switching that off is padding.

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Cut in the middle beyond this width. */
  readonly most?: number;
  /** Left out where the table is too wide. */
  readonly spare?: boolean;
}

const gap = '  ';

/** What the first column is not cut below to make room for the others. */
const narrowest = 16;

/**
 * Aligned columns, a blank before each line and two between columns. Where the table is wider than `width`, spare
 * columns go, then the first column gives way; lines that are still longer end in `…`.
 *
 * @param rows cells per column; missing cells are empty
 * @param width columns of the terminal, unlimited where it is none
 */
export function textTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = Infinity,
): string[] {
  const cells = rows.map((row) => columns.map(({ most = Infinity }, k) => cutMiddle(row[k] ?? '', most)));
  const widths = columns.map(({ title }, k) => Math.max(title.length, ...cells.map((row) => row[k]?.length ?? 0)));
  const excess = widths.reduce((sum, each) => sum + each + gap.length, 1 - gap.length) - width;
  const spare = columns.findIndex((column) => column.spare);
  if (excess > 0 && spare >= 0) {
    return textTable(
      columns.toSpliced(spare, 1),
      rows.map((row) => row.toSpliced(spare, 1)),
      width,
    );
  }
  const [first = 0, ...others] = widths;
  const fitted = [Math.min(first, Math.max(narrowest, first - Math.max(0, excess))), ...others];
  const line = (row: readonly string[]) => {
    const padded = row.map((cell, k) => pad(cutMiddle(cell, fitted[k] ?? 0), fitted[k] ?? 0, columns[k]?.align));
    return cutEnd(` ${padded.join(gap)}`.trimEnd(), width);
  };
  return [columns.map(({ title }) => title), ...cells].map(line);
}

function pad(cell: string, width: number, align: Column['align']): string {
  return align === 'right' ? cell.padStart(width) : cell.padEnd(width);
}

/** The end of a name tells more than its middle. */
function cutMiddle(text: string, most: number): string {
  const plain = printable(text);
  if (plain.length <= most) return plain;
  const start = Math.ceil((most - 1) / 2);
  return `${plain.slice(0, start)}…${plain.slice(plain.length - (most - 1 - start))}`;
}

export function cutEnd(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** Names come out of files that anybody may have written: no escape sequence or line break gets to the terminal. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '·');
}
