// pino-roll brings no types.
declare module 'pino-roll' {
  import type { SonicBoom, SonicBoomOpts } from 'sonic-boom';

  interface RollOptions extends Omit<SonicBoomOpts, 'dest'> {
    file: string;
    /** Such as `10m`. */
    size?: string;
    limit?: { count: number; removeOtherLogFiles?: boolean };
    /** Keeps `current.log` in the same folder pointing at the newest file. */
    symlink?: boolean;
  }
  export default function build(options: RollOptions): Promise<SonicBoom>;
}
