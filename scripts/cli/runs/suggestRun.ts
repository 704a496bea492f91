import { leastLeases } from '../../../activities/usage/profiles/learnProfile.ts';
import { suggestRun } from '../../../activities/usage/profiles/suggestRun.ts';
import { profileKeyOf } from '../../../workers/commands/runner/runRequest.ts';
import type { Cli, Outcome } from '../cli.ts';
import { formatFields } from '../format/table.ts';
import { formatBytes, formatPercent, formatSeconds } from '../format/units.ts';
import { isFile } from './isFile.ts';

const mib = 2 ** 20;

/** What past leases of a command suggest to ask for; starts nothing. */
export async function suggestForCommand(
  cli: Cli,
  argv: readonly string[],
  { pool, kind }: { pool?: string; kind?: string },
): Promise<Outcome> {
  const key = profileKeyOf(argv, isFile);
  const onNotice = (line: string) => cli.stderr.write(`${line}\n`);
  const berth = await cli.connect({ env: cli.env, onNotice });
  try {
    const profile = await berth.usage(pool).profile(key);
    if (profile === null) {
      return {
        json: { profileKey: key, profile: null, suggestion: null },
        text: `nothing to suggest: fewer than ${leastLeases} leases of ${key} have ended by themselves`,
      };
    }
    const devices = await berth.devices();
    const wanted = kind ?? (devices.some((device) => device.kind === 'cuda') ? 'cuda' : 'cpu');
    const sizes = devices.filter((d) => d.kind === wanted).map((d) => d.memoryBytes / mib);
    const suggestion = suggestRun(profile, sizes.length === 0 ? 0 : Math.min(...sizes));
    const { fraction, memoryMib, expectedSeconds } = suggestion;
    const options = [
      ...(fraction === null ? [] : [`--fraction ${fraction}`]),
      ...(memoryMib === null ? [] : [`--memory ${memoryMib}MiB`]),
      `--expected ${expectedSeconds}s`,
    ].join(' ');
    const { peakMib, utilization, durationSeconds } = profile;
    const text = formatFields([
      ['suggested', options],
      ['learned from', `${profile.leases} leases of ${key}`],
      ['memory p95', peakMib === null ? 'not measured' : formatBytes(peakMib * mib)],
      ['busy', utilization === null ? 'not measured' : formatPercent(utilization.mean)],
      [
        'duration',
        `${formatSeconds(durationSeconds.p50)} (median), ${formatSeconds(durationSeconds.p90)} (p90)`,
      ],
    ]);
    return { json: { profileKey: key, profile, suggestion }, text };
  } finally {
    await berth.close();
  }
}
