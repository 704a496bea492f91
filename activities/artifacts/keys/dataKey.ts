import { randomBytes } from 'node:crypto';

/** Runs with a fresh 256-bit data key, which is wiped afterwards. One per artifact, never reused. */
export async function withFreshDataKey<T>(use: (dataKey: Buffer) => Promise<T>): Promise<T> {
  return withWiped(randomBytes(32), use);
}

/** Runs with a key and wipes it, however the use ends. */
export async function withWiped<T>(key: Buffer, use: (key: Buffer) => Promise<T>): Promise<T> {
  try {
    return await use(key);
  } finally {
    key.fill(0);
  }
}
