/**
 * Blurs a picture in place with the weights (q/4, 1 − q/2, q/4) along columns, then along rows; borders are repeated.
 *
 * @param picture float32[height, width, 3]
 * @param softness q: 0 changes nothing, 1 is the binomial filter
 */
export function soften(picture: Float32Array, height: number, width: number, softness: number): void {
  for (let line = 0; line < width * 3; line++) softenLine(picture, line, height, width * 3, softness);
  for (let row = 0; row < height; row++) {
    for (let c = 0; c < 3; c++) softenLine(picture, row * width * 3 + c, width, 3, softness);
  }
}

function softenLine(data: Float32Array, start: number, count: number, step: number, softness: number): void {
  let before = data[start] ?? 0;
  let here = before;
  for (let k = 0; k < count; k++) {
    const at = start + k * step;
    const after = k + 1 < count ? (data[at + step] ?? 0) : here;
    data[at] = (1 - softness / 2) * here + (softness / 4) * (before + after);
    before = here;
    here = after;
  }
}
