import type { Lease } from '../contracts/lease.ts';
import { withGpuLease } from '../leases/withGpuLease.ts';
import type { IngestContext } from './context.ts';

/**
 * Runs `fn` while holding one whole device of the ingest's host. The pool may take it back at any
 * time: what is sealed stays, and the partition is taken up again under another lease.
 */
export function withIngestLease<T>(
  { input, show }: IngestContext,
  fn: (lease: Lease) => Promise<T>,
): Promise<T> {
  const { hostId, team, pool, request } = input;
  const label = `ingest ${request.name}:${request.tag}`;
  return withGpuLease({ hostId, team, pool, devices: 1, preemptible: true, label }, fn, {
    onWaiting: ({ requestId }) => show(`waiting for a device; why: berth pool why ${requestId}`),
  });
}
