/** Workflows that turn to others. */
import { ApplicationFailure, getExternalWorkflowHandle, sleep } from '@temporalio/workflow';
import { add, finish } from './signals';

/** Signals another workflow with each text, then tells it to finish. */
export async function forward(target: string, texts: string[]): Promise<void> {
  const other = getExternalWorkflowHandle(target);
  for (const text of texts) await other.signal(add, text);
  await other.signal(finish);
}

/** Cancels another workflow. */
export async function cancelOther(target: string, runId?: string): Promise<void> {
  await getExternalWorkflowHandle(target, runId).cancel();
}

/** Turns to a workflow that is not there; how the signal and the cancellation failed. */
export async function missing(target: string): Promise<string[]> {
  const other = getExternalWorkflowHandle(target);
  return Promise.all(
    [other.signal(finish), other.cancel()].map((sent) =>
      sent.then(
        () => 'sent',
        (error) => (error instanceof ApplicationFailure ? error.type! : String(error)),
      ),
    ),
  );
}

/** Sleeps until it is cancelled. */
export async function untilCancelled(): Promise<void> {
  await sleep('1 hour');
}
