import { resolve } from 'node:path';
import {
  formatStoreRef,
  type StoreKind,
  type StoreRef,
  storeKinds,
} from '../../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';

/** What `url` has to be, by kind; those that are absent need none. */
const protocols: Partial<Record<StoreKind, RegExp>> = {
  chroma: /^https?:$/,
  qdrant: /^https?:$/,
  weaviate: /^https?:$/,
  pgvector: /^postgres(ql)?:$/,
};

const examples: Record<StoreKind, string> = {
  chroma: 'chroma or chroma=http://127.0.0.1:8000',
  qdrant: 'qdrant=http://127.0.0.1:6333',
  weaviate: 'weaviate=http://127.0.0.1:8080',
  pgvector: 'pgvector=postgres://user@127.0.0.1:5432/docs',
  lancedb: 'lancedb or lancedb=./vectors',
  noop: 'noop',
};

/**
 * `chroma`, `lancedb=./vectors`, `qdrant=http://127.0.0.1:6333`; relative folders are resolved here.
 * @throws BerthError InvalidRequest in one line, without a password that it holds
 */
export function parseStoreRef(text: string): StoreRef {
  const at = text.indexOf('=');
  const kind = (at < 0 ? text : text.slice(0, at)) as StoreKind;
  const place = at < 0 ? null : text.slice(at + 1);
  if (!storeKinds.includes(kind)) {
    const known = storeKinds.filter((name) => name !== 'noop').join(', ');
    throw refuse(JSON.stringify(kind), `one of ${known}, such as ${examples.chroma}`);
  }
  const needs = protocols[kind];
  if (needs === undefined) {
    if (place === '') throw refuse(text, examples[kind]);
    return { kind, url: place === null ? null : resolve(place) };
  }
  if (place === null) {
    // Only the stack's own Chroma has an address that Berth knows.
    if (kind === 'chroma') return { kind, url: null };
    throw refuse(kind, `its address, such as ${examples[kind]}`);
  }
  return { kind, url: checkUrl(kind, place, needs) };
}

function checkUrl(kind: StoreKind, place: string, protocol: RegExp): string {
  let url: URL;
  try {
    url = new URL(place);
  } catch {
    throw refuse(kind, `an address, such as ${examples[kind]}`);
  }
  if (!protocol.test(url.protocol) || url.host === '') throw refuse(kind, examples[kind]);
  // As the driver does (activities/stores/shared/storeUrl.ts), but before the job carries it.
  const holdsUser = protocol.test('http:') && url.username !== '';
  if (url.password !== '' || holdsUser || /key|token|passw|secret/i.test(url.search)) {
    throw refuse(
      `${kind} at ${url.host}`,
      `an address without a password or key: it would be seen in the job; give it by environment (see the README's settings)`,
    );
  }
  return place.replace(/\/+$/, '');
}

const refuse = (what: string, wanted: string) =>
  berthError('InvalidRequest', `store ${what}: expected ${wanted}`);

/** @throws BerthError InvalidRequest when two are alike or there is none */
export function parseStoreRefs(texts: readonly string[]): StoreRef[] {
  if (texts.length === 0) {
    throw berthError(
      'InvalidRequest',
      `store is missing: expected at least one, such as ${examples.chroma}`,
    );
  }
  const stores = texts.map(parseStoreRef);
  const names = stores.map(formatStoreRef);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw berthError('InvalidRequest', `store ${twice}: given twice; expected each store once`);
  }
  return stores;
}
