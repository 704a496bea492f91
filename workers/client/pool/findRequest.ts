import { berthError } from '../../../workflows/contracts/errors.ts';
import type { PoolDescription } from '../../../workflows/contracts/pool/description.ts';

/** Something that waits or holds, under all its names. */
interface Known {
  requestId: string;
  names: string[];
}

const shown = 5;

/**
 * The request that a person means by a request, lease or workflow id, or by the beginning of one.
 * @throws BerthError InvalidRequest when there is none, or more than one
 */
export function findRequest(description: PoolDescription, name: string): string {
  const known: Known[] = [
    ...description.queue.map(({ requestId, holder }) => ({
      requestId,
      names: [requestId, holder.workflowId],
    })),
    ...description.leases.map(({ requestId, leaseId, holder }) => ({
      requestId,
      names: [requestId, leaseId, holder.workflowId],
    })),
  ];
  const exact = idsWhere(known, (own) => own === name);
  const found = exact.length > 0 ? exact : idsWhere(known, (own) => own.startsWith(name));
  const [first] = found;
  const what = `${JSON.stringify(name)} in pool ${description.pool}`;
  if (first === undefined || name === '') {
    throw berthError(
      'InvalidRequest',
      `${what}: expected the id of a request, a lease or its workflow; berth pool lists them`,
    );
  }
  if (found.length > 1) {
    const more = found.length > shown ? `, and ${found.length - shown} more` : '';
    throw berthError(
      'InvalidRequest',
      `${what}: may be ${found.slice(0, shown).join(', ')}${more}; name one of them`,
    );
  }
  return first;
}

/** The lease that a request holds, found as `findRequest` does. */
export function findLease(description: PoolDescription, name: string): string {
  const requestId = findRequest({ ...description, queue: [] }, name);
  return description.leases.find((lease) => lease.requestId === requestId)?.leaseId ?? requestId;
}

function idsWhere(known: Known[], matches: (name: string) => boolean): string[] {
  const ids = known.filter(({ names }) => names.some(matches)).map(({ requestId }) => requestId);
  return [...new Set(ids)];
}
