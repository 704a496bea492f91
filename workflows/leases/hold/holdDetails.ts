import type { HoldLeaseState } from '../../contracts/pool/hold.ts';
import type { LeaseRequest } from '../../contracts/pool/requests.ts';

/** Markdown for the Web UI: what is held, or what is waited for and why again. */
export function holdDetails(
  pool: string,
  request: Omit<LeaseRequest, 'holder'>,
  { phase, lease, revoke, refused, grants }: HoldLeaseState,
): string {
  const { devices, milli, memoryMib } = request.resources;
  const wanted = milli < 1000 ? `${milli / 10} % and ${memoryMib} MiB of a device` : `${devices}`;
  const lines = [
    `**${phase}**: ${request.label || request.requestId}, for team ${request.team}`,
    `devices wanted of pool ${pool}: ${wanted}; grants so far: ${grants}`,
  ];
  for (const { deviceId, epoch } of lease?.devices ?? []) {
    lines.push(`- \`${deviceId}\`, epoch ${epoch}`);
  }
  if (revoke !== null) lines.push(`taken back (${revoke.reason}): ${revoke.message}`);
  if (refused !== null) lines.push(`refused (${refused.type}): ${refused.message}`);
  return lines.join('\n\n');
}
