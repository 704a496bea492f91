// Starts a command through the launcher with this process's terminal, as `berth run` does, but under
// no lease: node launchHere.mjs <python> <command> <arguments…>. From dist/ (npm run setup builds it).
import { launch } from '../../../dist/workers/commands/runner/launcher.js';
import { listenToSignals } from '../../../dist/workers/commands/runner/signals.js';

const [python, ...argv] = process.argv.slice(2);
const command = await launch(python, {
  argv,
  env: process.env,
  cores: null,
  dataLimitBytes: null,
  cgroup: null,
  graceSeconds: 1,
});
listenToSignals(process, (signal) => command.signal(signal));
command.go();
process.exit(await command.exited);
