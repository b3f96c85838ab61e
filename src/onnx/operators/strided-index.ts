/** Steps in a row-major array that lead one further along each axis. */
export function rowMajorStrides(shape: readonly number[]): readonly number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] ?? 1;
  }
  return strides;
}

/** Coordinates of a row-major position. */
export function coordinatesOf(position: number, shape: readonly number[]): number[] {
  const coordinates = new Array<number>(shape.length);
  let rest = position;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 1;
    coordinates[axis] = rest % size;
    rest = Math.floor(rest / size);
  }
  return coordinates;
}

/** Row-major position of coordinates. */
export function positionOf(coordinates: readonly number[], shape: readonly number[]): number {
  return rowMajorStrides(shape).reduce((sum, stride, axis) => sum + stride * (coordinates[axis] ?? 0), 0);
}

/** Position in an array of dims `from` that a position in the broadcast dims `to` reads. */
export function broadcastIndex(from: readonly number[], to: readonly number[]): (position: number) => number {
  const lead = to.length - from.length;
  return (position) => {
    const coordinates = coordinatesOf(position, to).slice(lead);
    return positionOf(
      coordinates.map((coordinate, axis) => (from[axis] === 1 ? 0 : coordinate)),
      from,
    );
  };
}
