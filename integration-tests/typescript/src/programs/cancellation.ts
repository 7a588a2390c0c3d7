import { ActivityCancellationType, CancellationScope, isCancellation, proxyActivities, sleep } from '@temporalio/workflow';
import type * as activities from '../activities';

const { runUntilCancelled } = proxyActivities<typeof activities>({
  startToCloseTimeout: '30 seconds',
  heartbeatTimeout: '5 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});
const { cleanUp } = proxyActivities<typeof activities>({ startToCloseTimeout: '10 seconds' });

/** Is cancelled together with its activity. */
export async function cancelledWithItsActivity(): Promise<void> {
  await runUntilCancelled();
}

/** Cleans up when it is cancelled, and completes. */
export async function cleanUpOnCancel(): Promise<string> {
  try {
    await sleep('1 hour');
    return 'slept';
  } catch (error) {
    if (!isCancellation(error)) throw error;
    return CancellationScope.nonCancellable(() => cleanUp());
  }
}
