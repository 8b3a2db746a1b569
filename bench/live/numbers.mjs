/** Medians and ranges: what every figure of the benchmark is reported as. */

/**
 * @param {number[]} values at least one
 * @returns {{ median: number, min: number, max: number }}
 */
export function spread(values) {
  if (values.length === 0) throw new RangeError("no value to take the median of");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median =
    sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted[sorted.length - 1] };
}

/**
 * The same figure without and with the agent, in pairs that were measured next to each other;
 * the ratio is that of each pair, so that a drift of the machine cancels out.
 *
 * @param {number[]} off
 * @param {number[]} on of the same length
 */
export function compare(off, on) {
  if (off.length !== on.length) throw new RangeError("a pair is missing a half");
  return {
    off: spread(off),
    on: spread(on),
    ratio: spread(off.map((value, index) => on[index] / value)),
    difference: spread(off.map((value, index) => on[index] - value)),
  };
}
