/** Parents and children. */
import {
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  ParentClosePolicy,
  TerminatedFailure,
  TimeoutFailure,
  condition,
  defineSignal,
  executeChild,
  setHandler,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { countdown } from './chain';
import { unlucky } from './chain_retries';

export const say = defineSignal<[string]>('say');
export const closeParent = defineSignal('close');

export type End = 'complete' | 'fail' | 'wait' | 'listen';

const childId = () => `${workflowInfo().workflowId}-child`;

/** Ends as it is told to. */
export async function ending(end: End): Promise<string> {
  let said: string | undefined;
  setHandler(say, (text) => void (said = text));
  if (end === 'fail') throw ApplicationFailure.nonRetryable('boom', 'Boom');
  if (end === 'wait') await sleep('1 hour');
  if (end === 'listen') await condition(() => said !== undefined);
  return said ?? end;
}

/** How its child has ended. */
export async function parent(end: End, runTimeout?: string): Promise<string> {
  try {
    const child = await startChild(ending, {
      workflowId: childId(),
      args: [end],
      ...(runTimeout ? { workflowRunTimeout: runTimeout as '1 second' } : {}),
    });
    if (end === 'listen') await child.signal(say, 'hello');
    return `completed: ${await child.result()}`;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'taken';
    if (!(error instanceof ChildWorkflowFailure)) throw error;
    const { cause } = error;
    if (cause instanceof ApplicationFailure) return `failed: ${cause.type}`;
    if (cause instanceof TimeoutFailure) return 'timed out';
    if (cause instanceof CancelledFailure) return 'canceled';
    if (cause instanceof TerminatedFailure) return 'terminated';
    throw error;
  }
}

/** A child of each parent-close policy; closes when it is told to. */
export async function policies(): Promise<void> {
  let told = false;
  setHandler(closeParent, () => void (told = true));
  for (const [name, parentClosePolicy] of [
    ['terminate', ParentClosePolicy.TERMINATE],
    ['cancel', ParentClosePolicy.REQUEST_CANCEL],
    ['abandon', ParentClosePolicy.ABANDON],
  ] as const) {
    await startChild(ending, { workflowId: `${childId()}-${name}`, args: ['wait'], parentClosePolicy });
  }
  await condition(() => told);
}

/** A child whose chain has several runs. */
export async function following(left: number): Promise<string[]> {
  return executeChild(countdown, { workflowId: childId(), args: [left, []] });
}

/** A child that fails at first. */
export async function retryingParent(): Promise<number> {
  return executeChild(unlucky, { workflowId: childId(), args: [2], retry: { initialInterval: '100 ms', backoffCoefficient: 1 } });
}
