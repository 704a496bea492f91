import { createHash } from 'node:crypto';
import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { berthError } from '../../workflows/contracts/errors.ts';
import { defaultPool, type PoolConfig } from '../../workflows/contracts/pool/messages.ts';
import { checkUsage } from '../usage/usageLocation.ts';
import { type PoolSetting, parsePools, parsePoolTimes } from './poolSetting.ts';
import { parseScale, parseScaler, type ScalerSetting, type ScaleSetting } from './scalerSetting.ts';
import { parseSize } from './size.ts';

/** Everything that the environment decides, read once at a process's start. */
export interface BerthConfig {
  /** BERTH_HOME: durable state of this host. */
  home: string;
  /** BERTH_SHM: folder on tmpfs or hugetlbfs for scratch and warm copies. */
  shm: string;
  /** BERTH_SHM_BUDGET: bytes that warm copies may take; default half of the file system. */
  shmBudget: number | undefined;
  /** BERTH_SOURCES: folders that workers may read models from (`:`-separated); empty = anywhere. */
  sources: string[];
  /** BERTH_DEVICES: core sets of CPU devices, `[]` for none, `undefined` to discover. */
  devices: string[] | undefined;
  /** BERTH_POOL: pools that this host's devices are lent from. */
  pools: PoolSetting[];
  /** BERTH_POOL_TIMES, for tests: JSON of a part of PoolConfig. */
  poolTimes: Partial<PoolConfig>;
  /** BERTH_USAGE: where ended leases are recorded, a path or a Postgres URL (a secret: never logged). */
  usage: string | undefined;
  /** BERTH_SCALER with BERTH_SCALE: who scales the first pool, and between which bounds. */
  scaling: (ScaleSetting & { scaler: ScalerSetting }) | undefined;
  /** BERTH_METRICS: host:port on which Prometheus may scrape the SDK's and Berth's metrics. */
  metrics: string | undefined;
  /** BERTH_CHROMA: whether the stack runs a Chroma of its own. */
  chroma: boolean;
  /** BERTH_LOG_LEVEL, pino's names. */
  logLevel: string;
}

const coreSet = /^\d+(-\d+)?(,\d+(-\d+)?)*$/;

/** What `parse` makes of a variable; a text is its complaint. */
function parsedText<T extends object>(parse: (text: string) => T | string) {
  return z.string().transform((text, context): T => {
    const result = parse(text);
    if (typeof result !== 'string') return result;
    context.addIssue({ code: 'custom', message: result });
    return z.NEVER;
  });
}

/** Variables whose text is not repeated in a message. */
const secrets = new Set(['BERTH_USAGE']);

const environment = z.object({
  BERTH_HOME: z.string().min(1).optional(),
  BERTH_SHM: z.string().min(1).optional(),
  BERTH_SHM_BUDGET: z
    .string()
    .refine((text) => parseSize(text) !== undefined, 'expected a size such as 16GiB')
    .optional(),
  BERTH_SOURCES: z.string().optional(),
  BERTH_DEVICES: z
    .string()
    .refine(
      (text) => text === 'none' || text.split(';').every((set) => coreSet.test(set)),
      'expected core sets such as 0-3;4-7, or none',
    )
    .optional(),
  BERTH_POOL: parsedText(parsePools).optional(),
  BERTH_POOL_TIMES: parsedText(parsePoolTimes).optional(),
  BERTH_USAGE: z
    .string()
    .superRefine((text, context) => {
      const message = checkUsage(text);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    })
    .optional(),
  BERTH_SCALER: parsedText(parseScaler).optional(),
  BERTH_SCALE: parsedText(parseScale).optional(),
  BERTH_METRICS: z
    .string()
    .regex(/^\S+:\d+$/, 'expected host:port such as 127.0.0.1:9464')
    .optional(),
  BERTH_CHROMA: z.enum(['on', 'off']).default('on'),
  BERTH_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
});

/** Folder in /dev/shm that belongs to this user and this home, so that two stacks keep apart. */
function defaultShm(home: string): string {
  const id = createHash('sha256').update(home).digest('hex').slice(0, 8);
  return join('/dev/shm', `berth-${userInfo().uid}-${id}`);
}

/** @throws BerthError InvalidRequest naming the variable and what it should hold. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): BerthConfig {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(present);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const name = String(issue?.path[0]);
    throw berthError(
      'InvalidRequest',
      `${name}${secrets.has(name) ? '' : `=${env[name]}`}: ${issue?.message}`,
    );
  }
  const values = parsed.data;
  const home = resolve(values.BERTH_HOME ?? join(homedir(), '.berth'));
  return {
    home,
    shm: resolve(values.BERTH_SHM ?? defaultShm(home)),
    shmBudget:
      values.BERTH_SHM_BUDGET === undefined ? undefined : parseSize(values.BERTH_SHM_BUDGET),
    sources: (values.BERTH_SOURCES ?? '')
      .split(':')
      .filter((folder) => folder !== '')
      .map((folder) => resolve(folder)),
    devices:
      values.BERTH_DEVICES === undefined
        ? undefined
        : values.BERTH_DEVICES === 'none'
          ? []
          : values.BERTH_DEVICES.split(';'),
    pools: values.BERTH_POOL ?? [{ name: defaultPool, labels: null }],
    poolTimes: values.BERTH_POOL_TIMES ?? {},
    usage: values.BERTH_USAGE,
    scaling: scalingOf(values.BERTH_SCALER, values.BERTH_SCALE),
    metrics: values.BERTH_METRICS,
    chroma: values.BERTH_CHROMA === 'on',
    logLevel: values.BERTH_LOG_LEVEL,
  };
}

function scalingOf(
  scaler: ScalerSetting | undefined,
  scale: ScaleSetting | undefined,
): BerthConfig['scaling'] {
  if (scaler === undefined) return undefined;
  if (scale !== undefined) return { scaler, ...scale };
  throw berthError(
    'InvalidRequest',
    'BERTH_SCALER is set without BERTH_SCALE: set it to the least and the most devices, such as 1-8',
  );
}
