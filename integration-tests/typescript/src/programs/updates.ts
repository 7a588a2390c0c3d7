/** A balance that updates change. */
import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  defineSignal,
  defineUpdate,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import type * as activities from '../activities';

const { square } = proxyActivities<typeof activities>({ startToCloseTimeout: '10 seconds' });

export const deposit = defineUpdate<number, [number]>('deposit');
export const book = defineUpdate<number, [number]>('book');
export const fail = defineUpdate<void>('fail');
export const goOn = defineSignal('goOn');
export const closeAccount = defineSignal('closeAccount');

/** `deposit` changes the balance at once, `book` by the square that an activity works out, once it is told to; ends at `closeAccount`. */
export async function account(): Promise<number> {
  let balance = 0;
  let told = 0;
  let open = true;
  setHandler(deposit, (amount) => (balance += amount), {
    validator: (amount) => {
      if (amount <= 0) throw ApplicationFailure.create({ message: `${amount} is not positive`, type: 'NotPositive' });
    },
  });
  setHandler(book, async (amount) => {
    await condition(() => told > 0);
    return (balance += await square(amount));
  });
  setHandler(fail, () => {
    throw ApplicationFailure.create({ message: 'broken', type: 'Broken' });
  });
  setHandler(goOn, () => void told++);
  setHandler(closeAccount, () => void (open = false));
  await condition(() => !open && allHandlersFinished());
  return balance;
}
