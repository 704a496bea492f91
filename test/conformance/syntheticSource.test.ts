import { openSource } from '../../activities/sources/openSource.ts';
import type { SourceItem } from '../../activities/sources/recordSource.ts';
import { corpusFolder } from '../support/sources/corpusFolder.ts';
import { recordsOf } from '../support/sources/readSource.ts';
import { describeRecordSource } from './recordSource.ts';

describeRecordSource(
  'synthetic',
  async (count) => {
    const { scratch } = await corpusFolder();
    const open = () =>
      openSource(
        {
          kind: 'synthetic',
          location: `synthetic:${count}`,
          name: 'synthetic',
          columns: { text: ['text'], metadata: null },
        },
        { allowed: [], env: {} },
      );
    const source = await open();
    const whole = { index: 0, from: '0', to: String(count), records: count };
    const items: SourceItem[] = [];
    for await (const item of source.read(whole, null, { scratch })) items.push(item);
    return { scratch, open, records: recordsOf(items), failures: [] };
  },
  [],
);
