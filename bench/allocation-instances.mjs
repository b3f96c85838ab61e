/**
 * Instances of the multiple-choice knapsack problem: the classes of Pisinger (Eur. J. Oper. Res. 83 (1995)), which are
 * stated with profits p and weights w up to R, and what the layers of networks look like. The error of an option is the
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
 * @property {readonly number[]} [tightness] of each budget, from 0, the least that it can be, to 1, the most; 0.5 unless told
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

/**
 * A layer with several methods beside itself: along each the error falls convexly with the cost, up to some per cent of
 * noise; how large and how steep differs by orders of magnitude from layer to layer, as in networks.
 *
 * @param {Random} random
 * @param {number} count
 * @param {number} range
 * @param {(cost: number) => number} costOf what a cost in proportion to ranks really is
 */
function layer(random, count, range, costOf) {
  const size = range * 10 ** (-1.5 * random.uniform());
  const worst = range * 10 ** (-2 * random.uniform());
  const methods = Array.from({ length: 3 }, () => ({
    dear: 0.8 + 0.7 * random.uniform(),
    decay: 2 + 8 * random.uniform(),
    floor: 0.02 * random.uniform(),
  }));
  const ways = Array.from({ length: count - 1 }, (_, at) => {
    const { dear, decay, floor } = methods[at % 3] ?? { dear: 1, decay: 4, floor: 0 };
    const share = (Math.floor(at / 3) + 1) / Math.ceil(count / 3 + 1);
    const noise = 0.97 + 0.06 * random.uniform();
    const error = worst * (floor + (Math.exp(-decay * share) - Math.exp(-decay)) * noise);
    return { w: costOf(size * share * dear), p: range - error };
  });
  return [{ w: costOf(size), p: range }, ...ways];
}

/** @param {{ w: number, p: number }[]} items @param {boolean} whole */
function rounded(items, whole) {
  return whole ? items.map(({ w, p }) => ({ w: Math.max(1, Math.ceil(w)), p: Math.round(p) })) : items;
}

/** @type {Class} layers whose costs are in proportion to ranks, as MACs are */
const curves = (random, count, draw, range) =>
  rounded(
    layer(random, count, range, (cost) => cost),
    Number.isInteger(draw()),
  );

/** @type {Class} layers whose costs go up in steps, as times do with the width of the processor's vectors */
const stairs = (random, count, draw, range) => {
  const step = range * (0.01 + 0.02 * random.uniform());
  return rounded(
    layer(random, count, range, (cost) => step * Math.ceil(cost / step) * (1 + 0.02 * random.uniform())),
    Number.isInteger(draw()),
  );
};

export const classes = { uncorrelated, weak, strong, subsetSum, monotone, equal, ranks, curves, stairs };

/**
 * Costs against a second and later budget follow the first loosely, as parameters follow multiplications.
 *
 * @param {Random} random
 * @param {Kind} kind
 * @returns {{ groups: Option[][], budgets: number[] }} each budget between the least and the most that it can be
 */
export function allocationInstance(random, kind) {
  const { name, groups, options, budgets = 1, real = false, range = 1000, tightness = [] } = kind;
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
  return { groups: drawn, budgets: Array.from({ length: budgets }, (_, k) => between(drawn, k, tightness[k] ?? 0.5)) };
}

/** @param {Random} random @param {number} value @param {boolean} real */
function loosely(random, value, real) {
  const other = value * (0.7 + 0.6 * random.uniform());
  return real ? other : Math.round(other);
}

/** @param {Option[][]} groups @param {number} k @param {number} share */
function between(groups, k, share) {
  const extremes = groups.map((options) => options.map(({ costs }) => /** @type {number} */ (costs[k])));
  const [least, most] = [Math.min, Math.max].map((pick) => extremes.reduce((sum, costs) => sum + pick(...costs), 0));
  return Math.floor((1 - share) * /** @type {number} */ (least) + share * /** @type {number} */ (most));
}
