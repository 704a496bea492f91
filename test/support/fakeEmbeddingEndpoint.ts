import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the client asked for. */
export interface EndpointRequest {
  input: string[];
  model: string;
  dimensions?: number;
  encoding_format?: string;
  authorization: string | undefined;
}

/** An answer other than the good one; `hang` and `drop` give none. */
export type EndpointFault =
  | { status?: number; headers?: Record<string, string>; body: unknown }
  | 'hang'
  | 'drop';

type Answered = EndpointFault | undefined;

/** Values that the fake gives for a text, not normalised. */
export function fakeVector(text: string, dimensions: number): number[] {
  const bytes = createHash('sha512').update(text).digest();
  return Array.from({ length: dimensions }, (_, at) => ((bytes[at % 64] ?? 0) - 127) / 32);
}

export const goodBody = (input: readonly string[], dimensions: number) => ({
  object: 'list',
  data: input.map((text, index) => ({
    object: 'embedding',
    index,
    embedding: fakeVector(text, dimensions),
  })),
  usage: { prompt_tokens: 1, total_tokens: 1 },
});

export const errorBody = (message: string, code: string | null = null) => ({
  error: { message, type: 'invalid_request_error', code, param: null },
});

/**
 * A fake of an OpenAI-compatible endpoint over real HTTP: answers `POST /v1/embeddings` as `fault`
 * says, else with vectors made of the texts' hashes.
 */
export async function startFakeEmbeddingEndpoint(
  dimensions: number,
  fault: (request: EndpointRequest, number: number) => Answered | Promise<Answered> = () =>
    undefined,
) {
  const requests: EndpointRequest[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.method !== 'POST' || request.url !== '/v1/embeddings') {
      response.writeHead(404).end('{}');
      return;
    }
    const asked = {
      ...(JSON.parse(Buffer.concat(chunks).toString()) as Omit<EndpointRequest, 'authorization'>),
      authorization: request.headers.authorization,
    };
    requests.push(asked);
    const wrong = await fault(asked, requests.length);
    if (wrong === 'hang') return;
    if (wrong === 'drop') {
      request.socket.destroy();
      return;
    }
    const {
      status = 200,
      headers = {},
      body,
    } = wrong ?? { body: goodBody(asked.input, dimensions) };
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
