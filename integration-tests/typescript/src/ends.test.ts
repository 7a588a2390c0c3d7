/** Cancel asks, terminate does not; continue-as-new goes on in another run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CancelledFailure, TerminatedFailure, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { Env, attributes, awaitUntil, eventNames } from './harness';
import { cancelledWithItsActivity, cleanUpOnCancel, countdown } from './workflows';

test('cancel reaches the workflow and through it the running activity', async () => {
  const env = await Env.new('cancel');
  await env.withWorker(async () => {
    const handle = await env.client.workflow.start(cancelledWithItsActivity, env.options([]));
    await awaitUntil(async () => {
      const { raw } = await handle.describe();
      return raw.pendingActivities?.some((activity) => activity.lastHeartbeatTime);
    }, 'the activity has sent a heartbeat');
    await handle.cancel();
    await assert.rejects(
      handle.result(),
      (error) => error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure,
    );
    const cancelling = (await eventNames(handle)).filter((name) => name.includes('CANCEL'));
    assert.deepEqual(cancelling, [
      'WORKFLOW_EXECUTION_CANCEL_REQUESTED',
      'ACTIVITY_TASK_CANCEL_REQUESTED',
      'ACTIVITY_TASK_CANCELED',
      'WORKFLOW_EXECUTION_CANCELED',
    ]);
  });
});

test('a cancelled workflow may clean up and complete', async () => {
  const env = await Env.new('clean-up');
  await env.withWorker(async () => {
    const handle = await env.client.workflow.start(cleanUpOnCancel, env.options([]));
    await awaitUntil(async () => (await eventNames(handle)).includes('TIMER_STARTED'), 'the workflow sleeps');
    await handle.cancel();
    assert.equal(await handle.result(), 'cleaned up');
  });
});

test('terminate ends a run at once, and a second time it is not found', async () => {
  const env = await Env.new('terminate');
  const handle = await env.client.workflow.start(cleanUpOnCancel, env.options([]));
  await handle.terminate('no longer wanted');
  await assert.rejects(
    handle.result(),
    (error) =>
      error instanceof WorkflowFailedError &&
      error.cause instanceof TerminatedFailure &&
      error.cause.message === 'no longer wanted',
  );
  assert.equal((await handle.describe()).status.name, 'TERMINATED');
  await assert.rejects(handle.terminate(), WorkflowNotFoundError);
});

test('a client follows a chain of runs to its last result', async () => {
  const env = await Env.new('chain');
  await env.withWorker(async () => {
    const handle = await env.client.workflow.start(countdown, env.options<[number, string[]]>([3, []]));
    const runs = await handle.result();
    assert.equal(runs[0], handle.firstExecutionRunId);
    assert.equal(new Set(runs).size, 4);
    for (const [position, runId] of runs.entries()) {
      const run = env.client.workflow.getHandle(handle.workflowId, runId);
      const [started] = await attributes(run, 'workflowExecutionStartedEventAttributes');
      assert.equal(started.firstExecutionRunId, runs[0]);
      assert.equal(started.continuedExecutionRunId, runs[position - 1] ?? '');
      const { status } = await run.describe();
      assert.equal(status.name, position < 3 ? 'CONTINUED_AS_NEW' : 'COMPLETED');
    }
  });
});
