import { expect, test } from 'vitest';
import { storeProfiles } from '../../../activities/stores/advise/storeProfiles.ts';
import type { Rig } from './rig.ts';

/** What `berth stores advise` takes for granted. */
export function adviceTests(rig: Rig): void {
  test('can what the advice on stores says that it can', () => {
    const { kind, capabilities } = rig.store();
    const profile = storeProfiles.find((one) => one.kind === kind);
    const { hybrid, aliases, payloadIndexes, tenants } = capabilities;
    expect({ ...profile?.capabilities, quantization: null }).toEqual({
      ...{ hybrid, aliases, payloadIndexes, tenants },
      quantization: null,
    });
    expect([...(profile?.capabilities.quantization ?? [])].sort()).toEqual(
      [...capabilities.quantization].sort(),
    );
    const longest = Math.max(...Object.values(profile?.maxDimensions ?? {}));
    expect(longest).toBe(capabilities.maxDimensions);
  });
}
