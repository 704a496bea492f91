import weaviate, { type WeaviateClient } from 'weaviate-client';
import { BerthError, berthError } from '../../../../workflows/contracts/errors.ts';
import { collectionNotFound, storeFailure } from '../../shared/storeFailure.ts';
import { checkStoreUrl } from '../../shared/storeUrl.ts';
import type { StoreDriverOptions } from '../../vectorStore.ts';
import { describeWeaviateError } from './describeError.ts';

/** Aliases came with 1.32, the negation of filters with 1.33. */
const oldest = [1, 33] as const;
const defaultGrpcPort = 50_051;

export interface WeaviateConnection {
  client: WeaviateClient;
  /** Store and address, for messages. */
  where: string;
  /**
   * Runs a request and names its failure.
   * @param what operation, such as `upsert`
   * @param physical collection that has to be there
   * @throws BerthError as VectorStore says
   */
  call<T>(what: string, physical: string | null, request: () => Promise<T>): Promise<T>;
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
  const client = await call('connect', null, () => connect(url, options));
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
    await client.close();
    throw error;
  }
  return { client, where, call };
}

function connect(url: URL, { env, timeoutMs = 30_000 }: StoreDriverOptions) {
  const seconds = timeoutMs / 1000;
  const key = env.WEAVIATE_API_KEY;
  const common = {
    ...(key ? { authCredentials: new weaviate.ApiKey(key) } : {}),
    timeout: { init: Math.min(seconds, 10), query: seconds, insert: seconds },
    // Its health check prints to the console; what it would find, the first request does.
    skipInitChecks: true,
  };
  if (/\.weaviate\.(cloud|network)$/.test(url.hostname)) {
    return weaviate.connectToWeaviateCloud(url.origin, common);
  }
  const secure = url.protocol === 'https:';
  return weaviate.connectToCustom({
    httpHost: url.hostname,
    httpPath: url.pathname === '/' ? '' : url.pathname,
    httpPort: Number(url.port || (secure ? 443 : 80)),
    httpSecure: secure,
    grpcHost: url.hostname,
    grpcPort: Number(url.searchParams.get('grpc') ?? defaultGrpcPort),
    grpcSecure: secure,
    ...common,
  });
}
