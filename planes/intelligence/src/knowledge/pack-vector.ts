/** A vector of length 1, so that how near two are is the sum of their products. */
export function packVector(values: readonly number[]): Buffer {
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)) || 1;
  const packed = Buffer.alloc(values.length * Float32Array.BYTES_PER_ELEMENT);
  for (const [at, value] of values.entries()) packed.writeFloatLE(value / length, at * 4);
  return packed;
}

/** As floats, whatever the place of the bytes in memory. */
export const unpackVector = (packed: Buffer): Float32Array =>
  new Float32Array(new Uint8Array(packed).buffer);

export function nearness(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) sum += (a[at] ?? 0) * (b[at] ?? 0);
  return sum;
}
