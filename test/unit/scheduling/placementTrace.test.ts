import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fillOnce } from '../../../scripts/bench/placement/fill.ts';
import { publishedAllocation, tolerance } from '../../../scripts/bench/placement/published.ts';
import { readTrace } from '../../../scripts/bench/placement/trace.ts';
import type { PolicyName } from '../../../workflows/scheduling/placement/policies/createPolicy.ts';
import { dataMissing, testData } from '../../support/testData.ts';

const folder = testData('openb');
const source = 'hkust-adsl/kubernetes-scheduler-simulator, data/csv';
const title = folder ? 'on openb' : dataMissing('openb', source);

test.runIf(folder)(
  `FGD allocates what was published, and shadow prices more: ${title}`,
  async () => {
    const trace = await readTrace(
      join(folder!, 'openb_node_list_gpu_node.csv'),
      join(folder!, 'openb_pod_list_default.csv'),
    );
    expect([trace.nodes.length, trace.tasks.length, trace.capacityMilli]).toEqual([
      1213, 8152, 6_212_000,
    ]);
    const run = (policy: PolicyName) => fillOnce(trace, policy, 42, null).allocation;
    const fgd = run('fgd');
    for (const arrival of [95, 100, 130]) {
      const published = publishedAllocation('default', 'fgd', arrival)!;
      // Published per-run spread at 130 %: sd 0.08, 95.27 to 95.49.
      expect(Math.abs(fgd[arrival]! - published)).toBeLessThanOrEqual(tolerance(0.08));
    }
    const prices = run('spp-cf');
    expect(prices[100]).toBeGreaterThanOrEqual(96);
    expect(prices[130]).toBeGreaterThanOrEqual(96.1);
  },
);
