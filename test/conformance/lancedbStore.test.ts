import { join } from 'node:path';
import { openLancedbStore } from '../../activities/stores/drivers/lancedbStore.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { describeVectorStore } from './vectorStore.ts';

const folder = join(temporaryFolder('lancedb'), 'store');

describeVectorStore('LanceDB', {
  open: () => openLancedbStore({ url: folder, stackUrl: null, env: {} }),
});
