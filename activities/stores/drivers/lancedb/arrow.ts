import { createRequire } from 'node:module';

/**
 * Apache Arrow as LanceDB itself loads it: it asks for `instanceof`, and the package's ES modules
 * hold other classes than its CommonJS.
 */
export const arrow: typeof import('apache-arrow') = createRequire(import.meta.url)('apache-arrow');
