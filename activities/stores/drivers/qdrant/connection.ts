import { QdrantClient } from '@qdrant/js-client-rest';
import { BerthError, berthError } from '../../../../workflows/contracts/errors.ts';
import { collectionNotFound, storeFailure } from '../../shared/storeFailure.ts';
import { checkStoreUrl } from '../../shared/storeUrl.ts';
import type { StoreDriverOptions } from '../../vectorStore.ts';
import { describeQdrantError } from './describeError.ts';

/** Collection metadata, which holds what a collection is, came with this server. */
const oldest = [1, 16] as const;

export interface QdrantConnection {
  client: QdrantClient;
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

/** @throws BerthError InvalidRequest, StoreUnavailable, StoreUnsupported for a server before 1.16 */
export async function connectQdrant(options: StoreDriverOptions): Promise<QdrantConnection> {
  const { env } = options;
  const address = options.url ?? options.stackUrl;
  if (address === null) {
    throw berthError(
      'InvalidRequest',
      'store qdrant: it has no address; say qdrant=http://host:6333',
    );
  }
  const url = checkStoreUrl('qdrant', address, ['http:', 'https:'], 'QDRANT_API_KEY');
  const client = new QdrantClient({
    url: `${url.protocol}//${url.host}`,
    ...(url.pathname === '/' ? {} : { prefix: url.pathname.replace(/\/$/, '') }),
    // As a header: the client's own option prints to the console when the address is not https.
    ...(env.QDRANT_API_KEY ? { headers: { 'api-key': env.QDRANT_API_KEY } } : {}),
    ...portOf(address),
    timeout: options.timeoutMs ?? 30_000,
    checkCompatibility: false,
  });
  const where = `qdrant ${url.origin}`;

  const call: QdrantConnection['call'] = async (what, physical, request) => {
    try {
      return await request();
    } catch (error) {
      if (error instanceof BerthError) throw error;
      const trouble = describeQdrantError(error);
      const place = `${where}: ${what}${physical === null ? '' : ` ${physical}`}`;
      if (trouble.status === 404 && physical !== null) throw collectionNotFound(where, physical);
      if (/vector (dimension|inserting) error/i.test(trouble.message)) {
        throw berthError('DimensionMismatch', `${place}: ${trouble.message}`);
      }
      throw storeFailure(place, trouble);
    }
  };

  const { version } = await call('version', null, () => client.versionInfo());
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    throw berthError(
      'StoreUnsupported',
      `${where} is version ${version}; expected ${oldest.join('.')} or newer, so update it`,
    );
  }
  return { client, where, call };
}

/** The client takes a URL's default port, which the URL class drops, for Qdrant's own 6333. */
function portOf(address: string): { port?: number } {
  const written = /^[a-z]+:\/\/[^/]*:(\d+)(?:\/|$)/i.exec(address)?.[1];
  return written === undefined ? {} : { port: Number(written) };
}
