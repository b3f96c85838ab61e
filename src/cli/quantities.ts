import { z } from 'zod';

const milliseconds = { ms: 1, s: 1e3, m: 60e3, h: 3600e3 };
const bytes = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** `90s`, `1.5h`, plain seconds → milliseconds. */
export const duration = quantity(milliseconds, 's', 'a time such as 90s, 5m or 1h');

/** `2GiB`, `500MB`, plain bytes → bytes. */
export const byteCount = quantity(bytes, 'B', 'a size such as 512MiB or 2GB');

function quantity(units: Readonly<Record<string, number>>, plain: string, expected: string) {
  const pattern = new RegExp(`^(\\d+(?:\\.\\d+)?) ?(${Object.keys(units).join('|')})?$`);
  return z
    .string()
    .regex(pattern, { error: ({ input }) => `expected ${expected}, not "${input}"` })
    .transform((text, context) => {
      const [, number = '', unit = plain] = pattern.exec(text) ?? [];
      const value = Math.round(Number(number) * (units[unit] ?? Number.NaN));
      if (value > 0) return value;
      context.addIssue({ code: 'custom', message: `expected more than 0, not "${text}"` });
      return z.NEVER;
    });
}

/** `1%`, `0.5`: percentage points. */
export const points = z
  .string()
  .regex(/^\d+(?:\.\d+)? ?%?$/, {
    error: ({ input }) => `expected percentage points such as 1% or 0.5%, not "${input}"`,
  })
  .transform((text) => Number.parseFloat(text));
