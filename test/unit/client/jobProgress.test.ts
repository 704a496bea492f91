import { defaultPayloadConverter } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { mergeProgress, type PendingActivity } from '../../../workers/client/jobProgress.ts';
import { readPendingActivities } from '../../../workers/client/pendingActivities.ts';
import type { IngestProgress, StageProgress } from '../../../workflows/contracts/ingest.ts';

const stage = (name: StageProgress['name'], part: Partial<StageProgress> = {}): StageProgress => ({
  name,
  state: 'running',
  done: 0,
  total: 0,
  bytes: 0,
  seconds: 0,
  ...part,
});

const progress = (...stages: StageProgress[]): IngestProgress => ({
  artifactId: 'a',
  message: 'working',
  stages,
});

const activity = (part: Partial<PendingActivity>): PendingActivity => ({
  type: 'quantizeShard',
  attempt: 1,
  started: true,
  ...part,
});

describe('mergeProgress', () => {
  it('adds the bytes that running activities report to their stage', () => {
    const merged = mergeProgress(
      'job',
      progress(stage('quantize', { done: 1, total: 4, bytes: 100 }), stage('seal', { total: 5 })),
      [activity({ heartbeat: { bytes: 50, totalBytes: 100 } }), activity({ type: 'sealShard' })],
    );
    expect(merged.stages[0]).toMatchObject({ fraction: 1.5 / 4, liveBytes: 150 });
    expect(merged.stages[1]).toMatchObject({ fraction: 0, liveBytes: 0 });
  });

  it('is full where a stage is done or skipped, and never beyond', () => {
    const merged = mergeProgress(
      'job',
      progress(
        stage('inspect', { state: 'done', done: 1, total: 1 }),
        stage('gate', { state: 'skipped' }),
        stage('publish', { done: 1, total: 1 }),
      ),
      [activity({ type: 'publishArtifact', heartbeat: { bytes: 9, totalBytes: 3 } })],
    );
    expect(merged.stages.map(({ fraction }) => fraction)).toEqual([1, 1, 1]);
  });

  it('says which activity of a stage is tried again', () => {
    const retried = activity({ attempt: 3, lastFailure: 'the bridge died' });
    const merged = mergeProgress('job', progress(stage('quantize'), stage('seal')), [retried]);
    expect(merged.stages.map(({ retry }) => retry)).toEqual([retried, undefined]);
  });
});

describe('readPendingActivities', () => {
  const payload = (value: unknown) => ({ payloads: [defaultPayloadConverter.toPayload(value)] });

  it('decodes heartbeats, and leaves those that count no bytes', () => {
    const raw = {
      pendingActivities: [
        {
          activityType: { name: 'sealShard' },
          attempt: 2,
          state: 2,
          heartbeatDetails: payload({ bytes: 5, totalBytes: 10 }),
          lastFailure: { message: 'disk full\n  at seal' },
        },
        { activityType: { name: 'other' }, state: 1, heartbeatDetails: payload('3 of 4') },
      ],
    };
    expect(readPendingActivities({ raw } as never)).toEqual([
      {
        type: 'sealShard',
        attempt: 2,
        started: true,
        heartbeat: { bytes: 5, totalBytes: 10 },
        lastFailure: 'disk full',
      },
      {
        type: 'other',
        attempt: 1,
        started: false,
        heartbeat: undefined,
        lastFailure: undefined,
      },
    ]);
  });
});
