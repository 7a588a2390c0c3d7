/** Workflows whose chain of runs goes on after a failure or by a schedule. */
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';

/** Fails until its attempt has the given number. */
export async function unlucky(lucky: number): Promise<number> {
  const { attempt } = workflowInfo();
  if (attempt < lucky) throw ApplicationFailure.create({ message: 'unlucky', type: 'Unlucky' });
  return attempt;
}

/** Counts the runs of its chain by the result of the last one. */
export async function counting(): Promise<number> {
  return ((workflowInfo().lastResult as number | undefined) ?? 0) + 1;
}
