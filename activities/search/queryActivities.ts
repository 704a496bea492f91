import type { QueryActivities } from '../../workflows/contracts/backfill/activities.ts';
import { withPulse } from '../backfill/pulse.ts';
import type { Paths } from '../platform/paths.ts';
import type { Stores } from '../stores/stores.ts';
import { embedQueries } from './embedQueries.ts';
import type { EmbedQueryTexts } from './embedQuery.ts';
import { searchCollection } from './searchCollection.ts';

export interface QueryActivitiesDeps {
  paths: Paths;
  stores: Stores;
  embed: EmbedQueryTexts;
}

/** Activities of the query worker. */
export function createQueryActivities(deps: QueryActivitiesDeps): QueryActivities {
  return {
    searchCollection: (input) => withPulse(({ signal }) => searchCollection(deps, input, signal)),
    embedQueries: (input) => withPulse(({ signal }) => embedQueries(deps, input, signal)),
  };
}
