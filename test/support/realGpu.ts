import { execFileSync } from 'node:child_process';
import { pino } from 'pino';
import { createCudaProvider } from '../../workers/devices/cudaProvider.ts';

const python = process.env.BERTH_CUDA_PYTHON ?? 'python3';

/** What cudaReal.test.ts says when it is skipped. */
export const noRealGpu =
  'needs an NVIDIA GPU without MIG, nvidia-cuda-mps-control on PATH, and a python3 (or BERTH_CUDA_PYTHON) whose torch sees the GPU';

/** A whole GPU that MPS can share, and a Python whose torch sees it; undefined on any other machine. */
export async function findRealGpu() {
  try {
    // Prints its version, and only that, where it is installed.
    execFileSync('nvidia-cuda-mps-control', ['-v'], { stdio: 'ignore' });
    execFileSync(python, ['-c', 'import torch, sys; sys.exit(not torch.cuda.is_available())'], {
      stdio: 'ignore',
    });
  } catch {
    return undefined;
  }
  const provider = createCudaProvider({ logger: pino({ level: 'silent' }), env: process.env });
  const device = (await provider.discover()).find(({ deviceId }) => deviceId.startsWith('GPU-'));
  return device === undefined ? undefined : { device, provider, python };
}
