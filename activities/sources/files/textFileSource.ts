import { z } from 'zod';
import type { PartitionBounds, SourceKind } from '../../../workflows/contracts/backfill/source.ts';
import type { ChangesOptions, PlanOptions, RecordSource } from '../recordSource.ts';
import {
  changedFile,
  compareFile,
  type FileStamp,
  fileStampSchema,
  openSource,
} from './fileStamp.ts';
import type { TextFile } from './textFile.ts';
import type { TextBorders, TextFormat, TextPosition } from './textFormat.ts';

const position = z.object({
  at: z.number().int().nonnegative(),
  line: z.number().int().nullable(),
});
const start = position.extend({ file: fileStampSchema });
const tokenSchema = z.object({ file: fileStampSchema, tail: position });

/** A source over one file whose records lie behind each other: JSONL, CSV. */
export function createTextFileSource(
  kind: SourceKind,
  text: TextFile,
  format: TextFormat,
): RecordSource {
  async function planRange(from: TextPosition, file: FileStamp, options: PlanOptions) {
    const plain = await text.plain(file, options.scratch, options.signal);
    const handle = await openSource(plain);
    try {
      // What is appended from now on is the next round's.
      const to = text.packed ? (await handle.stat()).size : file.size;
      const found = await format.plan(handle, from, to, options);
      await text.require(file);
      return { ...found, to };
    } finally {
      await handle.close();
    }
  }

  return {
    kind,
    async plan(options) {
      const file = await text.stamp();
      const found = await planRange({ at: 0, line: 1 }, file, options);
      return {
        fingerprint: [file.size, file.mtime, file.sample].join('-'),
        records: total(found),
        exact: found.exact,
        partitions: toPartitions(found, file, 0),
        changeToken: JSON.stringify({ file, tail: found.tail }),
      };
    },

    async *read(partition, cursor, { scratch, signal }) {
      const { file, ...first } = start.parse(JSON.parse(partition.from));
      const from = cursor === null ? first : position.parse(JSON.parse(cursor));
      const { at: to } = position.parse(JSON.parse(partition.to ?? ''));
      if (from.at >= to) return;
      await text.require(file);
      const handle = await openSource(await text.plain(file, scratch, signal));
      try {
        yield* format.read(handle, from, to, signal);
        await text.require(file);
      } finally {
        await handle.close();
      }
    },

    /**
     * What was appended. A file that begins as planned but was changed further on is read again as
     * a whole: records that are as they were cost no embedding.
     * @throws BerthError SourceChanged for one that shrank or begins otherwise, and for packed ones
     */
    async changesSince(options: ChangesOptions) {
      const token = tokenSchema.parse(JSON.parse(options.changeToken));
      // Before it is compared: what comes in between is found now or in the next round.
      const file = await text.stamp();
      const change = await compareFile(text.path, token.file);
      if (change === 'none' || (text.packed && change === 'touched')) {
        const changeToken = JSON.stringify({ file, tail: token.tail });
        return { partitions: [], records: 0, changeToken };
      }
      if (change === 'shrunk') throw changedFile(text.path, 'has shrunk');
      if (change === 'replaced') throw changedFile(text.path, 'was replaced');
      if (text.packed) throw changedFile(text.path, 'was rewritten');
      const from = change === 'appended' ? token.tail : { at: 0, line: 1 };
      const found = await planRange(from, file, options);
      return {
        partitions: toPartitions(found, file, options.firstIndex),
        records: total(found),
        changeToken: JSON.stringify({ file, tail: found.tail }),
      };
    },

    async close() {},
  };
}

const total = ({ borders }: TextBorders): number =>
  borders.reduce((sum, { records }) => sum + records, 0);

function toPartitions(
  { borders, to }: TextBorders & { to: number },
  file: FileStamp,
  firstIndex: number,
): PartitionBounds[] {
  return borders.map(({ at, line, records }, index) => {
    const next = borders[index + 1];
    return {
      index: firstIndex + index,
      from: JSON.stringify({ at, line, file }),
      to: JSON.stringify(next ? { at: next.at, line: next.line } : { at: to, line: null }),
      records,
    };
  });
}
