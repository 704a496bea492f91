import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { chooseDevServerPorts } from '../../../workers/temporal/devServer.ts';

test('ports of the run before are taken again, and left alone when somebody has them', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as { port: number };
  try {
    const other = await chooseDevServerPorts({ frontend: port, ui: port });
    expect(other.frontend).not.toBe(port);
    expect(other.ui).not.toBe(port);
  } finally {
    holder.close();
    await once(holder, 'close');
  }
  const again = await chooseDevServerPorts({ frontend: port, ui: port + 1 });
  expect(again.frontend).toBe(port);
});
