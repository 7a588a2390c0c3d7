/** Children: how they end comes back to their parents, and what becomes of them when those close. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CancelledFailure, TerminatedFailure, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { Env, awaitUntil, eventNames } from './harness';
import { type End, closeParent, ending, following, parent, policies, retryingParent } from './workflows';

async function childHasStarted(handle: WorkflowHandle): Promise<void> {
  await awaitUntil(async () => (await eventNames(handle)).includes('CHILD_WORKFLOW_EXECUTION_STARTED'), 'the child has started');
}

type Ending = { name: string; end: End; told: string; timeout?: string; act?: 'cancel' | 'terminate' };

test('how a child ends comes back', async () => {
  const env = await Env.new('child-ends');
  await env.withWorker(async () => {
    const endings: Ending[] = [
      { name: 'completes', end: 'complete', told: 'completed: complete' },
      { name: 'signaled', end: 'listen', told: 'completed: hello' },
      { name: 'fails', end: 'fail', told: 'failed: Boom' },
      { name: 'times-out', end: 'wait', told: 'timed out', timeout: '1 second' },
      { name: 'canceled', end: 'wait', told: 'canceled', act: 'cancel' },
      { name: 'terminated', end: 'wait', told: 'terminated', act: 'terminate' },
    ];
    await Promise.all(
      endings.map(async ({ name, end, told, timeout, act }) => {
        const handle = await env.client.workflow.start(parent, env.options<[End, string?]>([end, timeout], name));
        if (act) {
          await childHasStarted(handle);
          await env.client.workflow.getHandle(`${handle.workflowId}-child`)[act]();
        }
        assert.equal(await handle.result(), told);
      }),
    );
  });
});

test('a cancelled parent cancels its child', async () => {
  const env = await Env.new('child-canceled');
  await env.withWorker(async () => {
    const handle = await env.client.workflow.start(parent, env.options<[End, string?]>(['wait', undefined]));
    await childHasStarted(handle);
    await handle.cancel();
    assert.equal(await handle.result(), 'canceled');
    assert.ok((await eventNames(handle)).includes('EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED'));
  });
});

test('a child whose id is taken does not start', async () => {
  const env = await Env.new('child-taken');
  await env.withWorker(async () => {
    const taken = await env.client.workflow.start(ending, env.options<[End]>(['wait'], 'wf-child'));
    const handle = await env.client.workflow.start(parent, env.options<[End, string?]>(['complete', undefined]));
    assert.equal(await handle.result(), 'taken');
    await taken.terminate();
  });
});

test('children of a closed parent end by their policies', async () => {
  const env = await Env.new('policies');
  await env.withWorker(async () => {
    const handle = await env.client.workflow.start(policies, env.options([]));
    await handle.signal(closeParent);
    await handle.result();
    const child = (name: string) => env.client.workflow.getHandle(`${handle.workflowId}-child-${name}`);
    for (const [name, end] of [
      ['terminate', TerminatedFailure],
      ['cancel', CancelledFailure],
    ] as const) {
      await assert.rejects(
        child(name).result(),
        (error) => error instanceof WorkflowFailedError && error.cause instanceof end,
      );
    }
    assert.equal((await child('abandon').describe()).status.name, 'RUNNING');
    await child('abandon').terminate();
  });
});

test("a child's chain of runs has one end", async () => {
  const env = await Env.new('child-chain');
  await env.withWorker(async () => {
    const handle = await env.client.workflow.start(following, env.options<[number]>([2]));
    assert.equal(new Set(await handle.result()).size, 3);
    const names = await eventNames(handle);
    for (const name of ['CHILD_WORKFLOW_EXECUTION_STARTED', 'CHILD_WORKFLOW_EXECUTION_COMPLETED']) {
      assert.equal(names.filter((other) => other === name).length, 1);
    }
  });
});

test("a child is retried behind its parent's back", async () => {
  const env = await Env.new('child-retried');
  await env.withWorker(async () => {
    const handle = await env.client.workflow.start(retryingParent, env.options([]));
    assert.equal(await handle.result(), 2);
    assert.ok(!(await eventNames(handle)).includes('CHILD_WORKFLOW_EXECUTION_FAILED'));
  });
});
