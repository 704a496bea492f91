import weaviate, { type WeaviateClient } from 'weaviate-client';
import { BerthError, berthError } from '../../../../workflows/contracts/errors.ts';
import { collectionNotFound, storeFailure } from '../../shared/storeFailure.ts';
import { checkStoreUrl } from '../../shared/storeUrl.ts';
import type { StoreDriverOptions } from '../../vectorStore.ts';
import { type BatchSender, connectBatchSender } from './batchSender.ts';
import { describeWeaviateError } from './describeError.ts';

/** Aliases came with 1.32, the negation of filters with 1.33. */
const oldest = [1, 33] as const;
const defaultGrpcPort = 50_051;

export interface WeaviateConnection {
  client: WeaviateClient;
  batches: Pick<BatchSender, 'send'>;
  /** Store and address, for messages. */
  where: string;
  /**
   * Runs a request and names its failure.
   * @param what operation, such as `upsert`
   * @param physical collection that has to be there
   * @throws BerthError as VectorStore says
   */
  call<T>(what: string, physical: string | null, request: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * The address is that of REST; gRPC is on the same host, at port 50051 or what `?grpc=<port>` says. A
 * Weaviate Cloud host has its own.
 * @throws BerthError InvalidRequest, StoreUnavailable, CredentialsRefused, StoreUnsupported
 */
export async function connectWeaviate(options: StoreDriverOptions): Promise<WeaviateConnection> {
  const address = options.url ?? options.stackUrl;
  if (address === null) {
    throw berthError(
      'InvalidRequest',
      'store weaviate: it has no address; say weaviate=http://host:8080',
    );
  }
  const url = checkStoreUrl('weaviate', address, ['http:', 'https:'], 'WEAVIATE_API_KEY');
  const where = `weaviate ${url.origin}`;
  const call: WeaviateConnection['call'] = async (what, physical, request) => {
    try {
      return await request();
    } catch (error) {
      if (error instanceof BerthError) throw error;
      const trouble = describeWeaviateError(error);
      if (trouble.status === 404 && physical !== null) throw collectionNotFound(where, physical);
      const place = `${where}: ${what}${physical === null ? '' : ` ${physical}`}`;
      if (/vector lengths?|dimension/i.test(trouble.message) && trouble.status !== 503) {
        throw berthError('DimensionMismatch', `${place}: ${trouble.message}`);
      }
      throw storeFailure(place, trouble);
    }
  };
  const { client, batches } = await call('connect', null, () => connect(url, options));
  const close = async () => {
    batches.close();
    await client.close();
  };
  try {
    const { version = '0.0' } = await call('version', null, () => client.getMeta());
    const [major = 0, minor = 0] = version.split('.').map(Number);
    if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
      throw berthError(
        'StoreUnsupported',
        `${where} is version ${version}; expected ${oldest.join('.')} or newer, so update it`,
      );
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { client, batches, where, call, close };
}

async function connect(url: URL, { env, timeoutMs = 30_000 }: StoreDriverOptions) {
  const seconds = timeoutMs / 1000;
  const apiKey = env.WEAVIATE_API_KEY ? new weaviate.ApiKey(env.WEAVIATE_API_KEY) : undefined;
  const { http, grpc } = endpoints(url);
  const timeout = { init: Math.min(seconds, 10), query: seconds, insert: seconds };
  const client = await weaviate.client({
    connectionParams: { http, grpc },
    ...(apiKey ? { auth: apiKey } : {}),
    timeout,
    // Its health check prints to the console; what it would find, the first request does.
    skipInitChecks: true,
  });
  const batches = await connectBatchSender({
    host: `${url.protocol}//${http.host}:${http.port}${http.path}`,
    grpcAddress: `${grpc.host}:${grpc.port}`,
    grpcSecure: grpc.secure,
    headers: {},
    ...(apiKey ? { apiKey } : {}),
    timeout,
    skipInitChecks: true,
  });
  return { client, batches };
}

/** As the client finds them for its cloud, else by the address. */
function endpoints(url: URL) {
  const { hostname } = url;
  const secure = url.protocol === 'https:';
  const [first = '', ...rest] = hostname.split('.');
  const network = hostname.endsWith('.weaviate.network');
  if (network || hostname.endsWith('.weaviate.cloud')) {
    const grpcHost = network ? [first, 'grpc', ...rest].join('.') : `grpc-${hostname}`;
    return {
      http: { host: hostname, path: '', port: 443, secure: true },
      grpc: { host: grpcHost, port: 443, secure: true },
    };
  }
  const path = url.pathname === '/' ? '' : url.pathname;
  const grpcPort = Number(url.searchParams.get('grpc') ?? defaultGrpcPort);
  return {
    http: { host: hostname, path, port: Number(url.port || (secure ? 443 : 80)), secure },
    grpc: { host: hostname, port: grpcPort, secure },
  };
}
