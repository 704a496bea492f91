import type {
  EmbedPageResult,
  FailureCounts,
  PartitionCounts,
  RecordFailureKind,
  StoreCounts,
  WritePageResult,
} from '../contracts/backfill/pages.ts';

export const noCounts = (): PartitionCounts => ({
  pages: 0,
  records: 0,
  again: 0,
  chunks: 0,
  tokens: 0,
  embedded: 0,
  reused: 0,
  failed: {},
  stores: {},
  remade: 0,
});

const noStoreCounts = (): StoreCounts => ({ written: 0, unchanged: 0, removed: 0, throttled: 0 });

/** The sum of both; neither is changed. */
export function addCounts(a: PartitionCounts, b: PartitionCounts): PartitionCounts {
  const stores = { ...a.stores };
  for (const [store, counts] of Object.entries(b.stores)) {
    stores[store] = addStoreCounts(stores[store] ?? noStoreCounts(), counts);
  }
  return {
    pages: a.pages + b.pages,
    records: a.records + b.records,
    again: (a.again ?? 0) + (b.again ?? 0),
    chunks: a.chunks + b.chunks,
    tokens: a.tokens + b.tokens,
    embedded: a.embedded + b.embedded,
    reused: a.reused + b.reused,
    failed: addFailures(a.failed, b.failed),
    stores,
    remade: a.remade + b.remade,
  };
}

/** What one page came to, once all stores have it. */
export function countPage(
  made: EmbedPageResult,
  written: readonly { store: string; result: WritePageResult }[],
): PartitionCounts {
  const { records, again = 0, chunks, tokens, embedded, reused } = made;
  const failures = written.map(({ result }) => result.failed);
  return {
    ...{ pages: 1, records, again, chunks, tokens, embedded, reused, remade: 0 },
    failed: failures.reduce(addFailures, made.failed),
    stores: Object.fromEntries(
      written.map(({ store, result: { written, unchanged, removed, throttled } }) => [
        store,
        { written, unchanged, removed, throttled },
      ]),
    ),
  };
}

export function totalFailed(failed: FailureCounts): number {
  return Object.values(failed).reduce((sum, count) => sum + count, 0);
}

function addFailures(a: FailureCounts, b: FailureCounts): FailureCounts {
  const sum: FailureCounts = { ...a };
  for (const [kind, count] of Object.entries(b)) {
    const known = kind as RecordFailureKind;
    sum[known] = (sum[known] ?? 0) + count;
  }
  return sum;
}

function addStoreCounts(a: StoreCounts, b: StoreCounts): StoreCounts {
  return {
    written: a.written + b.written,
    unchanged: a.unchanged + b.unchanged,
    removed: a.removed + b.removed,
    throttled: a.throttled + b.throttled,
  };
}
