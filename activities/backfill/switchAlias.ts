import type { SwitchAliasInput } from '../../workflows/contracts/backfill/activities.ts';
import { formatStoreRef } from '../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { BackfillDeps } from './backfillDeps.ts';

/**
 * Points a collection's alias at one of its versions. May be repeated; `previous` of a repetition is
 * the version that the first attempt has switched to.
 * @throws BerthError CollectionNotFound when `to` is no version of the collection; VerificationFailed
 *   when the alias names neither `from` nor `to`; and of the store
 */
export async function switchAlias(
  { stores, logger }: Pick<BackfillDeps, 'stores' | 'logger'>,
  { store: ref, collection, to, from }: SwitchAliasInput,
): Promise<{ previous: string | null }> {
  const store = await stores.use(ref);
  if (to !== null) {
    const spec = await store.readSpec(to);
    if (spec?.collection !== collection) {
      const where = formatStoreRef(ref);
      throw berthError(
        'CollectionNotFound',
        `${where}: ${to} is no version of ${collection}; berth collections lists them`,
      );
    }
  }
  if (from !== undefined) {
    const live = (await store.resolveAlias(collection))?.physical ?? null;
    if (live !== from && live !== to) {
      throw berthError(
        'VerificationFailed',
        `${collection}: ${formatStoreRef(ref)} names ${live ?? 'nothing'} instead of ${from ?? 'nothing'} meanwhile, by a rollback or from elsewhere; it was left so; look with berth collections, then run it again`,
      );
    }
  }
  const previous = await store.switchAlias(collection, to);
  logger.info({ store: formatStoreRef(ref), collection, previous, to }, 'alias switched');
  return { previous };
}
