import { z } from 'zod';
import { type PoolConfig, poolNamePattern } from '../../workflows/contracts/pool/messages.ts';

/** A pool that this host lends devices to. */
export interface PoolSetting {
  name: string;
  /** Labels of its devices; null: every device that no other pool names. */
  labels: string[] | null;
}

const labelPattern = /^[A-Za-z0-9._-]+$/;

/**
 * BERTH_POOL: a pool's name, for all devices of the host, or `name=label,label;name=label`, where one
 * name without labels takes the rest.
 * @returns what is wrong, as a text, or the pools in the order given
 */
export function parsePools(text: string): PoolSetting[] | string {
  const pools: PoolSetting[] = [];
  for (const part of text.split(';')) {
    const at = part.indexOf('=');
    const name = at < 0 ? part : part.slice(0, at);
    const labels = at < 0 ? null : part.slice(at + 1).split(',');
    if (!poolNamePattern.test(name)) {
      return `pool name "${name}": expected lower-case letters, digits, . _ -, such as default`;
    }
    if (labels?.some((label) => !labelPattern.test(label))) {
      return `devices of pool ${name}: expected labels such as ${name}=cuda0,cuda1 (see berth devices)`;
    }
    pools.push({ name, labels });
  }
  const all = pools.flatMap(({ labels }) => labels ?? []);
  const twice =
    firstTwice(pools.map(({ name }) => name)) ??
    firstTwice(all) ??
    (pools.filter(({ labels }) => labels === null).length > 1
      ? 'the rest of the devices'
      : undefined);
  return twice === undefined ? pools : `${twice} is named twice`;
}

function firstTwice(values: readonly string[]): string | undefined {
  return values.find((value, index) => values.indexOf(value) !== index);
}

const ms = z.number().positive();
const count = z.number().int().nonnegative();

const timesSchema = z.strictObject({
  heartbeatMs: ms.optional(),
  hostLapseMs: ms.optional(),
  leaseLifeMs: ms.optional(),
  graceMs: z.number().nonnegative().optional(),
  minRunMs: z.number().nonnegative().optional(),
  usageHalfLifeMs: ms.optional(),
  agingMs: ms.optional(),
  maxWaiting: count.optional(),
  maxMoves: count.optional(),
  rememberMs: ms.optional(),
}) satisfies z.ZodType<Partial<PoolConfig>>;

/**
 * BERTH_POOL_TIMES, for tests: JSON of a part of PoolConfig, which a pool started by this host is
 * given, and whose times this host keeps itself.
 * @returns what is wrong, as a text, or the values
 */
export function parsePoolTimes(text: string): Partial<PoolConfig> | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'expected JSON such as {"heartbeatMs":500}';
  }
  const parsed = timesSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return `${issue?.path.join('.') || 'value'}: ${issue?.message}`;
}
