import type { Reservation, ReservationWindow } from '../../../workflows/contracts/pool/teams.ts';
import { formatTable } from './table.ts';
import { formatMinute } from './units.ts';

const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** What is kept for whom, and when, a line a reservation; empty for none. */
export function formatReservations(reservations: readonly Reservation[]): string {
  if (reservations.length === 0) return '';
  const rows = reservations.map(({ reservationId, team, devices, models, window }) => [
    reservationId,
    team,
    String(devices),
    models.join(', ') || 'any',
    formatWindow(window),
  ]);
  return formatTable(['reservation', 'team', 'devices', 'models', 'when (UTC)'], rows);
}

/** Money per device and hour, a line a model; empty for none. */
export function formatPrices(prices: Record<string, number>, currency: string): string {
  const rows = Object.entries(prices).map(([model, price]) => [model, String(price)]);
  if (rows.length === 0) return '';
  return formatTable(['model', `${currency} per device and hour`], rows, ['left', 'right']);
}

/** `22:00 to 06:00, mon tue`; `2026-12-01 08:00 to 2026-12-03 20:00`. */
function formatWindow(window: ReservationWindow): string {
  if (window.kind === 'once') return `${formatMinute(window.from)} to ${formatMinute(window.to)}`;
  const { days, fromMinute, toMinute } = window;
  const which = days.length === 7 ? 'each day' : days.map((day) => dayNames[day]).join(' ');
  return `${timeOfDay(fromMinute)} to ${timeOfDay(toMinute)}, ${which}`;
}

function timeOfDay(minutes: number): string {
  const pad = (value: number) => String(value).padStart(2, '0');
  return `${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
}
