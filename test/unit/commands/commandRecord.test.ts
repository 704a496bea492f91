import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { type CommandRecord, createCommandStore } from '../../../workers/commands/commandRecord.ts';
import { deviceId, leaseOf } from '../../support/deviceRig.ts';
import { folderForTest } from '../../support/modelFolder.ts';

const lease = leaseOf(3);

const record = (leaseId: string): CommandRecord => ({
  lease: { ...lease, leaseId },
  requestId: leaseId,
  holder: { workflowId: 'w', runId: 'r' },
  label: 'train.py',
  trustDomain: 'nlp',
  leaseFile: '/x',
  cgroup: null,
  cores: { [deviceId]: '0-3' },
  group: { pgid: 7, startTime: 8, session: 7, bootId: 'b' },
  expiresAt: 1,
});

test('commands are found again; a damaged record is reported and spoils no other', async () => {
  const folder = await folderForTest();
  const logged: string[] = [];
  const logger = pino({ level: 'error' }, { write: (line) => logged.push(line) });
  const store = createCommandStore(folder, logger);
  expect(await store.load()).toEqual([]);
  await store.save(record('a'));
  await store.save({ ...record('a'), expiresAt: 2 });
  await store.save(record('b.2'));
  await store.save(record('c'));
  await store.remove('c');
  await writeFile(join(folder, 'broken.json'), '{"lease":');
  await writeFile(join(folder, '.a.json.123.partial'), '{');
  const again = createCommandStore(folder, logger);
  expect(await again.load()).toEqual([{ ...record('a'), expiresAt: 2 }, record('b.2')]);
  expect(logged.join()).toMatch(/broken\.json/);
});
