import type { SwitchAliasInput } from '../../workflows/contracts/backfill/activities.ts';
import { formatStoreRef } from '../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { BackfillDeps } from './backfillDeps.ts';

/**
 * Points a collection's alias at one of its versions. May be repeated; `previous` of a repetition is
 * the version that the first attempt has switched to.
 * @throws BerthError CollectionNotFound when `to` is no version of the collection, and of the store
 */
export async function switchAlias(
  { stores, logger }: Pick<BackfillDeps, 'stores' | 'logger'>,
  { store: ref, collection, to }: SwitchAliasInput,
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
  const previous = await store.switchAlias(collection, to);
  logger.info({ store: formatStoreRef(ref), collection, previous, to }, 'alias switched');
  return { previous };
}
