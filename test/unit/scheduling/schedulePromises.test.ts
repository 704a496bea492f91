import { expect, it } from 'vitest';
import { clearDevice } from '../../../workflows/scheduling/events/clearDevice.ts';
import { schedule } from '../../../workflows/scheduling/schedule.ts';
import {
  gpus,
  holding,
  noon,
  poolWith,
  reportOf,
  requestOf,
  teamOf,
  teamsOf,
  withWaiting,
} from '../../support/poolState.ts';

const minute = 60_000;
const part = (milli: number) => ({ milli, memoryMib: milli * 20 });

/** Blue takes its quota back from red, whose fraction is alone on the only device. */
function reclaiming() {
  const teams = teamsOf({ blue: teamOf({ quota: { milli: 500 } }), red: teamOf() });
  const pool = poolWith([reportOf('h1', gpus('h1', 1))], teams);
  const red = requestOf('r', part(400), { team: 'red', preemptible: true });
  const ran = { grantedAt: noon - 30 * minute, renewedAt: noon, expiresAt: noon + 15 * minute };
  const held = holding(pool, red, ['h1.gpu0'], { ...ran, share: part(400) });
  const waiting = withWaiting(held, [requestOf('b', part(400), { team: 'blue' })]);
  return schedule(waiting, noon + 1);
}

it('a part of a device is kept until another trust domain has left it for certain', () => {
  const noticed = reclaiming();
  expect(noticed.revocations).toMatchObject([{ leaseId: 'r', reason: 'reclaimed' }]);
  const later = noon + 1 + noticed.state.config.graceMs;
  const over = schedule(noticed.state, later);
  expect(over.expiries).toMatchObject([{ leaseId: 'r' }]);
  expect(over.grants).toEqual([]);
  expect(over.state.waiting.b?.promised).not.toBeNull();
  const [share] = over.state.devices['h1.gpu0']!.clearing;
  const message = { hostId: 'h1', deviceId: 'h1.gpu0', epoch: share!.epoch };
  const cleared = clearDevice(over.state, message, later + 1);
  expect(schedule(cleared, later + 1).grants).toMatchObject([{ requestId: 'b' }]);
});
