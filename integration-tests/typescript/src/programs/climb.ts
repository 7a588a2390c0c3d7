/** An activity in steps whose progress travels in heartbeats. */
import { proxyActivities } from '@temporalio/workflow';
import type * as activities from '../activities';

const { climb } = proxyActivities<typeof activities>({
  startToCloseTimeout: '20 seconds',
  heartbeatTimeout: '1 second',
  retry: { initialInterval: '50 ms', maximumAttempts: 2 },
});

export async function climbing(): Promise<{ attempt: number; resumedFrom: unknown }> {
  return climb();
}
