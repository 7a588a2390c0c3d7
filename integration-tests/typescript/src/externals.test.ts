/** Workflows that signal and cancel others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CancelledFailure, WorkflowFailedError } from '@temporalio/client';
import { Env } from './harness';
import { cancelOther, forward, gather, missing, untilCancelled } from './workflows';

test('a workflow signals another', async () => {
  const env = await Env.new('external-signal');
  await env.withWorker(async () => {
    const target = await env.client.workflow.start(gather, env.options([0]));
    const source = await env.client.workflow.start(
      forward,
      env.options<[string, string[]]>([target.workflowId, ['a', 'b']], 'source'),
    );
    await source.result();
    assert.deepEqual(await target.result(), { texts: ['a', 'b'], finished: true });
  });
});

test('a workflow cancels another', async () => {
  const env = await Env.new('external-cancel');
  await env.withWorker(async () => {
    const target = await env.client.workflow.start(untilCancelled, env.options([]));
    const source = await env.client.workflow.start(
      cancelOther,
      env.options<[string, string?]>([target.workflowId, target.firstExecutionRunId], 'source'),
    );
    await source.result();
    await assert.rejects(
      target.result(),
      (error) => error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure,
    );
  });
});

test('a workflow that is not there is not found', async () => {
  const env = await Env.new('external-missing');
  await env.withWorker(async () => {
    const source = await env.client.workflow.start(missing, env.options<[string]>([env.id('nobody')]));
    assert.deepEqual(await source.result(), ['ExternalWorkflowExecutionNotFound', 'ExternalWorkflowExecutionNotFound']);
  });
});
