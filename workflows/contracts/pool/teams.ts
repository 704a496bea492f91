/** Amounts of the four resources that fairness counts. */
export interface ResourceVector {
  /** Compute of devices, thousandths of a device. */
  milli: number;
  /** Memory of devices, MiB. */
  memoryMib: number;
  /** Thousandths of a core. */
  cpuMilli: number;
  /** Memory of hosts, MiB. */
  hostMemoryMib: number;
}

/** A node of the tree organisation / team / user. */
export interface Team {
  /** Guaranteed: taken back from who is over quota. Absent resources follow `milli` in proportion; no quota at all is a quota of 0. */
  quota: Partial<ResourceVector>;
  /** Never exceeded; absent resources are unlimited. */
  limit: Partial<ResourceVector>;
  /** Share of what is left over, relative to the siblings'; above 0. */
  weight: number;
  /** Teams that share a GPU with other teams' leases (one MPS trust domain); null: only with their own top-level team. */
  trustDomain: string | null;
  children: Record<string, Team>;
}

/** A window that repeats each day or on some days, UTC, or that is there once. */
export type ReservationWindow =
  /** Minutes of the day; `to` before `from` runs past midnight. Days 0 (Sunday) to 6, of the window's begin. */
  | { kind: 'weekly'; days: number[]; fromMinute: number; toMinute: number }
  /** Milliseconds since the Unix epoch. */
  | { kind: 'once'; from: number; to: number };

/** Whole devices kept for a team while a window is open. */
export interface Reservation {
  reservationId: string;
  team: string;
  devices: number;
  /** As in Resources; empty for any. */
  models: string[];
  window: ReservationWindow;
}

/** What `berth pool teams apply` sets, all at once. */
export interface TeamsConfig {
  /** Top-level teams by name. Empty: any team is taken, with weight 1 and without quota or limit. */
  teams: Record<string, Team>;
  reservations: Reservation[];
  /** Money per device and hour by device model (a part of its name), for `pool usage`. */
  prices: Record<string, number>;
  /** ISO 4217, such as `EUR`. */
  currency: string;
}

export const noTeams: TeamsConfig = { teams: {}, reservations: [], prices: {}, currency: 'USD' };

/** Team of a job that names none; always known. */
export const defaultTeam = 'default';

/** Path of a team: names joined by `/`, at most five. */
export const teamPattern = /^[a-z0-9][a-z0-9._-]{0,62}(\/[a-z0-9][a-z0-9._-]{0,62}){0,4}$/;
