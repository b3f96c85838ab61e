import { diagnostics } from '../diagnostics.ts';
import { ownValue } from '../own-value.ts';
import type { Ranks } from '../pass/index.ts';
import type { MethodMatch } from './match-methods.ts';
import type { Policy } from './workspace.ts';

/**
 * Ranks that the user set for a node, for the first method of the pipeline that has as many.
 *
 * @returns undefined where none are set
 * @throws usage when no method has as many
 */
export function ranksByHand<Match extends MethodMatch>(
  policy: Policy,
  name: string,
  matches: readonly Match[],
): { readonly match: Match; readonly ranks: Ranks } | undefined {
  const given = ownValue(policy.ranks, name);
  if (!given) return undefined;
  const match = matches.find(({ decomposition }) => decomposition.axes.length === given.length);
  if (!match)
    throw diagnostics.usage(
      `--ranks ${name}=${given.join()}: ${matches[0]?.pass} has ranks ${matches[0]?.decomposition.axes.map((axis) => axis.name).join()}`,
    );
  const ranks = match.decomposition.axes.map((axis, place) => [axis.name, given[place] as number] as const);
  return { match, ranks: Object.fromEntries(ranks) };
}
