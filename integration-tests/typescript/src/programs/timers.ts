import { CancellationScope, condition, isCancellation, sleep } from '@temporalio/workflow';

/** Sleeps, and returns for how long by the workflow's own clock. */
export async function sleeper(ms: number): Promise<number> {
  const begin = Date.now();
  await sleep(ms);
  return Date.now() - begin;
}

/** A condition that nobody makes true. */
export async function waitInVain(timeoutMs: number): Promise<boolean> {
  return condition(() => false, timeoutMs);
}

/** Cancels its own long timer by a short one. */
export async function shortBeatsLong(): Promise<string> {
  const scope = new CancellationScope();
  const long = scope.run(() => sleep('1 hour'));
  await sleep(20);
  scope.cancel();
  try {
    await long;
    return 'slept';
  } catch (error) {
    if (isCancellation(error)) return 'cancelled';
    throw error;
  }
}
