import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { leaseSchema } from '../../../workers/commands/protocol.ts';

const processFields = {
  deviceId: z.string(),
  pid: z.number(),
  /** Field 22 of /proc/<pid>/stat. */
  startTime: z.number(),
  /** Milliseconds since the Unix epoch. */
  at: z.number(),
};

const holderFields = {
  ...processFields,
  /** `child`: it left its command's group, session and parent. */
  kind: z.enum(['command', 'activity', 'child']),
  leaseId: z.string(),
  epoch: z.number(),
  milli: z.number(),
  cores: z.array(z.number()),
  lease: leaseSchema.optional(),
};

const lineSchema = z.discriminatedUnion('event', [
  /** A process has begun to use the device. */
  z.object({ event: z.literal('begin'), ...holderFields }),
  /** It uses the device no more, but may still be there. */
  z.object({ event: z.literal('end'), ...holderFields }),
  /** Its share of the device was in use when it began. */
  z.object({ event: z.literal('clash'), ...holderFields, slots: z.number() }),
  /** The process was seen at `seenAt` for the last time, and was gone at `at`. */
  z.object({ event: z.literal('gone'), ...processFields, seenAt: z.number() }),
  /** A lease that was over was sent to the device again. */
  z.object({
    event: z.literal('replayed'),
    deviceId: z.string(),
    leaseId: z.string(),
    epoch: z.number(),
    at: z.number(),
    via: z.enum(['socket', 'activity']),
    /** Failure type; `admitted` when there was none. */
    answer: z.string(),
  }),
]);

/** A line of a device's journal: what happened on it, written by those who were there. */
export type JournalLine = z.infer<typeof lineSchema>;
export type HolderLine = Extract<JournalLine, { event: 'begin' | 'end' | 'clash' }>;

const suffix = '.jsonl';

/** Journals of all devices: one append-only file each, written by many processes. */
export interface Journal {
  folder: string;
  /** Lines that are new since the last call, by file, each in the order of its writing. */
  readNew(): JournalLine[];
  append(line: JournalLine): void;
  /** Everything so far, by time. */
  read(): JournalLine[];
}

export function openJournal(folder: string): Journal {
  const offsets = new Map<string, number>();

  const readFrom = (name: string, offset: number): { lines: JournalLine[]; end: number } => {
    const data = readFileSync(join(folder, name)).subarray(offset);
    const whole = data.subarray(0, data.lastIndexOf(10) + 1);
    const texts = whole.toString('utf8').split('\n').filter(Boolean);
    return {
      lines: texts.map((text) => lineSchema.parse(JSON.parse(text))),
      end: offset + whole.length,
    };
  };
  const names = () => readdirSync(folder).filter((name) => name.endsWith(suffix));

  return {
    folder,
    readNew: () =>
      names().flatMap((name) => {
        const { lines, end } = readFrom(name, offsets.get(name) ?? 0);
        offsets.set(name, end);
        return lines;
      }),
    append(line) {
      appendFileSync(join(folder, `${line.deviceId}${suffix}`), `${JSON.stringify(line)}\n`);
    },
    read: () =>
      names()
        .flatMap((name) => readFrom(name, 0).lines)
        .sort((a, b) => a.at - b.at),
  };
}
