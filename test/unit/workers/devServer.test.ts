import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import getPort from 'get-port';
import { expect, test, vi } from 'vitest';
import { lockHolder } from '../../../workers/supervisor/processLock.ts';
import { identifySelf } from '../../../workers/supervisor/procfs.ts';
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
  const mine = await claimPort(host, [port, next], { folder });
  const yours = await claimPort(host, [port, next], { folder });
  expect([mine.port, yours.port]).toEqual([port, next]);
  await expect(claimPort(host, [port, next], { folder })).rejects.toMatchObject({
    type: 'StackUnavailable',
    message: expect.stringMatching(/^no port from \d+ to \d+ on 127\.0\.0\.1 is free/),
  });
  await mine.release();
  expect((await claimPort(host, [port, next], { folder })).port).toBe(port);
  await yours.release();
  expect(await readdir(folder)).toEqual([`${port}.lock`]);
});

test('the port of a stack that crashed is kept for it while there are others', async () => {
  const folder = join(await folderForTest(), 'locks');
  const port = await getPort({ host });
  const next = await getPort({ host, port: port + 1 });
  await (await claimPort(host, [port], { folder })).release();
  const path = join(folder, `${port}.lock`);
  await writeFile(path, JSON.stringify({ ...identifySelf(), startTime: 1 }));
  const other = await claimPort(host, [port, next], { folder });
  expect(other.port).toBe(next);
  const own = await claimPort(host, [port, next], { folder, previous: port });
  expect(own.port).toBe(port);
  await own.release();
  await writeFile(path, JSON.stringify({ ...identifySelf(), startTime: 1 }));
  // Better than none.
  expect((await claimPort(host, [port, next], { folder })).port).toBe(port);
  await other.release();
});

test('a crashed stack waits for its own server to be gone', async () => {
  const folder = join(await folderForTest(), 'locks');
  const dying = createServer().listen(0, host);
  await once(dying, 'listening');
  const { port } = dying.address() as { port: number };
  await (await claimPort(host, [await getPort({ host })], { folder })).release();
  const lock = join(folder, `${port}.lock`);
  await writeFile(lock, JSON.stringify({ ...identifySelf(), startTime: 1 }));
  const claiming = claimPort(host, [await getPort({ host })], { folder, previous: port });
  // It has found the port taken once it holds the lock.
  await vi.waitFor(async () => expect(await lockHolder(lock)).toBeDefined());
  dying.close();
  expect((await claiming).port).toBe(port);
});

test('a lock that cannot be read counts as taken', async () => {
  const folder = join(await folderForTest(), 'locks');
  const port = await getPort({ host });
  const next = await getPort({ host, port: port + 1 });
  await (await claimPort(host, [port], { folder })).release();
  await mkdir(join(folder, `${port}.lock`));
  const { port: taken } = await claimPort(host, [port, next], { folder, previous: port });
  expect(taken).toBe(next);
});
