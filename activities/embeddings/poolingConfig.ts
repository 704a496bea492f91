import { join } from 'node:path';
import type { Pooling } from '../../workflows/contracts/backfill/request.ts';
import {
  invalidModel,
  type PoolingConfig,
  poolingSchema,
  readModelJson,
  unsupportedModel,
} from './modelFiles.ts';

const flags = {
  pooling_mode_cls_token: 'cls',
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_max_tokens: 'max',
  pooling_mode_mean_sqrt_len_tokens: 'mean_sqrt_len_tokens',
  pooling_mode_weightedmean_tokens: 'weightedmean',
  pooling_mode_lasttoken: 'lasttoken',
} as const satisfies Partial<Record<keyof PoolingConfig, string>>;

const supported = new Map<string, Pooling>([
  ['cls', 'cls'],
  ['mean', 'mean'],
  ['lasttoken', 'last'],
]);

/**
 * What a sentence-transformers Pooling module says.
 * @param module its folder, such as `1_Pooling`
 * @throws BerthError InvalidModel; UnsupportedModel for other modes, or several of them joined
 */
export async function describePooling(folder: string, module: string): Promise<Pooling> {
  const name = join(module, 'config.json');
  const config = await readModelJson(folder, name, poolingSchema);
  if (config === undefined) throw invalidModel(folder, `${name} is missing`);
  const modes = modesOf(config);
  const [mode] = modes;
  // The module's own default.
  if (mode === undefined) return 'mean';
  const pooling = supported.get(mode);
  if (modes.length > 1 || pooling === undefined) {
    throw unsupportedModel(
      folder,
      `${name}: pooling ${modes.join(' and ')} is not supported; choose mean, cls or last yourself`,
    );
  }
  return pooling;
}

function modesOf(config: PoolingConfig): string[] {
  if (config.pooling_mode !== undefined) return [config.pooling_mode].flat();
  return Object.entries(flags)
    .filter(([flag]) => config[flag as keyof typeof flags] === true)
    .map(([, mode]) => mode);
}
