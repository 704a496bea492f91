import { execa } from 'execa';
import { berthError } from '../../../workflows/contracts/errors.ts';

/** A client as its server knows it. */
export interface MpsClient {
  /** Process id of nvidia-cuda-mps-server. */
  server: number;
  /** Of the client, in the pid namespace of the daemon. */
  pid: number;
}

/** One control daemon's commands (NVIDIA MPS guide, legacy v2 interface). */
export interface MpsControl {
  /** Sends one command. @throws BerthError StackUnavailable when it fails or takes too long */
  run(command: string, limitMs?: number): Promise<string>;
  servers(): Promise<number[]>;
  clients(): Promise<MpsClient[]>;
  /** `ACTIVE`, `INITIALIZING`, `FAULT`, … */
  status(server: number): Promise<string>;
  /** Whether the daemon confirmed within `limitMs` that nothing of the client is left on the GPU. */
  terminate(client: MpsClient, limitMs: number): Promise<boolean>;
}

export interface MpsControlOptions {
  /** CUDA_MPS_PIPE_DIRECTORY of the daemon. */
  pipe: string;
  /** With the PATH that has nvidia-cuda-mps-control. */
  env: NodeJS.ProcessEnv;
}

export const mpsControlProgram = 'nvidia-cuda-mps-control';
const defaultLimitMs = 10_000;

export function createMpsControl({ pipe, env }: MpsControlOptions): MpsControl {
  const send = (command: string, limitMs: number) =>
    execa(mpsControlProgram, {
      input: `${command}\n`,
      env: { ...env, CUDA_MPS_PIPE_DIRECTORY: pipe },
      extendEnv: false,
      timeout: limitMs,
      killSignal: 'SIGKILL',
      reject: false,
    });

  const run = async (command: string, limitMs = defaultLimitMs): Promise<string> => {
    const result = await send(command, limitMs);
    if (!result.failed && !/cannot find mps control daemon/i.test(result.stdout)) {
      return result.stdout;
    }
    const said = `${result.stderr}\n${result.stdout}`.trim().split('\n')[0];
    const why = result.timedOut ? `no answer in ${limitMs} ms` : said || result.shortMessage;
    throw berthError('StackUnavailable', `MPS at ${pipe}: ${command.split(' ')[0]}: ${why}`);
  };
  const servers = async () => parsePids(await run('get_server_list'));

  return {
    run,
    servers,
    async clients() {
      const lists = (await servers()).map(async (server) => {
        // A server that has ended since has no clients any more.
        const text = await run(`get_client_list ${server}`).catch(() => '');
        return parsePids(text).map((pid) => ({ server, pid }));
      });
      return (await Promise.all(lists)).flat();
    },
    async status(server) {
      return (await run(`get_server_status ${server}`)).trim().toUpperCase();
    },
    async terminate({ server, pid }, limitMs) {
      const result = await send(`terminate_client ${server} ${pid}`, limitMs);
      return !result.failed && confirmsTermination(result.stdout);
    },
  };
}

/** One process id a line; anything else that the daemon prints is no id. Pure. */
export function parsePids(text: string): number[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^\d+$/.test(line))
    .map(Number);
}

/** The guide's answer is 0; some releases name the CUDA status. An empty answer confirms nothing. Pure. */
export function confirmsTermination(text: string): boolean {
  return /^0$/m.test(text.trim()) || /CUDA_SUCCESS/.test(text);
}
