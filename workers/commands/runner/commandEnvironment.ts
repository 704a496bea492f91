/** Set to the number of cores where the person has not said otherwise. */
const userDecides = ['OMP_NUM_THREADS', 'MKL_NUM_THREADS'];

export interface CommandEnvironment {
  /** The person's own environment. */
  own: NodeJS.ProcessEnv;
  /** What the supervisor wants to be set. */
  prepared: Record<string, string>;
  /** JSON file that describes the lease. */
  leaseFile: string;
  deviceIds: readonly string[];
  /** Earlier starts of the command under this request. */
  restarts: number;
}

/**
 * Environment of a leased command: the person's, over it what binds the devices, and
 * `BERTH_LEASE` (path of the lease file), `BERTH_DEVICES_LEASED` (device ids, comma-separated, in
 * the order in which the command sees them) and `BERTH_RESTARTS` (0 at the first start). Pure.
 */
export function commandEnvironment(options: CommandEnvironment): Record<string, string> {
  const { own, prepared, leaseFile, deviceIds, restarts } = options;
  const present = Object.fromEntries(
    Object.entries(own).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const wanted = Object.entries(prepared).filter(
    ([name]) => !(userDecides.includes(name) && present[name]),
  );
  return {
    ...present,
    BERTH_LEASE: leaseFile,
    BERTH_DEVICES_LEASED: deviceIds.join(','),
    ...Object.fromEntries(wanted),
    BERTH_RESTARTS: String(restarts),
  };
}
