import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { execa } from 'execa';
import { createPaths } from '../../../activities/platform/paths.ts';
import { findTemporalCli } from '../../../activities/platform/python.ts';
import { embeddedTarget } from '../../../workers/temporal/connection.ts';
import {
  claimDevServerPorts,
  devServerAddress,
  devServerCommand,
} from '../../../workers/temporal/devServer.ts';
import { connectWhenHealthy } from '../../../workers/temporal/namespace.ts';
import { defaultNamespace } from '../../../workflows/contracts/ids.ts';

export interface BenchServer {
  /** `host:port` */
  address: string;
  namespace: string;
  client: Client;
  nativeConnection: NativeConnection;
  /** A folder that goes with it. */
  home: string;
  stop(): Promise<void>;
}

/** The server of a stack, as a stack runs it, empty: every measurement begins with the same. */
export async function startBenchServer(): Promise<BenchServer> {
  const home = await mkdtemp(join(tmpdir(), 'berth-bench-'));
  const { ports, release } = await claimDevServerPorts();
  const namespace = defaultNamespace;
  const { file, args, env } = await devServerCommand(
    findTemporalCli(),
    createPaths(home, home),
    ports,
    namespace,
  );
  const server = execa(file, args, { env, extendEnv: false, stdio: 'ignore', reject: false });
  const undo = async () => {
    server.kill('SIGTERM');
    await server;
    await release();
    await rm(home, { recursive: true, force: true });
  };
  try {
    const address = devServerAddress(ports);
    const connection = await connectWhenHealthy(
      embeddedTarget(address, namespace),
      AbortSignal.timeout(60_000),
    );
    const nativeConnection = await NativeConnection.connect({ address });
    const stop = async () => {
      await nativeConnection.close();
      await connection.close();
      await undo();
    };
    return {
      address,
      namespace,
      client: new Client({ connection, namespace }),
      nativeConnection,
      home,
      stop,
    };
  } catch (error) {
    await undo();
    throw error;
  }
}
