/** Markers: a patch that is decided once, and values that a replay must repeat. */
import { condition, defineSignal, patched, setHandler, sleep, uuid4 } from '@temporalio/workflow';

export const resume = defineSignal('resume');

/** Draws an id, waits for `resume`, and returns the id with what the patch said before and after. */
export async function patchedAcrossReplay(): Promise<{ id: string; before: boolean; after: boolean }> {
  let resumed = false;
  setHandler(resume, () => void (resumed = true));
  const id = uuid4();
  const before = patched('second-edition');
  await sleep(10);
  await condition(() => resumed);
  return { id, before, after: patched('second-edition') };
}
