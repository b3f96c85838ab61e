import type { OperatorRule } from './operator-call.ts';
import { shapeOf } from './operator-call.ts';

/** Parts of each string, as many as the longest has, and how many each has. */
export const stringSplit: OperatorRule = (call) => {
  const shape = shapeOf(call, 0);
  return [
    { dtype: 'string', shape: shape && [...shape, undefined] },
    { dtype: 'int64', shape },
  ];
};

/** [C] or [1, C] strings; stop words drop out. */
export const stringNormalizer: OperatorRule = (call) => {
  const shape = shapeOf(call, 0);
  return [{ dtype: 'string', shape: shape && [...shape.slice(0, -1), undefined] }];
};
