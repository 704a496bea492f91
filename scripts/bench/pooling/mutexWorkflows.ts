import {
  condition,
  continueAsNew,
  defineSignal,
  getExternalWorkflowHandle,
  proxyActivities,
  proxySinks,
  setHandler,
  sleep,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type { CycleInput, CycleSinks } from './cycles.ts';
import type { MutexActivities } from './mutexActivities.ts';

/**
 * The mutex of temporalio/samples-typescript (mutex/src/workflows.ts): a requester's activity
 * signals-with-start the lock, which serves one requester after the other, names a secret signal to
 * it and waits for that signal. Differences: the hand-over at 2,000 events is the server's
 * suggestion, and a requester asks again and again.
 */
export interface LockRequest {
  initiatorId: string;
  timeoutMs: number;
}

interface LockResponse {
  releaseSignalName: string;
}

export const lockRequestSignal = defineSignal<[LockRequest]>('lock-requested');
export const lockAcquiredSignal = defineSignal<[LockResponse]>('lock-acquired');

/** Longer than anybody holds: the sample would hand the lock to a second holder. */
const lockTimeoutMs = 10 * 60_000;

const { signalWithStartLockWorkflow } = proxyActivities<MutexActivities>({
  startToCloseTimeout: '1 minute',
});
const { cycles } = proxySinks<CycleSinks>();

export async function lockWorkflow(requests: LockRequest[] = []): Promise<void> {
  setHandler(lockRequestSignal, (request) => {
    requests.push(request);
  });
  while (!workflowInfo().continueAsNewSuggested) {
    await condition(() => requests.length > 0);
    const request = requests.shift();
    if (request === undefined) continue;
    const workflow = getExternalWorkflowHandle(request.initiatorId);
    const releaseSignalName = uuid4();
    await workflow.signal(lockAcquiredSignal, { releaseSignalName });
    let released = false;
    setHandler(defineSignal(releaseSignalName), () => {
      released = true;
    });
    await condition(() => released, request.timeoutMs);
  }
  await continueAsNew<typeof lockWorkflow>(requests);
}

export async function lockRequesterWorkflow({ resource, holdMs }: CycleInput): Promise<void> {
  let releaseSignalName = '';
  setHandler(lockAcquiredSignal, (response) => {
    ({ releaseSignalName } = response);
  });
  for (;;) {
    const askedAt = Date.now();
    releaseSignalName = '';
    await signalWithStartLockWorkflow(resource, lockTimeoutMs);
    await condition(() => releaseSignalName !== '');
    cycles.granted(Date.now() - askedAt);
    if (holdMs > 0) await sleep(holdMs);
    await getExternalWorkflowHandle(resource).signal(releaseSignalName);
    cycles.released();
  }
}
