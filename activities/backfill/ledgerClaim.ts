import type { ClaimEntry, Claimed, PageClaim } from './ledger.ts';
import { pageKey, recordKey } from './ledgerKeys.ts';
import { dropFromSample, offerToSample, type SampleTurn } from './ledgerSample.ts';
import { type LedgerTables, putTotals, type RecordRow, readTotals } from './ledgerTables.ts';

/** Ledger.claim, inside a transaction. */
export function claimPage(tables: LedgerTables, claim: PageClaim): Claimed[] {
  const { sourceName, sample: limit } = claim;
  const turn: SampleTurn = { tables, totals: readTotals(tables), sourceName, limit };
  const ids = new Set(claim.entries.map(({ recordId }) => recordId));
  const before = tables.pages.get(pageKey(claim)) ?? [];
  for (const id of before) if (!ids.has(id)) withdraw(turn, claim, id);
  const positions = new Map<string, number>();
  const answers = claim.entries.map((entry, position): Claimed => {
    const first = positions.get(entry.recordId);
    if (first !== undefined) return duplicateOf(claim.partition, claim.page, first);
    positions.set(entry.recordId, position);
    return claimRecord(turn, claim, entry, position);
  });
  const claimed = claim.entries.filter((_, index) => answers[index]?.kind === 'claimed');
  tables.pages.putSync(
    pageKey(claim),
    claimed.map(({ recordId }) => recordId),
  );
  enterFailures(turn, claim);
  putTotals(tables, turn.totals);
  return answers;
}

function claimRecord(
  turn: SampleTurn,
  claim: PageClaim,
  entry: ClaimEntry,
  position: number,
): Claimed {
  const { tables, totals } = turn;
  const { recordId, recordDigest, chunks } = entry;
  const { key, plain } = recordKey(recordId);
  const known = tables.records.get(key);
  const digest = Buffer.from(recordDigest, 'hex');
  let mostChunks = chunks.length;
  let again = false;
  if (known !== undefined) {
    const [, partition, page, knownPosition, round, knownChunks, most, knownDigest, was] = known;
    const own = partition === claim.partition && page === claim.page;
    if (!own && round > claim.round) return { kind: 'superseded' };
    if (!own && round === claim.round) return duplicateOf(partition, page, knownPosition);
    again = (!own || was) && digest.equals(knownDigest);
    mostChunks = Math.max(most, mostChunks);
    dropFromSample(turn, recordId, knownChunks);
    totals.points += chunks.length - knownChunks;
  } else {
    totals.records += 1;
    totals.points += chunks.length;
  }
  const row: RecordRow = [
    plain ? null : recordId,
    claim.partition,
    claim.page,
    position,
    claim.round,
    chunks.length,
    mostChunks,
    digest,
    again,
  ];
  tables.records.putSync(key, row);
  offerToSample(turn, entry);
  return { kind: 'claimed', mostChunks, again };
}

function duplicateOf(partition: number, page: number, position: number): Claimed {
  return { kind: 'duplicate', first: { partition, page, position } };
}

/** Takes back what an earlier attempt at this page claimed and this one does not have. */
function withdraw(turn: SampleTurn, claim: PageClaim, recordId: string): void {
  const { tables, totals } = turn;
  const { key } = recordKey(recordId);
  const known = tables.records.get(key);
  if (known === undefined || known[1] !== claim.partition || known[2] !== claim.page) return;
  tables.records.removeSync(key);
  dropFromSample(turn, recordId, known[5]);
  totals.records -= 1;
  totals.points -= known[5];
}

function enterFailures({ tables, totals }: SampleTurn, claim: PageClaim): void {
  const { partition, page, failed } = claim;
  const key = pageKey(claim);
  const [before, unnamedBefore] = tables.pageFailures.get(key) ?? [[], 0];
  for (const id of before) {
    const failedKey = recordKey(id).key;
    const [ofPartition, ofPage] = tables.failed.get(failedKey) ?? [];
    if (ofPartition === partition && ofPage === page) tables.failed.removeSync(failedKey);
  }
  const named = failed.flatMap(({ recordId }) => (recordId === null ? [] : [recordId]));
  const unnamed = failed.length - named.length;
  totals.unnamed += unnamed - unnamedBefore;
  for (const id of named) tables.failed.putSync(recordKey(id).key, [partition, page]);
  if (failed.length > 0) tables.pageFailures.putSync(key, [named, unnamed]);
  else if (before.length + unnamedBefore > 0) tables.pageFailures.removeSync(key);
}
