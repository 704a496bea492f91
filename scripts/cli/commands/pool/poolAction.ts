import type { Command } from 'commander';
import type { PoolClient } from '../../../../workers/client/pool/poolClient.ts';
import { defineAction, type Invocation, type Registry } from '../../action.ts';
import type { Outcome } from '../../cli.ts';

export interface PoolInvocation<O> extends Invocation<O> {
  pool: PoolClient;
}

/** An action on one pool: adds `--pool`. */
export function definePoolAction<O = object>(
  registry: Registry,
  command: Command,
  run: (invocation: PoolInvocation<O>, ...operands: string[]) => Promise<Outcome>,
): void {
  command.option('--pool <name>', 'pool to ask (default: the first of BERTH_POOL)');
  defineAction<O & { pool?: string }>(registry, command, async (invocation, ...operands) => {
    const pool = invocation.berth.pool(invocation.options.pool);
    return run({ ...invocation, pool }, ...operands);
  });
}
