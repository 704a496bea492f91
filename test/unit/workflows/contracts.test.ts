import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  BerthError,
  failure,
  failureTypes,
  toApplicationFailure,
} from '../../../workflows/contracts/errors.ts';
import {
  formatModelRef,
  ingestWorkflowId,
  parseModelRef,
} from '../../../workflows/contracts/ids.ts';
import { mintArtifactId } from '../../../workflows/ingest/state.ts';

const digest = 'ab'.repeat(32);

test.each([
  ['minilm', { name: 'minilm', tag: 'latest' }],
  ['team/minilm:v1.2', { name: 'team/minilm', tag: 'v1.2' }],
  [`minilm@sha256:${digest}`, { name: 'minilm', digest }],
])('%s is a reference', (text, ref) => {
  expect(parseModelRef(text)).toEqual(ref);
});

test.each([
  '',
  ':latest',
  'Minilm',
  '-minilm',
  'a/b/c',
  'a//b',
  '../etc',
  'minilm:',
  'minilm:Latest',
  'minilm@sha256:abc',
  `minilm@${digest}`,
  `minilm:v1@sha256:${digest}`,
  'x'.repeat(64),
])('%j is none', (text) => {
  expect(parseModelRef(text)).toBeUndefined();
});

test('a reference survives being written and read', () => {
  const part = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,62}$/);
  const name = fc.tuple(part, fc.option(part)).map((p) => p.filter((x) => x !== null).join('/'));
  fc.assert(
    fc.property(name, part, (model, tag) => {
      const ref = { name: model, tag };
      expect(parseModelRef(formatModelRef(ref))).toEqual(ref);
    }),
  );
});

test('an artifact id is 128 bits in hex', () => {
  expect(mintArtifactId(Math.random)).toMatch(/^[0-9a-f]{32}$/);
  expect(mintArtifactId(() => 0)).toBe('0'.repeat(32));
  expect(mintArtifactId(() => 1 - 2 ** -53)).toBe('f'.repeat(32));
});

test('an ingest has a readable id', () => {
  expect(ingestWorkflowId('team/minilm', 'latest', digest)).toBe(
    'ingest/team/minilm/latest/ababababab',
  );
});

test('a typed failure keeps its type, message and details on its way through Temporal', () => {
  const error = new BerthError('NonFiniteTensor', 'w holds NaN', { tensor: 'w' });
  expect(toApplicationFailure(error)).toMatchObject({
    type: 'NonFiniteTensor',
    message: 'w holds NaN',
    nonRetryable: true,
    details: [{ tensor: 'w' }],
  });
  expect(failure('BridgeFailed', 'it died').nonRetryable).toBe(false);
  const other = new TypeError('bug');
  expect(toApplicationFailure(other)).toBe(other);
});

test('what the input has to change for exits with 2 and is never retried', () => {
  for (const [type, { retryable, exit }] of Object.entries(failureTypes)) {
    if (exit === 2) expect(retryable, type).toBe(false);
  }
});
