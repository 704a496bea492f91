import { z } from 'zod';
import { parseSize } from '../../../activities/platform/size.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { LinkType } from '../../../workflows/contracts/pool/devices.ts';
import { poolNamePattern } from '../../../workflows/contracts/pool/messages.ts';
import { teamPattern } from '../../../workflows/contracts/pool/teams.ts';
import { parseDuration } from '../../client/duration.ts';

const mib = 2 ** 20;
const links: Record<string, LinkType> = {
  nvlink: 'NV1',
  pix: 'PIX',
  pxb: 'PXB',
  phb: 'PHB',
  node: 'NODE',
  sys: 'SYS',
};

/** Text that `read` makes a value of, or `expected` is what it should have been. */
function text<T>(read: (value: string) => T | undefined, expected: string) {
  return z.string().transform((value, context): T => {
    const result = read(value.trim());
    if (result !== undefined) return result;
    context.addIssue({ code: 'custom', message: `expected ${expected}` });
    return z.NEVER;
  });
}

function numberIn(min: number, max: number, whole = true) {
  return (value: string): number | undefined => {
    const number = /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
    const fits = number >= min && number <= max && (!whole || Number.isInteger(number));
    return fits ? number : undefined;
  };
}

const memory = text((value) => {
  const bytes = parseSize(value);
  return bytes !== undefined && bytes >= mib && bytes <= 2 ** 50
    ? Math.ceil(bytes / mib)
    : undefined;
}, 'a size from 1MiB to 1024TiB, such as 20GiB');

const seconds = text((value) => {
  const ms = parseDuration(value);
  return ms !== undefined && ms > 0 && ms <= 366 * 86_400_000 ? ms / 1000 : undefined;
}, 'a duration of at most 366d, such as 90s, 30m or 2h');

const milliseconds = text((value) => {
  const exact = /^(\d{1,9}) ?ms$/.exec(value)?.[1];
  const ms = exact === undefined ? parseDuration(value) : Number(exact);
  return ms !== undefined && ms > 0 && ms <= 3_600_000 ? ms : undefined;
}, 'a duration of at most 1h, such as 50ms or 2s');

const devices = text(numberIn(1, 1024), 'a whole number from 1 to 1024');
const names = (value: string): string[] | undefined => {
  const list = value.split(',').map((name) => name.trim());
  return list.every((name) => /^[\w .()/+-]{1,100}$/.test(name)) ? list : undefined;
};
const matching = (pattern: RegExp) => (value: string) => (pattern.test(value) ? value : undefined);

const optionSchema = z.object({
  gpus: devices.optional(),
  devices: devices.optional(),
  team: text(matching(teamPattern), 'a path such as nlp or research/nlp/ann, in lower case'),
  memory: memory.optional(),
  fraction: text((value) => {
    const milli = Math.round((numberIn(0, 1, false)(value) ?? 0) * 1000);
    return milli > 0 ? milli : undefined;
  }, 'a part of one device from 0.001 to 1').optional(),
  links: text(
    (value) => (Object.hasOwn(links, value.toLowerCase()) ? links[value.toLowerCase()] : undefined),
    `one of ${Object.keys(links).join(', ')}`,
  ).optional(),
  model: text(names, 'names of models, comma-separated').optional(),
  kind: text(
    matching(/^[a-z][a-z0-9-]{0,30}$/),
    'a kind of device, such as cuda or cpu',
  ).optional(),
  mig: text(
    matching(/^\d{1,2}g\.\d{1,4}gb([+.][\w.]{1,20})?$/),
    'a MIG profile such as 1g.10gb',
  ).optional(),
  priority: text(numberIn(-1000, 1000), 'a whole number from -1000 to 1000'),
  maxTime: seconds.optional(),
  expected: seconds.optional(),
  cpus: text(numberIn(0.001, 100_000, false), 'a number of cores, such as 4 or 0.5').optional(),
  hostMemory: memory.optional(),
  latencyGoal: milliseconds.optional(),
  label: text(matching(/^[^\p{Cc}]{1,80}$/u), 'one line of at most 80 characters').optional(),
  pool: text(matching(poolNamePattern), 'a name such as default, in lower case').optional(),
  preemptible: z.boolean().default(false),
  restartable: z.boolean().default(false),
});
/** As typed on the command line. */
export type RunOptions = z.input<typeof optionSchema>;

/** With units of the pool: MiB, milli, s, ms. */
export type CheckedRunOptions = Omit<z.output<typeof optionSchema>, 'gpus' | 'devices'> & {
  devices: number;
};

/** @throws BerthError InvalidRequest naming the option, what it was and what was expected */
export function checkRunOptions(options: RunOptions): CheckedRunOptions {
  const parsed = optionSchema.safeParse(options);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const name = String(issue?.path[0]);
    const given = options[name as keyof RunOptions];
    throw berthError('InvalidRequest', `--${toKebab(name)} ${given}: ${issue?.message}`);
  }
  return { ...parsed.data, devices: wantedDevices(parsed.data) };
}

function wantedDevices(asked: z.output<typeof optionSchema>): number {
  const { gpus, devices: same, fraction = 1000, mig } = asked;
  if (gpus !== undefined && same !== undefined && gpus !== same) {
    throw berthError('InvalidRequest', `--gpus ${gpus} --devices ${same}: are the same; give one`);
  }
  const count = gpus ?? same ?? 1;
  const given = `--gpus ${count}`;
  if (count > 1 && fraction < 1000) {
    throw berthError(
      'InvalidRequest',
      `${given} --fraction ${fraction / 1000}: a fraction is of one device; leave --gpus out`,
    );
  }
  if (count > 1 && mig !== undefined) {
    throw berthError(
      'InvalidRequest',
      `${given} --mig ${mig}: a MIG instance is lent alone; leave --gpus out`,
    );
  }
  if (mig !== undefined && fraction < 1000) {
    throw berthError(
      'InvalidRequest',
      `--mig ${mig} --fraction ${fraction / 1000}: a MIG instance is lent whole; leave --fraction out`,
    );
  }
  return count;
}

function toKebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
