import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import type * as activities from '../activities';

const { note } = proxyActivities<typeof activities>({ startToCloseTimeout: '20 seconds' });

export const proceed = defineSignal('proceed');

/** Two steps with a wait between them, in which its worker may be replaced. */
export async function twoSteps(): Promise<string[]> {
  let goOn = false;
  setHandler(proceed, () => void (goOn = true));
  const first = await note('first');
  await condition(() => goOn);
  return [first, await note('second')];
}
