import type { PoolDescription } from '../../../workflows/contracts/pool/description.ts';
import type { ResourceVector } from '../../../workflows/contracts/pool/teams.ts';
import { formatTable } from './table.ts';
import { formatBytes, formatPercent } from './units.ts';

/** What each team may have and what it uses, a line a team. */
export function formatTeams(teams: PoolDescription['teams']): string {
  if (teams.length === 0) return 'no teams: any is taken, and none has asked yet';
  const rows = teams.map((team) => [
    team.team,
    formatAmounts(team.quota),
    formatAmounts(team.limit),
    String(team.weight),
    formatAmounts(team.used),
    formatPercent(team.share),
    team.decayedUse.toFixed(2),
    String(team.waiting),
  ]);
  return formatTable(
    ['team', 'quota', 'limit', 'weight', 'uses', 'share', 'past hours', 'waiting'],
    rows,
    ['left', 'left', 'left', 'right', 'left', 'right', 'right', 'right'],
  );
}

/** `2.5 devices, 80.0 GiB`; `-` for nothing. */
function formatAmounts(amounts: Partial<ResourceVector>): string {
  const { milli = 0, memoryMib = 0, cpuMilli = 0, hostMemoryMib = 0 } = amounts;
  const parts = [
    milli > 0 ? `${milli / 1000} device${milli === 1000 ? '' : 's'}` : '',
    memoryMib > 0 ? formatBytes(memoryMib * 2 ** 20) : '',
    cpuMilli > 0 ? `${cpuMilli / 1000} cpus` : '',
    hostMemoryMib > 0 ? `${formatBytes(hostMemoryMib * 2 ** 20)} of host` : '',
  ].filter((part) => part !== '');
  return parts.join(', ') || '-';
}
