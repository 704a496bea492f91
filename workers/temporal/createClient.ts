import { setTimeout as delay } from 'node:timers/promises';
import { Client, type ConnectionLike, type WorkflowClientInterceptor } from '@temporalio/client';
import { staleClockMessage } from '../../workflows/contracts/staleClock.ts';

const tries = 5;
/** By then the event's own workflow task is over. */
const pauseMs = 100;

/** Asks again where a Query was given up for an event that came at the same moment. */
const askAgain: WorkflowClientInterceptor = {
  async query(input, next) {
    for (let left = tries - 1; ; left -= 1) {
      try {
        return await next(input);
      } catch (error) {
        if (left === 0 || !String(error).includes(staleClockMessage)) throw error;
        await delay(pauseMs);
      }
    }
  },
};

/** A client of workflows that run with Berth's interceptors. */
export const createClient = (connection: ConnectionLike, namespace: string): Client =>
  new Client({ connection, namespace, interceptors: { workflow: [askAgain] } });
