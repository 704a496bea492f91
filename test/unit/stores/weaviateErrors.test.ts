import { expect, test } from 'vitest';
import { describeWeaviateError } from '../../../activities/stores/drivers/weaviate/describeError.ts';

const grpc = (text: string) =>
  new Error(
    `Query call with protocol gRPC failed with message: /weaviate.v1.Weaviate/Search ${text}`,
  );
const coded = (code: number, text: string) => Object.assign(new Error(text), { code });

test.each<[string, unknown, number | undefined]>([
  ['nobody listens', grpc('UNAVAILABLE: No connection established'), undefined],
  ['slow', grpc('DEADLINE_EXCEEDED: context deadline exceeded'), 503],
  ['the client’s time limit', new Error('Weaviate request timed out with message: 5ms'), undefined],
  ['throttled', grpc('RESOURCE_EXHAUSTED: too many requests'), 429],
  ['wrong key', grpc('UNAUTHENTICATED: invalid api key'), 401],
  ['not allowed', grpc('PERMISSION_DENIED: forbidden'), 403],
  ['refused', grpc('INVALID_ARGUMENT: no such prop'), 400],
  ['refused without a code', grpc('UNKNOWN: invalid UUID length: 4'), 400],
  ['text that is no text', grpc('INTERNAL: string field contains invalid UTF-8'), 400],
  ['a fault', grpc('INTERNAL: panic'), 500],
  ['unknown class', grpc('UNKNOWN: could not find class Docs_v1 in schema'), 404],
  ['full disk', grpc('UNKNOWN: store is read-only due to: no space left on device'), 503],
  ['REST: refused', coded(422, 'The request to Weaviate failed with status code: 422'), 422],
  ['REST: a fault', coded(500, 'The request to Weaviate failed with status code: 500'), 500],
  ['REST: throttled', coded(429, 'The request to Weaviate failed with status code: 429'), 429],
  ['REST: wrong key', new Error('Unauthenticated: anonymous access not enabled'), 401],
  ['REST: down', new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }), undefined],
])('%s', (_, error, status) => {
  expect(describeWeaviateError(error).status).toBe(status);
});
