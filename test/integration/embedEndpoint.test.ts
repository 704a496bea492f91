import { expect, onTestFinished, test } from 'vitest';
import { describeEndpoint } from '../../activities/embeddings/describeEndpoint.ts';
import type { Embedded } from '../../activities/embeddings/embedder.ts';
import {
  createEndpointEmbedder,
  type EndpointEmbedderDeps,
} from '../../activities/embeddings/endpointEmbedder.ts';
import { createAimdLimiter } from '../../activities/platform/aimdLimiter.ts';
import type { EmbeddingSpec } from '../../workflows/contracts/backfill/request.ts';
import {
  type EndpointFault,
  errorBody,
  fakeVector,
  goodBody,
  startFakeEmbeddingEndpoint,
} from '../support/fakeEmbeddingEndpoint.ts';

const dimensions = 8;
const model = 'fake-embedder';
const retries = { retries: 3, minDelayMs: 1, maxDelayMs: 4, timeoutMs: 10_000 };
const spec: EmbeddingSpec = {
  contentDigest: 'endpoint:00',
  pooling: 'mean',
  normalize: false,
  dimensions,
  maxTokens: 512,
};

async function setUp(
  fault?: Parameters<typeof startFakeEmbeddingEndpoint>[1],
  deps: Partial<EndpointEmbedderDeps> = {},
  native = dimensions,
) {
  const endpoint = await startFakeEmbeddingEndpoint(native, fault);
  onTestFinished(() => endpoint.stop());
  const embedder = createEndpointEmbedder({
    url: endpoint.url,
    model,
    spec,
    env: {},
    retries,
    ...deps,
  });
  return { endpoint, embedder };
}

const many = (count: number) => Array.from({ length: count }, (_, n) => `text ${n}`);
const good = (text: string): Embedded => ({
  vector: Float32Array.from(fakeVector(text, dimensions)),
});

test('one vector a text, in the order of the texts, in batches beside each other', async () => {
  const progress: number[] = [];
  const known = { first: Promise.resolve() };
  let goOn: () => void = () => undefined;
  const another = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const { endpoint, embedder } = await setUp(
    async ({ input }, number) => {
      if (number === 2) goOn();
      await another;
      const body = goodBody(input, dimensions);
      return { body: { ...body, data: body.data.reverse() } };
    },
    { env: { BERTH_EMBEDDER_KEY: 'secret', OPENAI_API_KEY: 'another' }, batchTexts: 10, known },
  );
  const texts = many(95);
  const found = await embedder.embed(texts, { onProgress: (done) => progress.push(done) });
  expect(found).toEqual(texts.map(good));
  expect(endpoint.requests).toHaveLength(10);
  expect(endpoint.requests[0]).toMatchObject({
    model,
    encoding_format: 'float',
    authorization: 'Bearer secret',
  });
  expect(endpoint.requests[0]).not.toHaveProperty('dimensions');
  expect(progress.at(-1)).toBe(95);
  expect(await embedder.embed([])).toEqual([]);
});

test('without a key no header is sent; normalised vectors have length one', async () => {
  const { endpoint, embedder } = await setUp(undefined, { spec: { ...spec, normalize: true } });
  const [first] = await embedder.embed(['a']);
  expect(endpoint.requests[0]?.authorization).toBeUndefined();
  expect(Math.hypot(...(first?.vector ?? []))).toBeCloseTo(1, 6);
});

test('429 and Retry-After: everybody waits as long as told, then goes on', async () => {
  const waits: number[] = [];
  const limiter = createAimdLimiter({
    min: 1,
    max: 8,
    start: 8,
    now: () => waits.reduce((sum, ms) => sum + ms, 0),
    sleep: async (ms) => {
      waits.push(ms);
    },
  });
  const { embedder } = await setUp(
    (_, number) =>
      number === 1
        ? { status: 429, headers: { 'retry-after': '7' }, body: errorBody('slow down') }
        : undefined,
    { limiter, batchTexts: 5 },
  );
  expect(await embedder.embed(many(20))).toEqual(many(20).map(good));
  expect(limiter.throttled).toBe(1);
  expect(waits[0]).toBe(7000);
});

test.each<[string, EndpointFault]>([
  ['500', { status: 500, body: 'broken' }],
  ['503', { status: 503, body: errorBody('overloaded') }],
  ['a connection that breaks', 'drop'],
  ['an answer that is cut off', { body: '{"object":"list","data":[{"ind' }],
  ['no data', { body: { object: 'list' } }],
])('%s: retried, and a failure of the embedder in the end', async (_, fault) => {
  const once = await setUp((_, number) => (number === 1 ? fault : undefined));
  expect(await once.embedder.embed(['a', 'b'])).toEqual([good('a'), good('b')]);
  const always = await setUp(() => fault);
  await expect(always.embedder.embed(['a', 'b'])).rejects.toMatchObject({
    type: 'EmbedderFailed',
    message: expect.stringMatching(/^embedder http:.*model fake-embedder: .+/),
  });
  expect(always.endpoint.requests.length).toBeGreaterThanOrEqual(retries.retries + 1);
});

