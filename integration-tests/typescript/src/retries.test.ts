/** Activities that fail, and what retry policies make of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ActivityFailure, ApplicationFailure, WorkflowFailedError } from '@temporalio/client';
import { Env, attributes } from './harness';
import { climbing, failWith, retryUntil } from './workflows';

test('an activity is tried again until it succeeds, and the history shows the last failure only', async () => {
  const env = await Env.new('retry');
  await env.withWorker(async () => {
    const handle = await env.client.workflow.start(retryUntil, env.options([3]));
    assert.equal(await handle.result(), 3);
    const started = await attributes(handle, 'activityTaskStartedEventAttributes');
    assert.equal(started.length, 1);
    assert.equal(started[0].attempt, 3);
    assert.equal(started[0].lastFailure?.message, 'attempt 2 is too early');
  });
});

test('a failure of a type that is not retryable ends the workflow at the first attempt', async () => {
  const env = await Env.new('fatal');
  await env.withWorker(async () => {
    const handle = await env.client.workflow.start(failWith, env.options(['Fatal']));
    await assert.rejects(handle.result(), (error: unknown) => {
      assert.ok(error instanceof WorkflowFailedError && error.cause instanceof ActivityFailure);
      assert.ok(error.cause.cause instanceof ApplicationFailure);
      assert.equal(error.cause.cause.type, 'Fatal');
      assert.deepEqual(error.cause.cause.details, [{ why: 'test' }]);
      return true;
    });
    const [started] = await attributes(handle, 'activityTaskStartedEventAttributes');
    assert.equal(started.attempt, 1);
  });
});

test('a failure of another type is retried as often as the policy allows', async () => {
  const env = await Env.new('exhausted');
  await env.withWorker(async () => {
    const handle = await env.client.workflow.start(failWith, env.options(['Passing']));
    await assert.rejects(handle.result(), WorkflowFailedError);
    const [started] = await attributes(handle, 'activityTaskStartedEventAttributes');
    assert.equal(started.attempt, 5);
  });
});

test('an attempt after a heartbeat timeout is handed the last heartbeat', async () => {
  const env = await Env.new('climb');
  await env.withWorker(async () => {
    const handle = await env.client.workflow.start(climbing, env.options([]));
    assert.deepEqual(await handle.result(), { attempt: 2, resumedFrom: ['step', 3] });
    const [started] = await attributes(handle, 'activityTaskStartedEventAttributes');
    assert.ok(started.lastFailure?.timeoutFailureInfo, 'the first attempt timed out');
  });
});
