import type { FileHandle } from 'node:fs/promises';
import { countBorders } from '../files/countBorders.ts';
import { lineStartAt, readLines, unfinishedLineAt } from '../files/lines.ts';
import type { TextBorder, TextBorders, TextPosition } from '../files/textFormat.ts';
import type { PlanOptions } from '../recordSource.ts';
import { blankLimit, isBlankLine } from './blankLine.ts';

/** Up to here lines are counted; beyond, their number is estimated from samples. */
export const countedBytes = 64 * 1024 * 1024;

const samples = 32;
const sampleBytes = 256 * 1024;

/** Borders at beginnings of lines, found by seeking; blank lines do not count. */
export async function planLines(
  file: FileHandle,
  from: TextPosition,
  to: number,
  options: PlanOptions & { countUpTo?: number },
): Promise<TextBorders> {
  const tailAt = Math.max(from.at, await unfinishedLineAt(file, to));
  return to - from.at <= (options.countUpTo ?? countedBytes)
    ? countLines(file, from, to, tailAt, options)
    : estimateLines(file, from, to, tailAt, options);
}

async function countLines(
  file: FileHandle,
  from: TextPosition,
  to: number,
  tailAt: number,
  options: PlanOptions,
): Promise<TextBorders> {
  let line = from.line;
  let tail: TextPosition | undefined;
  async function* records(): AsyncGenerator<TextPosition> {
    const { signal } = options;
    for await (const found of readLines(file, from.at, to, { limit: blankLimit, signal })) {
      if (found.at === tailAt) tail = { at: tailAt, line };
      if (found.cut || !isBlankLine(found.bytes)) yield { at: found.at, line };
      if (line !== null) line += 1;
    }
  }
  const borders = await countBorders(records(), to, options);
  return { borders, exact: true, tail: tail ?? { at: to, line } };
}

async function estimateLines(
  file: FileHandle,
  from: TextPosition,
  to: number,
  tailAt: number,
  { partitionRecords, maxPartitions, signal }: PlanOptions,
): Promise<TextBorders> {
  const size = to - from.at;
  const chunk = Buffer.allocUnsafe(sampleBytes);
  let seen = 0;
  let lines = 0;
  for (let index = 0; index < samples; index += 1) {
    signal?.throwIfAborted();
    const at = from.at + Math.floor(((size - sampleBytes) * index) / (samples - 1));
    const { bytesRead } = await file.read(chunk, 0, sampleBytes, Math.max(from.at, at));
    seen += bytesRead;
    for (let end = -1; ; lines += 1) {
      end = chunk.subarray(0, bytesRead).indexOf(10, end + 1);
      if (end < 0) break;
    }
  }
  const records = Math.max(1, Math.round((lines * size) / seen));
  const wanted = Math.min(maxPartitions, Math.ceil(records / partitionRecords));
  const borders: TextBorder[] = [{ ...from, records: 0 }];
  for (let index = 1; index < wanted; index += 1) {
    signal?.throwIfAborted();
    const at = await lineStartAt(file, from.at + Math.floor((size * index) / wanted), to);
    if (at > (borders.at(-1) as TextBorder).at && at < to) {
      borders.push({ at, line: null, records: 0 });
    }
  }
  borders.forEach((border, index) => {
    const end = borders[index + 1]?.at ?? to;
    border.records = Math.max(1, Math.round((records * (end - border.at)) / size));
  });
  return { borders, exact: false, tail: { at: tailAt, line: null } };
}