test('no answer in time: fewer at a time, and retried', async () => {
  const limiter = createAimdLimiter({ min: 1, max: 8, start: 8 });
  const { embedder } = await setUp((_, number) => (number === 1 ? 'hang' : undefined), {
    limiter,
    retries: { ...retries, timeoutMs: 300 },
  });
  expect(await embedder.embed(['a'])).toEqual([good('a')]);
  expect(limiter.throttled).toBe(1);
});

test('nobody there', async () => {
  const { endpoint, embedder } = await setUp();
  await endpoint.stop();
  await expect(embedder.embed(['a'])).rejects.toMatchObject({
    type: 'EmbedderFailed',
    message: expect.stringMatching(/no connection \(ECONNREFUSED\)/),
  });
});

test.each([
  [401, 'CredentialsRefused'],
  [403, 'CredentialsRefused'],
  [404, 'InvalidRequest'],
])('%s is final', async (status, type) => {
  const { endpoint, embedder } = await setUp(() => ({ status, body: errorBody('no') }));
  await expect(embedder.embed(['a', 'b'])).rejects.toMatchObject({ type });
  expect(endpoint.requests).toHaveLength(1);
});

test('a quota that is used up is no reason to wait', async () => {
  const { endpoint, embedder } = await setUp(() => ({
    status: 429,
    body: errorBody('you exceeded your quota', 'insufficient_quota'),
  }));
  await expect(embedder.embed(['a'])).rejects.toMatchObject({ type: 'CredentialsRefused' });
  expect(endpoint.requests).toHaveLength(1);
});

test('400: the batch is split down to the text that is refused', async () => {
  const { embedder } = await setUp(({ input }) =>
    input.includes('text 13') ? { status: 400, body: errorBody('input too long') } : undefined,
  );
  const found = await embedder.embed(many(20));
  const expected = many(20).map(good);
  expected[13] = {
    failure: { kind: 'embedding-refused', reason: expect.stringMatching(/input too long/) },
  };
  expect(found).toEqual(expected);
});

test('a server that takes fewer texts a request is asked for fewer from then on', async () => {
  const { endpoint, embedder } = await setUp(
    ({ input }) =>
      input.length > 8 ? { status: 413, body: errorBody('batch too large') } : undefined,
    { batchTexts: 32 },
  );
  expect(await embedder.embed(many(32))).toEqual(many(32).map(good));
  const before = endpoint.requests.length;
  expect(await embedder.embed(many(32))).toEqual(many(32).map(good));
  expect(endpoint.requests.slice(before).map(({ input }) => input.length)).toEqual([8, 8, 8, 8]);
});

test('500 because of one text: that one is refused, while the server answers others', async () => {
  const { embedder } = await setUp(({ input }) =>
    input.includes('text 5')
      ? { status: 500, body: errorBody('json: unsupported value: NaN') }
      : undefined,
  );
  const found = await embedder.embed(many(12));
  expect(found.map(({ failure }) => failure?.kind)).toEqual(
    many(12).map((_, n) => (n === 5 ? 'embedding-refused' : undefined)),
  );
});

test('values that are no finite numbers fail one text', async () => {
  const { endpoint, embedder } = await setUp(({ input }) => {
    const body = goodBody(input, dimensions);
    for (const [index, text] of input.entries()) {
      const values = body.data[index]?.embedding as unknown[];
      if (text === 'text 2') values[3] = null;
      if (text === 'text 4') values[3] = 1e300;
    }
    return { body };
  });
  const found = await embedder.embed(many(6));
  expect(found.map(({ failure }) => failure?.kind)).toEqual([
    undefined,
    undefined,
    'embedding-not-finite',
    undefined,
    'embedding-not-finite',
    undefined,
  ]);
  // The batch, and each of the two once more by itself.
  expect(endpoint.requests.map(({ input }) => input.length)).toEqual([6, 1, 1]);
});

test('fewer or wrongly numbered vectors are named with their numbers', async () => {
  const fewer = await setUp(({ input }) => ({ body: goodBody(input.slice(1), dimensions) }));
  await expect(fewer.embedder.embed(many(3))).rejects.toMatchObject({
    type: 'EmbedderFailed',
    message: expect.stringMatching(/gave 2 vectors for 3 texts/),
  });
  const twice = await setUp(({ input }) => {
    const body = goodBody(input, dimensions);
    return { body: { ...body, data: body.data.map((item) => ({ ...item, index: 0 })) } };
  });
  await expect(twice.embedder.embed(many(3))).rejects.toMatchObject({
    type: 'EmbedderFailed',
    message: expect.stringMatching(/numbered its vectors 0 twice/),
  });
});

