import { describe, expect, test } from 'vitest';
import type { LinkType } from '../../../workflows/contracts/pool/devices.ts';
import { chooseDevices } from '../../../workflows/scheduling/topology/chooseGang.ts';
import type { LinkedDevice } from '../../../workflows/scheduling/topology/linkRank.ts';
import { dgx1, fabricHosts, linkedDevices } from '../../support/linkedDevices.ts';

const choose = (devices: LinkedDevice[], count: number, minimum: LinkType | null = null) => {
  const chosen = chooseDevices(devices, count, minimum);
  return chosen && `${chosen.deviceIds.join(' ')}: ${chosen.worstLink}`;
};
const without = (devices: LinkedDevice[], ...gone: number[]) =>
  devices.filter((_, i) => !gone.includes(i));

describe('a DGX-1', () => {
  test('lends two with two links and leaves the other quad whole', () => {
    expect(choose(dgx1(), 2)).toBe('d0 d3: NV2');
  });

  test('lends a quad whole, and nothing larger over NVLink', () => {
    expect(choose(dgx1(), 4)).toBe('d0 d1 d2 d3: NV1');
    expect(choose(dgx1(), 5)).toMatch(/: SYS$/);
    expect(choose(dgx1(), 5, 'NV1')).toBeUndefined();
  });

  test('takes the broken quad for two rather than a pair across the quads', () => {
    // 0–4 has two links as well, but would break the quad of 4 to 7.
    expect(choose(without(dgx1(), 1, 2), 2)).toBe('d0 d3: NV2');
  });

  test('takes a single one from the broken quad, the one with the fewest links', () => {
    expect(choose(without(dgx1(), 2), 1)).toBe('d1: null');
    expect(choose(without(dgx1(), 6), 1)).toBe('d5: null');
  });
});

describe('pairs with NVLink bridges', () => {
  const pairs = linkedDevices([
    'X NV4 SYS SYS SYS',
    'NV4 X SYS SYS SYS',
    'SYS SYS X SYS SYS',
    'SYS SYS SYS X NV4',
    'SYS SYS SYS NV4 X',
  ]);

  test('a single lease takes the lone device', () => {
    expect(choose(pairs, 1)).toBe('d2: null');
    expect(choose(without(pairs, 4), 1)).toBe('d2: null');
  });

  test('two take a pair, where the first two free ones are none', () => {
    expect(choose(without(pairs, 0), 2)).toBe('d3 d4: NV4');
  });

  test('three take a pair and the lone device', () => {
    expect(choose(pairs, 3)).toBe('d0 d1 d2: SYS');
  });

  test('a minimum that the free ones do not have is refused', () => {
    expect(choose(without(pairs, 0, 4), 2, 'PHB')).toBeUndefined();
    expect(choose(without(pairs, 0, 4), 2, 'SYS')).toBe('d1 d2: SYS');
  });
});

test('PCIe links order as PIX, PXB, PHB, NODE, SYS, unknown', () => {
  const order = ['PIX', 'PXB', 'PHB', 'NODE', 'SYS', '?'];
  for (const [i, better] of order.entries()) {
    for (const worse of order.slice(i + 1)) {
      const devices = linkedDevices([
        `X ${worse} ${worse}`,
        `${worse} X ${better}`,
        `${worse} ${better} X`,
      ]);
      expect(choose(devices, 2)).toBe(`d1 d2: ${better}`);
    }
  }
});

test('NVLink counts order as numbers and go before PCIe', () => {
  const devices = linkedDevices([
    'X NV2 PIX PIX',
    'NV2 X PIX PIX',
    'PIX PIX X NV12',
    'PIX PIX NV12 X',
  ]);
  expect(choose(devices, 2)).toBe('d2 d3: NV12');
  expect(choose(without(devices, 3), 2)).toBe('d0 d1: NV2');
});

test('sides that disagree count as the worse, a side that is missing as unknown', () => {
  const lopsided = linkedDevices(['X NV4 SYS', 'NV1 X NV2', 'SYS NV2 X']);
  expect(choose(lopsided, 2)).toBe('d1 d2: NV2');
  const oneSided = linkedDevices(['X NV4 SYS', '? X SYS', 'SYS SYS X']);
  expect(choose(oneSided, 2)).toBe('d0 d2: SYS');
});

test('unknown links are usable where nothing is asked for', () => {
  const unknown = linkedDevices(['X ?', '? X']);
  expect(choose(unknown, 2)).toBe('d0 d1: null');
  expect(choose(unknown, 2, 'SYS')).toBeUndefined();
});

test('MIG instances never join, and are lent alone', () => {
  const mig = { profile: '1g.10gb', parentDeviceId: 'g' };
  const devices = linkedDevices(['X NV4 NV4', 'NV4 X NV4', 'NV4 NV4 X']);
  const cut = devices.map((device, i) => (i === 2 ? device : { ...device, mig }));
  expect(choose(cut, 2)).toBeUndefined();
  expect(choose(cut, 1)).toBe('d0: null');
});

describe('an NVLink domain across hosts', () => {
  const domain = { clusterUuid: 'c0ffee', cliqueId: 1 };

  test('joins hosts by NVLink, and lends by id', () => {
    const rack = fabricHosts(18, domain);
    expect(chooseDevices(rack, 72, 'NV18')?.worstLink).toBe('NV18');
    expect(chooseDevices(rack, 6, 'NV1')?.deviceIds).toEqual([
      '00.0',
      '00.1',
      '00.2',
      '00.3',
      '01.0',
      '01.1',
    ]);
  });

  test('ends at its clique: the smaller clique that suffices is taken', () => {
    const other = fabricHosts(5, { ...domain, cliqueId: 2 }).slice(8);
    const devices = [...fabricHosts(2, domain), ...other];
    expect(chooseDevices(devices, 8, 'NV1')?.deviceIds[0]).toBe('00.0');
    expect(chooseDevices(devices, 12, 'NV1')?.deviceIds[0]).toBe('02.0');
    expect(chooseDevices(devices, 13, 'NV1')).toBeUndefined();
    expect(chooseDevices(devices, 13, null)?.worstLink).toBeNull();
  });

  test('without a domain hosts are not joined', () => {
    expect(chooseDevices(fabricHosts(2, null), 8, 'SYS')).toBeUndefined();
  });
});

test('there is no choice of none, of too many or of half a device', () => {
  for (const count of [0, -1, 9, 1.5, Number.NaN]) expect(choose(dgx1(), count)).toBeUndefined();
  expect(choose([], 1)).toBeUndefined();
});

test('a new report of the same devices is looked at anew', () => {
  const before = linkedDevices(['X NV2 SYS', 'NV2 X SYS', 'SYS SYS X']);
  const after = linkedDevices(['X SYS SYS', 'SYS X NV2', 'SYS NV2 X']);
  expect(choose(before, 2)).toBe('d0 d1: NV2');
  expect(choose(after, 2)).toBe('d1 d2: NV2');
});

test('what a caller does to an answer does not reach the next one', () => {
  const devices = dgx1();
  chooseDevices(devices, 2, null)?.deviceIds.push('d9');
  expect(choose(devices, 2)).toBe('d0 d3: NV2');
});
