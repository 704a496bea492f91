import {
  QdrantClientResourceExhaustedError,
  QdrantClientTimeoutError,
} from '@qdrant/js-client-rest';
import { expect, test } from 'vitest';
import { describeQdrantError } from '../../../activities/stores/drivers/qdrant/describeError.ts';
import {
  bodiesOf,
  fromQdrantPoint,
  toQdrantPoint,
} from '../../../activities/stores/drivers/qdrant/points.ts';
import { samplePoint, samplePoints } from '../../support/stores/samplePoints.ts';

const limit = 32 * 2 ** 20;

test('a batch is cut where its body would be longer than a server takes', () => {
  // As long as JSON makes a number.
  const vector = new Float32Array(1536).fill(-0.1);
  const long = samplePoint(1, 1536, { vector, text: 'ü "x" '.repeat(20_000) });
  const many = [...Array(900).fill(samplePoint(0, 1536, { vector })), long];
  const bodies = [...bodiesOf(many)];
  expect(bodies.flat()).toEqual(many);
  expect(bodies.length).toBeGreaterThan(1);
  for (const body of bodies) {
    const sent = { points: body.map((point) => toQdrantPoint(point, true)) };
    expect(Buffer.byteLength(JSON.stringify(sent))).toBeLessThan(limit);
  }
});

test('a small batch is one body, none is none', () => {
  expect([...bodiesOf(samplePoints(256, 384))]).toHaveLength(1);
  expect([...bodiesOf([])]).toEqual([]);
});

const refusal = (status: number, data: unknown) =>
  Object.assign(new Error('status text'), { status, data });

test.each<[string, unknown, object]>([
  ['time-out', new QdrantClientTimeoutError('aborted'), { status: undefined }],
  ['429', new QdrantClientResourceExhaustedError('slow', '3'), { status: 429, retryAfterMs: 3000 }],
  ['refused', refusal(400, { status: { error: 'Wrong input: x' } }), { message: 'Wrong input: x' }],
  ['proxy', refusal(502, 'Bad gateway'), { status: 502, message: 'Bad gateway' }],
  ['no body', refusal(500, undefined), { status: 500, message: 'status text' }],
  ['down', new TypeError('fetch failed'), { status: undefined, message: 'fetch failed' }],
])('errors of the client: %s', (_, error, expected) => {
  expect(describeQdrantError(error)).toMatchObject(expected);
});

test('integers that the client reads as BigInt come back as the numbers that they were', () => {
  const large = 1234567890123456800;
  const point = samplePoint(1, 4, { metadata: { large, list: [large, 'x'] } });
  const { payload, id } = toQdrantPoint(point, false);
  // What the client's reviver does where JSON.rawJSON is known.
  const read = JSON.parse(JSON.stringify(payload), (_, value) =>
    Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(value) : value,
  );
  const back = fromQdrantPoint({ id, payload: read, vector: undefined } as never);
  expect(back.metadata).toEqual({ large, list: [large, 'x'] });
});

test('a Retry-After that is a date is a request for patience, too', () => {
  const error = new Error('Invalid retryAfter value: W');
  expect(describeQdrantError(error)).toMatchObject({ status: 429 });
});
