import { execa } from 'execa';

/**
 * Bytes a second of `openssl speed -evp aes-256-gcm` over all processes, by wall clock as ours are;
 * undefined where there is no openssl command.
 */
export async function opensslSpeed(options: {
  processes: number;
  open: boolean;
}): Promise<number | undefined> {
  const multi = options.processes > 1 ? ['-multi', String(options.processes)] : [];
  const decrypt = options.open ? ['-decrypt'] : [];
  const block = ['-seconds', '1', '-bytes', String(2 ** 20)];
  const args = ['speed', '-elapsed', '-mr', '-evp', 'aes-256-gcm', ...decrypt, ...multi, ...block];
  const { stdout, failed } = await execa('openssl', args, { reject: false });
  if (failed) return undefined;
  // Each process reports itself first; the last line is the sum.
  const sum = [...stdout.matchAll(/^\+F:\d+:[^:]+:([\d.]+)$/gm)].at(-1)?.[1];
  return sum === undefined ? undefined : Number(sum);
}
