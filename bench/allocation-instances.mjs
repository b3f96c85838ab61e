/**
 * Instances of the multiple-choice knapsack problem: the classes of Pisinger (Eur. J. Oper. Res. 83 (1995)), which are
 * stated with profits p and weights w up to R, and what the ranks of networks look like. The error of an option is the
 * largest profit of its group less its own.
 */

/** @typedef {{ costs: number[], error: number }} Option */
/** @typedef {{ uniform(): number }} Random */
/**
 * @typedef {object} Kind
 * @property {keyof typeof classes} name
 * @property {number} groups
 * @property {number} options in each group
 * @property {number} [budgets] 1 unless told
 * @property {boolean} [real] whole numbers unless told
 * @property {number} [range] R, 1000 unless told
 */

/** @typedef {(random: Random, count: number, draw: () => number, range: number) => { w: number, p: number }[]} Class */

/** @type {Class} */
const uncorrelated = (_random, count, draw) => Array.from({ length: count }, () => ({ w: draw(), p: draw() }));

/** @type {Class} */
const weak = (random, count, draw, range) =>
  Array.from({ length: count }, () => {
    const w = draw();
    const p = w + (random.uniform() - 0.5) * (range / 50);
    return { w, p: Math.max(1, Number.isInteger(w) ? Math.round(p) : p) };
  });

/** @type {Class} */
const strong = (_random, count, draw, range) => {
  const drawn = Array.from({ length: count }, draw).sort((a, b) => a - b);
  let [w, p] = [0, 0];
  return drawn.map((step) => {
    w += step;
    p += step + range / 100;
    return { w, p };
  });
};

/** @type {Class} */
const subsetSum = (_random, count, draw) => Array.from({ length: count }, draw).map((w) => ({ w, p: w }));

/** @type {Class} */
const monotone = (_random, count, draw) => {
  const sorted = () => Array.from({ length: count }, draw).sort((a, b) => a - b);
  const profits = sorted();
  return sorted().map((w, at) => ({ w, p: /** @type {number} */ (profits[at]) }));
};

/** @type {Class} the same options in every group */
const equal = (_random, count, _draw, range) =>
  Array.from({ length: count }, (_, at) => ({
    w: Math.round((range * (at + 1)) / count),
    p: Math.round(range * Math.sqrt((at + 1) / count)),
  }));

/** @type {Class} ranks of a layer: cost in proportion, error like a tail of a spectrum, of one layer more than another */
const ranks = (random, count, draw, range) => {
  const scale = draw();
  const decay = 1 + 4 * random.uniform();
  return Array.from({ length: count }, (_, at) => {
    const share = (at + 1) / count;
    const saved = 1 - Math.exp(-decay * share) * (0.9 + 0.2 * random.uniform());
    return { w: Math.ceil((scale * (at + 1)) / count), p: Math.round(range * saved) };
  });
};

export const classes = { uncorrelated, weak, strong, subsetSum, monotone, equal, ranks };

/**
 * Costs against a second and later budget follow the first loosely, as parameters follow multiplications.
 *
 * @param {Random} random
 * @param {Kind} kind
 * @returns {{ groups: Option[][], budgets: number[] }} each budget half way between the least and the most that it can be
 */
export function allocationInstance(random, { name, groups, options, budgets = 1, real = false, range = 1000 }) {
  const draw = () => (real ? 1 + (range - 1) * random.uniform() : 1 + Math.floor(range * random.uniform()));
  const drawn = Array.from({ length: groups }, () => {
    const items = classes[name](random, options, draw, range);
    const most = Math.max(...items.map(({ p }) => p));
    const ratios = Array.from({ length: budgets - 1 }, () => 0.25 + random.uniform());
    return items.map(({ w, p }) => ({
      costs: [w, ...ratios.map((ratio) => loosely(random, ratio * w, real))],
      error: most - p,
    }));
  });
  return { groups: drawn, budgets: Array.from({ length: budgets }, (_, k) => halfWay(drawn, k)) };
}

/** @param {Random} random @param {number} value @param {boolean} real */
function loosely(random, value, real) {
  const other = value * (0.7 + 0.6 * random.uniform());
  return real ? other : Math.round(other);
}

/** @param {Option[][]} groups @param {number} k */
function halfWay(groups, k) {
  const extremes = groups.map((options) => options.map(({ costs }) => /** @type {number} */ (costs[k])));
  return Math.floor(extremes.reduce((sum, costs) => sum + Math.min(...costs) + Math.max(...costs), 0) / 2);
}
