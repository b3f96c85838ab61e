import { type Report, reportSchema } from './report.ts';

/**
 * The report as JSON: keys in the order of its schema, two blanks of indentation, a line break at the end.
 *
 * @throws ZodError where the report breaks its schema: a mistake of whoever made it
 */
export function toJson(report: Report): string {
  return `${JSON.stringify(reportSchema.parse(report), null, 2)}\n`;
}
