/** [0, 1, 2, 3, 5] → '0-3,5'. @param numbers ascending */
export function printRanges(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

/** The inverse; undefined for what is no such list. */
export function parseRanges(text: string): readonly number[] | undefined {
  const numbers: number[] = [];
  for (const part of text.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    if (!match) return undefined;
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (first <= (numbers.at(-1) ?? -1) || last < first || last > 1e6) return undefined;
    for (let number = first; number <= last; number++) numbers.push(number);
  }
  return numbers;
}
