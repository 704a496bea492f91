import { bitsOf } from './mutateSafetensors.ts';

/** The rules once more, written plainly over JSON.parse and BigInt; slow and simple on purpose. */
export function brokenRules(file: Buffer): string[] {
  const broken: string[] = [];
  const length = Number(file.readBigUInt64LE(0));
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
    file.subarray(8, 8 + length),
  );
  if (!text.startsWith('{')) broken.push('begins with {');
  const header = JSON.parse(text) as Record<string, unknown>;
  // JSON.parse keeps one of two equal keys, so a text with duplicates is longer than its re-encoding.
  const compact = (s: string) => s.replace(/\s/g, '').replace(/\\u[0-9a-fA-F]{4}|\\./g, '~').length;
  if (compact(JSON.stringify(header)) !== compact(text)) broken.push('no duplicate keys');
  const { __metadata__: metadata = {}, ...tensors } = header;
  if (Object.values(metadata as object).some((value) => typeof value !== 'string')) {
    broken.push('metadata is string to string');
  }
  const spans: [bigint, bigint][] = [];
  for (const tensor of Object.values(tensors) as Record<string, unknown>[]) {
    if (Object.keys(tensor).sort().join() !== 'data_offsets,dtype,shape') broken.push('keys');
    const shape = tensor.shape as number[];
    const [begin, end] = tensor.data_offsets as [number, number];
    if (![...shape, begin, end].every((n) => Number.isSafeInteger(n) && n >= 0)) {
      broken.push('whole numbers');
    }
    const bits = shape.reduce((a, b) => a * BigInt(b), BigInt(bitsOf[String(tensor.dtype)] ?? -1));
    if (bits < 0n || bits !== 8n * (BigInt(end) - BigInt(begin))) broken.push('size');
    spans.push([BigInt(begin), BigInt(end)]);
  }
  spans.sort((a, b) => Number(a[0] - b[0]) || Number(a[1] - b[1]));
  let at = 0n;
  for (const [begin, end] of spans) {
    if (begin !== at) broken.push('contiguous');
    at = end;
  }
  if (at !== BigInt(file.length - 8 - length)) broken.push('ends at the end of the file');
  return broken;
}
