/** Activities that fail, and what retry policies make of it. */
import { proxyActivities } from '@temporalio/workflow';
import type * as activities from '../activities';

const { succeedOnAttempt, failWithType } = proxyActivities<typeof activities>({
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '50 ms', backoffCoefficient: 1, maximumAttempts: 5, nonRetryableErrorTypes: ['Fatal'] },
});

export async function retryUntil(wanted: number): Promise<number> {
  return succeedOnAttempt(wanted);
}

export async function failWith(type: string): Promise<void> {
  await failWithType(type);
}
