/** Chains of runs: retries, cron schedules and resets. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { WorkflowContinuedAsNewError, type WorkflowHandle } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { Env, attributes, events } from './harness';
import { add, counting, finish, gather, gathered, unlucky } from './workflows';

const { ResetReapplyExcludeType } = temporal.api.enums.v1;

test('a client follows the attempts of a workflow', async () => {
  const env = await Env.new('chain-retry');
  await env.withWorker(async () => {
    const handle = await env.client.workflow.start(unlucky, {
      ...env.options<[number]>([3]),
      retry: { initialInterval: '100 ms', backoffCoefficient: 1 },
    });
    assert.equal(await handle.result(), 3);
  });
});

test('a cron workflow is told its last result', async () => {
  const env = await Env.new('chain-cron');
  await env.withWorker(async () => {
    const handle = await env.client.workflow.start(counting, { ...env.options([]), cronSchedule: '@every 1s' });
    let runId = handle.firstExecutionRunId;
    for (const count of [1, 2]) {
      const run = env.client.workflow.getHandle<typeof counting>(handle.workflowId, runId, { followRuns: false });
      assert.equal(await ended(run), count);
      const [completed] = await attributes(run, 'workflowExecutionCompletedEventAttributes');
      runId = completed.newExecutionRunId!;
    }
    await handle.terminate();
  });
});

/** The result of a run that another one follows, of which the SDK tells as of one that continued as new or of its result. */
async function ended(run: WorkflowHandle<typeof counting>): Promise<number> {
  try {
    return await run.result();
  } catch (error) {
    if (!(error instanceof WorkflowContinuedAsNewError)) throw error;
    const [completed] = await attributes(run, 'workflowExecutionCompletedEventAttributes');
    return JSON.parse(new TextDecoder().decode(completed.result!.payloads![0].data!)) as number;
  }
}

test('a workflow begins again with or without the signals it got', async () => {
  const env = await Env.new('reset');
  await env.withWorker(async () => {
    const first = await env.client.workflow.start(gather, env.options([0]));
    assert.deepEqual(await first.query(gathered), []);
    await first.signal(add, 'one');
    assert.deepEqual(await first.query(gathered), ['one']);

    const second = await reset(env, first.firstExecutionRunId);
    assert.deepEqual(await second.query(gathered), ['one']);
    await second.signal(add, 'two');

    const third = await reset(env, second.runId, [ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL]);
    assert.deepEqual(await third.query(gathered), []);
    await third.signal(finish);
    assert.deepEqual(await third.result(), { texts: [], finished: true });
    assert.equal((await events(third))[3].workflowTaskFailedEventAttributes?.newRunId, third.runId);
  });
});

/** Let a `gather` begin again at its first task; the new run. */
async function reset(env: Env, runId: string, resetReapplyExcludeTypes: number[] = []) {
  const [, , , firstCompleted] = await events(env.client.workflow.getHandle(env.id(), runId));
  const answer = await env.client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: env.id(), runId },
    reason: 'wrong',
    requestId: randomUUID(),
    workflowTaskFinishEventId: firstCompleted.eventId,
    resetReapplyExcludeTypes,
  });
  return Object.assign(env.client.workflow.getHandle<typeof gather>(env.id(), answer.runId), { runId: answer.runId });
}
