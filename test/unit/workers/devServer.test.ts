import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import getPort from 'get-port';
import { expect, test } from 'vitest';
import { claimPort } from '../../../workers/temporal/claimPort.ts';
import { claimDevServerPorts } from '../../../workers/temporal/devServer.ts';
import { folderForTest } from '../../support/modelFolder.ts';

const host = '127.0.0.1';

test('ports of the run before are taken again, and left alone when somebody has them', async () => {
  const folder = await folderForTest();
  const holder = createServer().listen(0, host);
  await once(holder, 'listening');
  const { port } = holder.address() as { port: number };
  try {
    const other = await claimDevServerPorts({ frontend: port, ui: port }, folder);
    expect(other.ports.frontend).not.toBe(port);
    expect(other.ports.ui).not.toBe(port);
    await other.release();
  } finally {
    holder.close();
    await once(holder, 'close');
  }
  const again = await claimDevServerPorts({ frontend: port, ui: port + 1 }, folder);
  expect(again.ports.frontend).toBe(port);
  await again.release();
});

test('a port stays claimed while nothing listens on it, until it is released', async () => {
  const folder = join(await folderForTest(), 'locks');
  const port = await getPort({ host });
  const next = await getPort({ host, port: port + 1 });
  const mine = await claimPort(host, [port, next], folder);
  const yours = await claimPort(host, [port, next], folder);
  expect([mine.port, yours.port]).toEqual([port, next]);
  await expect(claimPort(host, [port, next], folder)).rejects.toMatchObject({
    type: 'StackUnavailable',
    message: expect.stringMatching(/^no port from \d+ to \d+ on 127\.0\.0\.1 is free/),
  });
  await mine.release();
  expect((await claimPort(host, [port, next], folder)).port).toBe(port);
  await yours.release();
  expect(await readdir(folder)).toEqual([`${port}.lock`]);
});
