import { Context } from '@temporalio/activity';
import { vi } from 'vitest';

/** Something that a test waits for, or makes a script wait for. */
export interface Gate {
  opened: Promise<void>;
  open(): void;
}

export function createGate(): Gate {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Within an activity: waits while it heartbeats, so that a cancellation gets through and ends it. */
export async function whileBeating(until: Promise<unknown> = new Promise(() => {})): Promise<void> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(), 200);
  await Promise.race([until, context.cancelled]).finally(() => clearInterval(timer));
}

/** Repeats a check until it holds; also in tests that run beside each other, as expect.poll may not. */
export async function eventually(check: () => Promise<void> | void): Promise<void> {
  await vi.waitFor(check, { timeout: 60_000, interval: 100 });
}
