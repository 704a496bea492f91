import { type Collection, Filters, type FilterValue } from 'weaviate-client';
import type { FilterClause } from '../../shared/filters.ts';
import { unsupported } from '../../shared/storeFailure.ts';
import { exactText, kindOf, toPropertyName } from './names.ts';

type Value = string | number | boolean;
type Filterable = Pick<Collection, 'filter'>;

/** Properties that the conditions look at. */
export const propertiesOf = (clauses: readonly FilterClause[]): string[] => clauses.map(propertyOf);

const propertyOf = (clause: FilterClause): string =>
  toPropertyName(clause.field, kindOf(clause.op === 'in' ? clause.values[0]! : clause.value));

/**
 * Conditions as Weaviate's filter. A property that the class lacks is one that no object has: the
 * server refuses its name, so it is answered here.
 * @returns undefined: nothing to filter; `none`: nothing can match
 * @throws BerthError StoreUnsupported for what it cannot say
 */
export function weaviateFilter(
  where: string,
  collection: Filterable,
  clauses: readonly FilterClause[],
  known: ReadonlySet<string>,
): FilterValue | undefined | 'none' {
  const all: FilterValue[] = [];
  for (const clause of clauses) {
    const name = propertyOf(clause);
    if (clause.op !== 'eq' && clause.op !== 'in' && clause.op !== 'not') {
      if (typeof clause.value === 'string') {
        throw unsupported(where, `order texts (filter on ${clause.field})`);
      }
    }
    if (!known.has(name)) {
      if (clause.op === 'not') continue;
      return 'none';
    }
    all.push(condition(collection, name, clause));
  }
  return all.length > 1 ? Filters.and(...all) : all[0];
}

function condition(collection: Filterable, name: string, clause: FilterClause): FilterValue {
  const property = collection.filter.byProperty(name as never) as unknown as {
    equal(value: Value): FilterValue;
    containsAny(values: Value[]): FilterValue;
    greaterOrEqual(value: number): FilterValue;
    lessOrEqual(value: number): FilterValue;
  };
  switch (clause.op) {
    case 'eq':
      return property.equal(comparable(clause.value));
    case 'in':
      // The client sends no list that mixes whole numbers and fractions, nor one of booleans.
      return typeof clause.values[0] === 'string'
        ? property.containsAny(clause.values.map(comparable))
        : Filters.or(...clause.values.map((value) => property.equal(value)));
    case 'not':
      return Filters.not(property.equal(comparable(clause.value)));
    case 'gte':
      return property.greaterOrEqual(clause.value as number);
    default:
      return property.lessOrEqual(clause.value as number);
  }
}

const comparable = (value: Value): Value => (typeof value === 'string' ? exactText(value) : value);
