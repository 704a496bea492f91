import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { createPoolLink } from '../../../workers/pool/poolLink.ts';
import { defaultPoolConfig, type HostView } from '../../../workflows/contracts/pool/messages.ts';

const clearing = { deviceId: 'd', epoch: 3, leaseId: 'l' };
const view: HostView = {
  ...{ pool: 'p', hostId: 'h', generation: 'g', sequence: 1, leases: [] },
  clearing: [clearing],
};

test('a host goes down although something does not end; it is reported as working, not as cleared', async () => {
  const end = vi.fn(() => new Promise<void>(() => undefined));
  const report = vi.fn(async (_: object) => {});
  const signal = vi.fn(async () => {});
  const link = createPoolLink({
    ...{ pool: 'p', hostId: 'h', generation: 'g', patienceMs: 20 },
    devices: [{ deviceId: 'd' } as never],
    resources: { cpuMilli: 1, memoryMib: 1 },
    config: defaultPoolConfig,
    server: { report, signal, view: async () => view, handOver: async () => undefined } as never,
    work: {
      end,
      working: () => [{ deviceId: 'd', epoch: 3 }],
      live: async () => [],
      epochs: async () => ({ d: 3 }),
    } as never,
    logger: pino({ level: 'silent' }),
  });
  link.start();
  await vi.waitFor(() => expect(end).toHaveBeenCalled());
  await link.drain();
  await link.stop();
  expect(report).toHaveBeenLastCalledWith(
    expect.objectContaining({ draining: true, working: [{ deviceId: 'd', epoch: 3 }] }),
  );
  expect(signal).not.toHaveBeenCalled();
});
