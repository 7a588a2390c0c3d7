import { continueAsNew, workflowInfo } from '@temporalio/workflow';

/** A chain of `left` more runs; returns the ids of them all, in order. */
export async function countdown(left: number, runs: string[]): Promise<string[]> {
  const all = [...runs, workflowInfo().runId];
  if (left === 0) return all;
  return continueAsNew<typeof countdown>(left - 1, all);
}
