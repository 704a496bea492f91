import { parseArgs } from 'node:util';
import { berthError } from '../../workflows/contracts/errors.ts';

export interface StartOptions {
  /** Stop the stack when the job is done and exit with the job's status. */
  exit: boolean;
}

/** @throws BerthError InvalidRequest for anything but `--exit` */
export function parseStartOptions(args: string[]): StartOptions {
  try {
    const { values } = parseArgs({ args, options: { exit: { type: 'boolean', default: false } } });
    return { exit: values.exit };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('. ')[0] : String(error);
    throw berthError('InvalidRequest', `npm start: ${reason}; expected nothing or -- --exit`);
  }
}
