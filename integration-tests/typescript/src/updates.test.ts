/** Updates: requests that change a workflow and are answered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ApplicationFailure,
  WithStartWorkflowOperation,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateStage,
  type WorkflowHandle,
} from '@temporalio/client';
import { Env, awaitUntil, eventNames } from './harness';
import { account, book, closeAccount, deposit, fail, goOn } from './workflows';

type Account = WorkflowHandle<typeof account>;

/** Run `body` with an account that a worker keeps; it is closed then, with the balance that `body` expects. */
async function withAccount(name: string, body: (handle: Account, env: Env) => Promise<number>): Promise<void> {
  const env = await Env.new(name);
  await env.withWorker(async () => {
    const handle = await env.client.workflow.start(account, env.options([]));
    const expected = await body(handle, env);
    await handle.signal(closeAccount);
    assert.equal(await handle.result(), expected);
  });
}

function failedAs(type: string) {
  return (error: unknown) =>
    error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure && error.cause.type === type;
}

test('updates change a workflow and are answered', () =>
  withAccount('updates', async (handle) => {
    assert.equal(await handle.executeUpdate(deposit, { args: [5] }), 5);
    assert.equal(await handle.executeUpdate(deposit, { args: [2] }), 7);
    return 7;
  }));

test('an update that is rejected leaves no trace', () =>
  withAccount('update-rejected', async (handle) => {
    await handle.executeUpdate(deposit, { args: [5] });
    const before = await eventNames(handle);
    for (let round = 0; round < 3; round++) {
      await assert.rejects(handle.executeUpdate(deposit, { args: [-1] }), failedAs('NotPositive'));
    }
    assert.deepEqual(await eventNames(handle), before);
    return 5;
  }));

test('an update that fails is answered so', () =>
  withAccount('update-fails', async (handle) => {
    await assert.rejects(handle.executeUpdate(fail), failedAs('Broken'));
    return 0;
  }));

test('an update is applied once per id', () =>
  withAccount('update-once', async (handle) => {
    for (let round = 0; round < 3; round++) {
      assert.equal(await handle.executeUpdate(deposit, { args: [5], updateId: 'once' }), 5);
    }
    return 5;
  }));

test('a caller need not wait for the outcome', () =>
  withAccount('update-accepted', async (handle) => {
    const update = await handle.startUpdate(book, {
      args: [3],
      updateId: 'later',
      waitForStage: WorkflowUpdateStage.ACCEPTED,
    });
    assert.equal(await handle.executeUpdate(deposit, { args: [1] }), 1);
    await handle.signal(goOn);
    assert.equal(await update.result(), 10);
    assert.equal(await handle.getUpdateHandle<number>('later').result(), 10);
    return 10;
  }));

test('many updates at once are each applied once', () =>
  withAccount('updates-at-once', async (handle) => {
    const balances = await Promise.all(Array.from({ length: 8 }, () => handle.executeUpdate(deposit, { args: [1] })));
    assert.deepEqual(balances.sort(), [1, 2, 3, 4, 5, 6, 7, 8]);
    return 8;
  }));

test('an accepted update fails with its workflow, and a closed one takes none', async () => {
  const env = await Env.new('update-terminated');
  await env.withWorker(async () => {
    const handle = await env.client.workflow.start(account, env.options([]));
    const update = await handle.startUpdate(book, { args: [3], waitForStage: WorkflowUpdateStage.ACCEPTED });
    await handle.terminate();
    await assert.rejects(update.result(), failedAs('AcceptedUpdateCompletedWorkflow'));
    await assert.rejects(handle.executeUpdate(deposit, { args: [1] }), WorkflowNotFoundError);
  });
});

test('an update waits for a worker', async () => {
  const env = await Env.new('update-waits');
  const handle = await env.client.workflow.start(account, env.options([]));
  const update = handle.executeUpdate(deposit, { args: [5] });
  await awaitUntil(
    () => handle.getUpdateHandle('unknown').result().then(() => false, () => true),
    'the server has answered something later',
  );
  await env.withWorker(async () => {
    assert.equal(await update, 5);
    await handle.signal(closeAccount);
    assert.equal(await handle.result(), 5);
  });
});

test('an update with start starts once and updates each time', async () => {
  const env = await Env.new('update-with-start');
  await env.withWorker(async () => {
    const told: [number, string][] = [];
    for (const amount of [2, 3]) {
      const startWorkflowOperation = new WithStartWorkflowOperation(account, {
        ...env.options([]),
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
      const balance = await env.client.workflow.executeUpdateWithStart(deposit, { args: [amount], startWorkflowOperation });
      told.push([balance, (await (await startWorkflowOperation.workflowHandle()).describe()).runId]);
    }
    assert.deepEqual(told, [
      [2, told[0][1]],
      [5, told[0][1]],
    ]);
    const handle = env.client.workflow.getHandle<typeof account>(env.id());
    await handle.signal(closeAccount);
    assert.equal(await handle.result(), 5);
  });
});
