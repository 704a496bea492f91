import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { createEndings, leaseOver } from '../../../workers/pool/endings.ts';
import type { Epoch } from '../../../workers/pool/epochKey.ts';
import type { HostView } from '../../../workflows/contracts/pool/messages.ts';

const clearing = (...epochs: Epoch[]): HostView => ({
  ...{ pool: 'p', hostId: 'h', generation: 'g', sequence: 1, leases: [] },
  clearing: epochs.map((epoch) => ({ ...epoch, leaseId: 'l' })),
});
const one = { deviceId: 'd', epoch: 3 };

function rig() {
  const end = vi.fn(async () => {});
  const signal = vi.fn(async () => {});
  const endings = createEndings({
    hostId: 'h',
    work: { end } as never,
    server: { signal } as never,
    logger: pino({ level: 'silent' }),
  });
  return { end, signal, endings };
}

test('what the pool waits for is ended first and told then', async () => {
  const { end, signal, endings } = rig();
  let finish = () => {};
  end.mockImplementation(() => new Promise((resolve) => (finish = resolve)));
  endings.clear(clearing(one));
  endings.clear(clearing(one));
  await vi.waitFor(() => expect(end).toHaveBeenCalledOnce());
  expect(signal).not.toHaveBeenCalled();
  finish();
  await vi.waitFor(() =>
    expect(signal).toHaveBeenCalledExactlyOnceWith('cleared', { hostId: 'h', ...one }),
  );
});

test('a pool that did not hear it is told again, without ending it again', async () => {
  const { end, signal, endings } = rig();
  signal.mockRejectedValueOnce(new Error('away'));
  endings.clear(clearing(one));
  await vi.waitFor(() => expect(signal).toHaveBeenCalledTimes(1));
  await vi.waitFor(() => {
    endings.clear(clearing(one));
    expect(signal).toHaveBeenCalledTimes(2);
  });
  expect(end).toHaveBeenCalledOnce();
});

test('what could not be ended is not told, and tried again', async () => {
  const { end, signal, endings } = rig();
  end.mockRejectedValueOnce(new Error('disk full'));
  endings.clear(clearing(one));
  await vi.waitFor(() => {
    endings.clear(clearing(one));
    expect(signal).toHaveBeenCalled();
  });
  expect(end).toHaveBeenCalledTimes(2);
});

test('a lease is ended once for all its devices', async () => {
  const { end, endings } = rig();
  const two = { deviceId: 'e', epoch: 4 };
  const why = { reason: 'expired', message: 'its lease has expired' };
  endings.end({ leaseId: 'l', epochs: [one, two] }, why);
  endings.end({ leaseId: 'l', epochs: [two] }, leaseOver);
  await endings.settled();
  expect(end).toHaveBeenCalledExactlyOnceWith({ leaseId: 'l', epochs: [one, two] }, why, false);
});

test('only what the pool waits for is ended with notice, and with the reason of the pool', async () => {
  const { end, endings } = rig();
  const revoked = { reason: 'max-time', message: 'it has run for its 2 s' };
  const view = clearing(one);
  endings.clear({ ...view, clearing: view.clearing.map((share) => ({ ...share, revoked })) });
  await endings.settled();
  const [lease, why, withNotice] = end.mock.calls[0] as unknown[];
  expect({ lease, why, withNotice }).toMatchObject({
    ...{ lease: { leaseId: 'l', epochs: [one] }, why: revoked, withNotice: true },
  });
});

test('what is being ended with notice is ended at once when somebody else may have the device', async () => {
  const { end, endings } = rig();
  const unknown = { reason: 'over', message: 'the pool knows no such lease' };
  endings.clear(clearing(one));
  endings.end({ leaseId: null, epochs: [one] }, unknown);
  endings.end({ leaseId: null, epochs: [one] }, unknown);
  await endings.settled();
  const notices = end.mock.calls.map((call: unknown[]) => call[2]);
  expect(notices).toEqual([true, false]);
});
