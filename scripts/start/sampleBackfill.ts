import type { Berth } from '../../workers/client/berth.ts';
import type { Cli } from '../cli/cli.ts';
import { formatHits } from '../cli/commands/search.ts';
import { watchBackfill } from '../cli/followBackfill.ts';
import { formatBackfillReport } from '../cli/format/backfill.ts';
import { laySampleCorpus } from './sampleCorpus.ts';

const collection = 'mails';
const question = 'how do I get an ADSL modem to work with Linux?';

/**
 * Fills the stack's vector store with real mails, embedded by the sample model, and asks it something.
 * @returns false after Ctrl-C
 */
export async function fillSampleCollection(
  cli: Cli,
  berth: Berth,
  home: string,
  mails: number,
): Promise<boolean> {
  const source = await laySampleCorpus(home, mails);
  const handle = await berth.backfill({
    source,
    sourceName: 'spam-assassin',
    collection,
    stores: ['chroma'],
    model: 'minilm:latest',
    // The corpus holds a few mails whose text is empty or in no known charset.
    maxFailures: Math.ceil(mails / 20),
  });
  cli.stderr.write(
    `\nfilling ${collection} with ${mails} mails\n${handle.url ?? handle.workflowId}\n`,
  );
  const result = await watchBackfill(cli, handle);
  if (result === undefined) return false;
  cli.stdout.write(`\n${formatBackfillReport(result, handle.url)}\n`);
  const answer = await berth.search(collection, question, { top: 3 });
  cli.stdout.write(
    `\nberth search ${collection} ${JSON.stringify(question)}\n${formatHits(answer)}\n`,
  );
  return true;
}
