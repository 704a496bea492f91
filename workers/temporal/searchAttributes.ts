import type { Connection } from '@temporalio/client';

/** IndexedValueType KEYWORD of Temporal's API (enums/v1/common.proto). */
const keyword = 2;

/** The search attributes that Berth's workflows carry; all keywords. */
export const searchAttributeNames = [
  'BerthPipeline',
  'BerthModel',
  'BerthHost',
  'BerthPool',
  'BerthTeam',
] as const;

/**
 * Creates those that are absent. A cloud namespace or a strict administrator may refuse: then the
 * caller warns and Berth goes on without.
 * @returns names created
 */
export async function ensureSearchAttributes(
  connection: Pick<Connection, 'operatorService'>,
  namespace: string,
): Promise<string[]> {
  const known = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = searchAttributeNames.filter(
    (name) => known.customAttributes?.[name] === undefined,
  );
  if (missing.length > 0) {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, keyword])),
    });
  }
  return missing;
}
