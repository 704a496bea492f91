/**
 * Element types of safetensors 0.8 (safetensors/src/tensor.rs, `Dtype`), in the library's order:
 * from the least to the most strictly aligned, which is also how its writer sorts tensors.
 */
const table = [
  ['BOOL', 8, 'integer'],
  ['F4', 4, 'float'],
  ['F6_E2M3', 6, 'float'],
  ['F6_E3M2', 6, 'float'],
  ['U8', 8, 'integer'],
  ['I8', 8, 'integer'],
  ['F8_E5M2', 8, 'float'],
  ['F8_E4M3', 8, 'float'],
  ['F8_E8M0', 8, 'float'],
  ['F8_E4M3FNUZ', 8, 'float'],
  ['F8_E5M2FNUZ', 8, 'float'],
  ['I16', 16, 'integer'],
  ['U16', 16, 'integer'],
  ['F16', 16, 'float'],
  ['BF16', 16, 'float'],
  ['I32', 32, 'integer'],
  ['U32', 32, 'integer'],
  ['F32', 32, 'float'],
  ['C64', 64, 'float'],
  ['F64', 64, 'float'],
  ['I64', 64, 'integer'],
  ['U64', 64, 'integer'],
] as const;

export type Dtype = (typeof table)[number][0];

export interface DtypeInfo {
  bits: number;
  /** Position in the library's order; the writer puts higher ranks first. */
  rank: number;
  /** Whether an element can hold NaN or infinity at all. */
  float: boolean;
}

const byName = new Map<string, DtypeInfo>(
  table.map(([name, bits, kind], rank) => [name, { bits, rank, float: kind === 'float' }]),
);

export const dtypeNames: readonly Dtype[] = table.map(([name]) => name);

export function isDtype(name: string): name is Dtype {
  return byName.has(name);
}

/** @returns undefined for a name that safetensors does not know. */
export function dtypeInfo(name: string): DtypeInfo | undefined {
  return byName.get(name);
}

/**
 * Bytes of a tensor.
 * @returns undefined when the count overflows 2^53 − 1 on the way (the library checks each step of
 * the product too), when it is not a whole number of bytes (F4, F6), or for an unknown dtype.
 */
export function tensorBytes(dtype: string, shape: readonly number[]): number | undefined {
  const info = byName.get(dtype);
  if (info === undefined) return undefined;
  let elements = 1;
  for (const dimension of shape) {
    elements *= dimension;
    if (!Number.isSafeInteger(elements)) return undefined;
  }
  const bits = elements * info.bits;
  return Number.isSafeInteger(bits) && bits % 8 === 0 ? bits / 8 : undefined;
}
