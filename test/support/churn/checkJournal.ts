import type { HolderLine, JournalLine } from './journal.ts';

/** Something that must never happen on a device, with the lines that show it. */
export interface Offence {
  what: string;
  lines: JournalLine[];
}

/** Use of one device under one lease, by all of its processes together. */
interface Use {
  leaseId: string;
  epoch: number;
  milli: number;
  from: number;
  /** It was certainly still used then. */
  until: number;
  lines: JournalLine[];
}

export interface CheckOptions {
  /** Cores of each CPU device, by deviceId. */
  cores: ReadonlyMap<string, ReadonlySet<number>>;
  /** Until when processes without a `gone` line were seen, ms since the Unix epoch. */
  now: number;
}

/**
 * What must never happen, as far as the devices' own journals show it. A process counts from its first
 * line until it was last seen, both on the safe side: what is reported did happen. Pure.
 */
export function checkJournal(lines: readonly JournalLine[], options: CheckOptions): Offence[] {
  const devices = [...new Set(lines.map(({ deviceId }) => deviceId))].sort();
  return devices.flatMap((deviceId) => {
    const own = lines.filter((line) => line.deviceId === deviceId);
    const uses = usesOf(own, options.now);
    return [
      ...clashes(own),
      ...overCapacity(deviceId, uses),
      ...oldEpochs(deviceId, uses),
      ...wrongCores(own, options.cores.get(deviceId)),
      ...admitted(own),
    ];
  });
}

const isHolder = (line: JournalLine): line is HolderLine => 'kind' in line;

function usesOf(lines: readonly JournalLine[], now: number): Use[] {
  const gone = new Map<string, number>();
  for (const line of lines) {
    if (line.event === 'gone') gone.set(`${line.pid} ${line.startTime}`, line.seenAt);
  }
  const uses = new Map<string, Use>();
  for (const line of lines.filter(isHolder)) {
    const { leaseId, epoch, milli, at } = line;
    const seen = gone.get(`${line.pid} ${line.startTime}`) ?? now;
    const use = uses.get(leaseId) ?? { leaseId, epoch, milli, from: at, until: at, lines: [] };
    use.from = Math.min(use.from, at);
    use.until = Math.max(use.until, at, seen);
    use.lines.push(line);
    uses.set(leaseId, use);
  }
  return [...uses.values()].sort((a, b) => a.from - b.from);
}

function clashes(lines: readonly JournalLine[]): Offence[] {
  return lines.filter(isHolder).flatMap((clash) => {
    if (clash.event !== 'clash') return [];
    const near = lines.filter(({ at }) => Math.abs(at - clash.at) < 3_000);
    return [
      {
        what: `${clash.deviceId}: lease ${clash.leaseId} began while its share was in use`,
        lines: [clash, ...near],
      },
    ];
  });
}

/** A use can only become too much when another one begins. */
function overCapacity(deviceId: string, uses: readonly Use[]): Offence[] {
  return uses.flatMap(({ from, leaseId }) => {
    const present = uses.filter((use) => use.from <= from && use.until > from);
    const milli = present.reduce((sum, use) => sum + use.milli, 0);
    if (milli <= 1000) return [];
    const who = present.map((use) => `${use.leaseId} (${use.milli})`).join(', ');
    return [
      {
        what: `${deviceId}: ${milli} thousandths in use when ${leaseId} began: ${who}`,
        lines: present.flatMap((use) => use.lines),
      },
    ];
  });
}

/** Whoever was lent the whole device came after all with a lower epoch. */
function oldEpochs(deviceId: string, uses: readonly Use[]): Offence[] {
  return uses.flatMap((use) => {
    const newer = uses.find(
      (other) =>
        other.from < use.from &&
        other.epoch > use.epoch &&
        (other.milli === 1000 || use.milli === 1000),
    );
    if (newer === undefined) return [];
    return [
      {
        what: `${deviceId}: epoch ${use.epoch} began after epoch ${newer.epoch}`,
        lines: [...newer.lines, ...use.lines],
      },
    ];
  });
}

function wrongCores(
  lines: readonly JournalLine[],
  cores: ReadonlySet<number> | undefined,
): Offence[] {
  return lines.filter(isHolder).flatMap((line) => {
    // A gang's command is bound to the cores of all of its devices.
    if (line.event !== 'begin' || (line.lease?.devices.length ?? 1) > 1) return [];
    if (line.kind === 'child' || line.cores.every((core) => cores?.has(core))) return [];
    const what = `${line.deviceId}: lease ${line.leaseId} ran on cores ${line.cores.join()}`;
    return [{ what, lines: [line] }];
  });
}

function admitted(lines: readonly JournalLine[]): Offence[] {
  return lines.flatMap((line) => {
    if (line.event !== 'replayed' || line.answer === 'LeaseFenced') return [];
    const what = `${line.deviceId}: lease ${line.leaseId}, which was over, was answered ${line.answer} by ${line.via}`;
    return [{ what, lines: [line, ...lines.filter(isHolder).filter(sameLease(line.leaseId))] }];
  });
}

const sameLease = (leaseId: string) => (line: HolderLine) => line.leaseId === leaseId;

/** For people: what happened, and the lines of the journal. */
export function formatOffences(offences: readonly Offence[]): string {
  return offences
    .map(({ what, lines }) => [what, ...lines.map((line) => `  ${format(line)}`)].join('\n'))
    .join('\n');
}

const format = (line: JournalLine): string => JSON.stringify({ ...line, lease: undefined });
