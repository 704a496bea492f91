import { z } from 'zod';
import type { SearchFilter } from '../../../workflows/contracts/backfill/activities.ts';

const value = z.union([z.string(), z.number(), z.boolean()]);
const bound = z.union([z.string(), z.number()]);

/** Fields that all have to match: a value, or conditions. */
export const searchFilterSchema: z.ZodType<SearchFilter> = z.record(
  z.string().min(1),
  z.union([
    value,
    z
      .strictObject({
        in: z.array(value).min(1).optional(),
        not: value.optional(),
        gte: bound.optional(),
        lte: bound.optional(),
      })
      .refine((conditions) => Object.keys(conditions).length > 0),
  ]),
);
