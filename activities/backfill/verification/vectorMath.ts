/** Cosine similarity in float64; 0 when one of them has no length. */
export function cosine(a: Float32Array, b: Float32Array): number {
  const length = norm(a) * norm(b);
  return length === 0 ? 0 : dot(a, b) / length;
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += (a[index] ?? 0) * (b[index] ?? 0);
  return sum;
}

export const norm = (vector: Float32Array): number => Math.sqrt(dot(vector, vector));
