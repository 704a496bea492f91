import { parseArgs } from 'node:util';
import { berthError } from '../../workflows/contracts/errors.ts';

export interface StartOptions {
  /** Stop the stack when the job is done and exit with the job's status. */
  exit: boolean;
  /** Mails of the sample corpus to fill the vector store with. */
  mails: number;
}

const mostMails = 6_046;

/** @throws BerthError InvalidRequest for anything but `--exit` and `--mails <n>` */
export function parseStartOptions(args: string[]): StartOptions {
  const { exit, mails } = readArgs(args);
  const count = Number(mails);
  if (mails.trim() === '' || !Number.isInteger(count) || count < 1 || count > mostMails) {
    throw berthError(
      'InvalidRequest',
      `--mails ${mails}: expected a number from 1 to ${mostMails}`,
    );
  }
  return { exit, mails: count };
}

function readArgs(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        exit: { type: 'boolean', default: false },
        mails: { type: 'string', default: '100' },
      },
    });
    return values;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('. ')[0] : String(error);
    throw berthError(
      'InvalidRequest',
      `npm start: ${reason}; expected nothing, -- --exit or -- --mails <n>`,
    );
  }
}
