import type { SourceSpec } from '../../../workflows/contracts/backfill/source.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { OpenSource, RecordSource } from '../recordSource.ts';

const words =
  'the durable job embeds every record once and keeps its place when a host is lost so that nothing is done twice'.split(
    ' ',
  );

/** Records made of their number, without any reading: what a benchmark counts is the rest. */
export const openSyntheticSource: OpenSource = async (spec) => createSyntheticSource(spec);

export function createSyntheticSource(spec: SourceSpec): RecordSource {
  const records = Number(/^synthetic:(\d{1,12})$/.exec(spec.location)?.[1] ?? Number.NaN);
  if (Number.isNaN(records)) {
    throw berthError('InvalidRequest', `${spec.location}: expected synthetic:<records>`);
  }
  return {
    kind: 'synthetic',
    async plan({ partitionRecords, maxPartitions }) {
      const each = Math.max(partitionRecords, Math.ceil(records / maxPartitions));
      const partitions = Array.from({ length: Math.ceil(records / each) }, (_, index) => ({
        index,
        from: String(index * each),
        to: String(Math.min(records, (index + 1) * each)),
        records: Math.min(each, records - index * each),
      }));
      return {
        fingerprint: `synthetic-${records}`,
        records,
        exact: true,
        partitions,
        changeToken: null,
      };
    },
    async *read(partition, cursor, { signal }) {
      const to = Number(partition.to);
      for (let number = Number(cursor ?? partition.from); number < to; number += 1) {
        signal?.throwIfAborted();
        const record = syntheticRecord(number);
        yield { record, place: `record ${number}`, next: String(number + 1) };
      }
    },
    async close() {},
  };
}

/** After so many records the sentences are the same again. */
const period = words.length * 17 * 5;
const sentences = Array.from({ length: period }, (_, number) =>
  Array.from(
    { length: 8 + (number % 17) },
    (_, index) => words[(number * 7 + index * (1 + (number % 5))) % words.length],
  ).join(' '),
);

/** The same record for the same number, no two alike. */
function syntheticRecord(number: number) {
  return {
    id: `synthetic-${number}`,
    text: `Record ${number}: ${sentences[number % period]}.`,
    metadata: { number, group: `g${number % 10}` },
  };
}
