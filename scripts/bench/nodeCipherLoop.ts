import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

interface LoopRequest {
  open: boolean;
  seconds: number;
}

/** Bytes a second of a plain node:crypto loop over 1 MiB segments, on worker threads. */
export async function nodeCipherSpeed(threads: number, request: LoopRequest): Promise<number> {
  const path = fileURLToPath(import.meta.url);
  const speeds = Array.from({ length: threads }, () => {
    const worker = new Worker(path, { workerData: request });
    return new Promise<number>((resolve, reject) => {
      worker.once('message', resolve).once('error', reject);
    });
  });
  return (await Promise.all(speeds)).reduce((sum, speed) => sum + speed, 0);
}

function loop({ open, seconds }: LoopRequest): number {
  const key = randomBytes(32);
  const iv = randomBytes(12);
  const aad = Buffer.alloc(9);
  const plaintext = Buffer.alloc(2 ** 20);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(aad);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  const tag = cipher.getAuthTag();
  const started = performance.now();
  let rounds = 0;
  while (performance.now() - started < seconds * 1000 || rounds === 0) {
    if (open) {
      const decipher = createDecipheriv('aes-256-gcm', key, iv).setAAD(aad).setAuthTag(tag);
      decipher.update(ciphertext);
      decipher.final();
    } else {
      const sealing = createCipheriv('aes-256-gcm', key, randomBytes(12)).setAAD(aad);
      sealing.update(plaintext);
      sealing.final();
    }
    rounds++;
  }
  return (rounds * plaintext.length) / ((performance.now() - started) / 1000);
}

if (!isMainThread) parentPort?.postMessage(loop(workerData as LoopRequest));