test('another number of dimensions', async () => {
  const fewer = await setUp(undefined, {}, 6);
  await expect(fewer.embedder.embed(['a'])).rejects.toMatchObject({
    type: 'DimensionMismatch',
    message: expect.stringMatching(/6, expected 8/),
  });
  // More: asked for fewer, which this one ignores, the next refuses and the last one heeds.
  const ignores = await setUp(undefined, {}, 16);
  await expect(ignores.embedder.embed(['a'])).rejects.toMatchObject({ type: 'DimensionMismatch' });
  const refuses = await setUp(
    ({ dimensions: asked }) =>
      asked === undefined ? undefined : { status: 400, body: errorBody('no such parameter') },
    {},
    16,
  );
  await expect(refuses.embedder.embed(['a'])).rejects.toMatchObject({
    type: 'DimensionMismatch',
    message: expect.stringMatching(/no such parameter/),
  });
  const heeds = await setUp(
    ({ input, dimensions: asked }) => ({ body: goodBody(input, asked ?? 16) }),
    {},
    16,
  );
  expect(await heeds.embedder.embed(['a'])).toEqual([good('a')]);
  expect(await heeds.embedder.embed(['b'])).toEqual([good('b')]);
  expect(heeds.endpoint.requests.map(({ dimensions: asked }) => asked)).toEqual([
    undefined,
    dimensions,
    dimensions,
  ]);
});

test('a shorter vector is asked for although several requests find out together', async () => {
  let arrived = 0;
  let goOn: () => void = () => undefined;
  const together = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const { embedder } = await setUp(
    async ({ input, dimensions: asked }) => {
      arrived += 1;
      if (arrived === 3) goOn();
      await together;
      return { body: goodBody(input, asked ?? 16) };
    },
    { batchTexts: 1, known: { first: Promise.resolve() } },
    16,
  );
  const found = await embedder.embed(many(3));
  expect(found.map(({ vector }) => vector?.length)).toEqual([dimensions, dimensions, dimensions]);
});

test('no text but those of the first request is sent twice to a model that gives more', async () => {
  const known = {};
  const { endpoint, embedder } = await setUp(
    ({ input, dimensions: asked }) => ({ body: goodBody(input, asked ?? 16) }),
    { batchTexts: 2, known },
    16,
  );
  expect(await embedder.embed(many(10))).toHaveLength(10);
  expect(endpoint.requests.flatMap(({ input }) => input)).toHaveLength(12);
  // The embedder of the next page knows.
  const next = createEndpointEmbedder({
    ...{ url: endpoint.url, model, spec, env: {}, retries, known },
  });
  await next.embed(many(10));
  expect(endpoint.requests.flatMap(({ input }) => input)).toHaveLength(22);
});

test('a cancellation ends requests under way', async () => {
  const controller = new AbortController();
  const { embedder } = await setUp(() => {
    controller.abort(new Error('cancelled'));
    return 'hang';
  });
  await expect(embedder.embed(['a'], { signal: controller.signal })).rejects.toThrow('cancelled');
});

test('an endpoint is described by what it gives', async () => {
  const { endpoint } = await setUp(({ input, dimensions: asked }) => ({
    body: goodBody(input, asked ?? 16),
  }));
  const plain = { pooling: null, normalize: null, dimensions: null };
  const request = { kind: 'endpoint', url: endpoint.url, model } as const;
  const own = await describeEndpoint(request, plain, {}, retries);
  expect(own).toMatchObject({ dimensions: 16, normalize: true, maxTokens: 512 });
  expect(own.contentDigest).toMatch(/^endpoint:[0-9a-f]{64}$/);
  expect(await describeEndpoint(request, plain, {}, retries)).toEqual(own);
  const cut = await describeEndpoint(request, { ...plain, dimensions: 4 }, {}, retries);
  expect(cut.dimensions).toBe(4);
  expect(cut.contentDigest).not.toBe(own.contentDigest);
  const more = describeEndpoint(request, { ...plain, dimensions: 32 }, {}, retries);
  await expect(more).rejects.toMatchObject({ type: 'DimensionMismatch' });
});

test('addresses that are none, or that hold a password', async () => {
  const plain = { pooling: null, normalize: null, dimensions: null };
  const describe = (url: string) => describeEndpoint({ kind: 'endpoint', url, model }, plain, {});
  await expect(describe('here')).rejects.toMatchObject({ type: 'InvalidRequest' });
  await expect(describe('ftp://host/v1')).rejects.toMatchObject({ type: 'InvalidRequest' });
  for (const url of ['http://me:hidden@host/v1', 'http://host/v1?api-key=hidden']) {
    await expect(describe(url)).rejects.toMatchObject({
      type: 'InvalidRequest',
      message: expect.not.stringMatching(/hidden/),
    });
  }
});
