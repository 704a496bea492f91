import { chmod, mkdir } from 'node:fs/promises';

/** Everybody may add a lock, nobody may remove another user's: sticky, as /tmp itself. */
export async function ensureSharedFolder(folder: string): Promise<void> {
  const created = await mkdir(folder, { recursive: true });
  if (created !== undefined) await chmod(folder, 0o1777);
}
