import { randomUUID } from 'node:crypto';
import type { HoldLeaseInput } from '../../../workflows/contracts/pool/hold.ts';
import { wholeDevices } from '../../../workflows/contracts/pool/requests.ts';

/** What one `berth run` asks for; one whole device unless said otherwise. */
export function holdInput(
  pool: string,
  changes: Partial<HoldLeaseInput['request']> = {},
): HoldLeaseInput {
  return {
    pool,
    request: {
      requestId: randomUUID(),
      team: 'nlp',
      priority: 0,
      preemptible: false,
      restartable: false,
      resources: wholeDevices(1),
      expectedSeconds: null,
      maxSeconds: null,
      latencyGoalMs: null,
      label: 'train.py',
      profileKey: null,
      ...changes,
    },
  };
}
