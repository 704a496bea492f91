import { z } from 'zod';
import type { Reservation, ReservationWindow, Team } from '../../workflows/contracts/pool/teams.ts';
import {
  days,
  everyDay,
  expected,
  mebibytes,
  minuteOfDay,
  pointInTime,
  thousandths,
} from './teamsQuantities.ts';

const amounts = z
  .strictObject(
    {
      devices: thousandths('devices').optional(),
      memory: mebibytes.optional(),
      cpus: thousandths('cpus').optional(),
      hostMemory: mebibytes.optional(),
    },
    expected('devices, memory, cpus or hostMemory'),
  )
  .transform(({ devices, memory, cpus, hostMemory }) => ({
    ...(devices !== undefined && { milli: devices }),
    ...(memory !== undefined && { memoryMib: memory }),
    ...(cpus !== undefined && { cpuMilli: cpus }),
    ...(hostMemory !== undefined && { hostMemoryMib: hostMemory }),
  }));

const above0 = 'a number above 0';

/** A team without settings may be written as its bare name. */
const team: z.ZodType<Team> = z.lazy(() =>
  z.preprocess(
    (value) => value ?? {},
    z
      .strictObject(
        {
          quota: amounts.default({}),
          limit: amounts.default({}),
          weight: z.number(expected(above0)).positive(expected(above0)).default(1),
          trustDomain: z.string(expected('a name')).nullable().default(null),
          teams: z.record(z.string(), team, expected('teams by name')).default({}),
        },
        expected("a team's settings"),
      )
      .transform(({ teams, ...own }) => ({ ...own, children: teams })),
  ),
);

const when = 'a time such as "22:00" (UTC), or a date and time such as 2026-03-01T22:00Z';

const reservation = z
  .strictObject(
    {
      team: z.string(expected('a team of this file')),
      devices: z.number(expected('a number of whole devices')),
      models: z
        .array(z.string(expected('a device model')), expected('a list of device models'))
        .default([]),
      days: days.optional(),
      from: z.string(expected(when)),
      to: z.string(expected(when)),
    },
    expected("a reservation's settings"),
  )
  .transform(({ days, from, to, ...own }, context): Omit<Reservation, 'reservationId'> => {
    const problem = (path: 'from' | 'to' | 'days', message: string) => {
      context.addIssue({ code: 'custom', path: [path], message });
      return z.NEVER;
    };
    const window = readWindow(days, from, to);
    return 'message' in window ? problem(window.path, window.message) : { ...own, window };
  });

function readWindow(
  days: number[] | undefined,
  from: string,
  to: string,
): ReservationWindow | { path: 'from' | 'to' | 'days'; message: string } {
  const wrong = (path: 'from' | 'to', text: string, what: string) => ({
    path,
    message: `${JSON.stringify(text)}: expected ${what}`,
  });
  const fromMinute = minuteOfDay(from);
  if (fromMinute !== undefined) {
    const toMinute = minuteOfDay(to);
    if (toMinute === undefined) return wrong('to', to, 'a time of the day, as `from` is one');
    return { kind: 'weekly', days: days ?? everyDay, fromMinute, toMinute };
  }
  const begin = pointInTime(from);
  if (begin === undefined) return wrong('from', from, when);
  const end = pointInTime(to);
  if (end === undefined) return wrong('to', to, 'a date and time, as `from` is one');
  if (days !== undefined) return { path: 'days', message: 'expected none with dates: it is once' };
  return { kind: 'once', from: begin, to: end };
}

/** The document as people write it; what it means is `TeamsConfig`. */
export const teamsSchema = z
  .strictObject(
    {
      teams: z.record(z.string(), team, expected('teams by name')),
      reservations: z.record(z.string(), reservation, expected('reservations by id')).default({}),
      prices: z
        .record(z.string(), z.number(expected('money per device and hour')), expected('prices'))
        .default({}),
      currency: z.string(expected('three letters such as EUR')).default('USD'),
    },
    expected('teams, reservations, prices and currency'),
  )
  .transform(({ reservations, ...rest }) => ({
    ...rest,
    reservations: Object.entries(reservations).map(([reservationId, own]) => ({
      reservationId,
      ...own,
    })),
  }));
