import { condition, defineSignal, proxyActivities, setHandler, sleep } from '@temporalio/workflow';
import type * as activities from '../activities';

const { square } = proxyActivities<typeof activities>({ startToCloseTimeout: '60 seconds' });

export const plus = defineSignal<[number]>('plus');

/** An activity, a timer and a signal; the square plus what the signal brought. */
export async function oneOfMany(number: number): Promise<number> {
  let added: number | undefined;
  setHandler(plus, (value) => void (added = value));
  const squared = await square(number);
  await sleep(10);
  await condition(() => added !== undefined);
  return squared + added!;
}
