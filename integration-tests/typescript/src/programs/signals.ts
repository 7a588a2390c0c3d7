/** Signals gathered in order, readable by a query. */
import { condition, defineQuery, defineSignal, setHandler } from '@temporalio/workflow';

export const add = defineSignal<[string]>('add');
export const finish = defineSignal('finish');
export const gathered = defineQuery<string[]>('gathered');

/** Gathers what it is sent until `finish`, or for `timeoutMs` when that is not 0. */
export async function gather(timeoutMs: number): Promise<{ texts: string[]; finished: boolean }> {
  const texts: string[] = [];
  let over = false;
  setHandler(add, (text) => void texts.push(text));
  setHandler(finish, () => void (over = true));
  setHandler(gathered, () => texts);
  if (timeoutMs === 0) {
    await condition(() => over);
    return { texts, finished: true };
  }
  return { texts, finished: await condition(() => over, timeoutMs) };
}
