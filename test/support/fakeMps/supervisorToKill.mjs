// Lends a share by the built mpsSharing, says its environment and waits to be killed.
// Arguments: JSON of {root, env, device, share}.
import { createMpsSharing } from '../../../dist/workers/devices/sharing/mpsSharing.js';

const { root, env, device, share } = JSON.parse(process.argv[2]);
const silent = () => undefined;
const logger = { info: silent, warn: silent, error: silent, debug: silent };
const processes = { usedMib: async () => null, close: async () => undefined };
const mps = createMpsSharing({ logger, env, root, processes });
console.log(JSON.stringify(await mps.prepare(device, share)));
setInterval(silent, 60_000);
