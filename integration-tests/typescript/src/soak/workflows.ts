/** The workflow of the soak's TypeScript program. */
import { condition, defineQuery, defineSignal, proxyActivities, setHandler, sleep } from '@temporalio/workflow';
import type * as activities from './activities';

const { square } = proxyActivities<typeof activities>({ startToCloseTimeout: '10 seconds' });

/** What one workflow does beside its activity. */
export interface Plan {
  number: number;
  signals?: boolean;
  pauseMs?: number;
}

export const note = defineSignal('note');
export const finish = defineSignal('finish');
export const notes = defineQuery<number>('notes');

/** An activity, then a pause, then signals until `finish`; the result is the square. */
export async function soakWorkflow({ number, signals, pauseMs }: Plan): Promise<number> {
  let taken = 0;
  let finished = false;
  setHandler(note, () => void (taken += 1));
  setHandler(finish, () => void (finished = true));
  setHandler(notes, () => taken);
  const squared = await square(number);
  if (pauseMs) await sleep(pauseMs);
  if (signals) await condition(() => finished);
  return squared;
}
