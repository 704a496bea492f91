/** Variables of the worker that a bridge gets; anything else might hold a key or a credential. */
const inherited = ['PATH', 'HOME', 'LANG', 'TMPDIR'];
const inheritedPrefix = 'CUDA_';

export interface BridgeEnvironmentOptions {
  /** Environment of the worker. */
  parent: NodeJS.ProcessEnv;
  /** Variables that bind the device. */
  device?: Record<string, string>;
  /** Folder of the Python package. */
  packageFolder: string;
  threads: number;
}

/** The whole environment of a bridge: an allow-list, not the worker's with exceptions. Pure. */
export function bridgeEnvironment(options: BridgeEnvironmentOptions): Record<string, string> {
  const { parent, device, packageFolder, threads } = options;
  const allowed = Object.entries(parent).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      (inherited.includes(entry[0]) || entry[0].startsWith(inheritedPrefix)),
  );
  return {
    ...Object.fromEntries(allowed),
    ...device,
    PYTHONPATH: packageFolder,
    PYTHONNOUSERSITE: '1',
    PYTHONSAFEPATH: '1',
    PYTHONUNBUFFERED: '1',
    // Read when the libraries are loaded; torch's own count is set again from the command line.
    OMP_NUM_THREADS: String(threads),
    MKL_NUM_THREADS: String(threads),
  };
}
