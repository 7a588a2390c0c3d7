/** One workflow, one activity; its history. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkflowNotFoundError } from '@temporalio/client';
import { Env, attributes, eventNames } from './harness';
import { hello } from './workflows';

test('a workflow runs an activity and its history tells each step once and in order', async () => {
  const env = await Env.new('hello');
  const handle = await env.client.workflow.start(hello, env.options(['klamm']));
  assert.equal((await handle.describe()).status.name, 'RUNNING');
  await env.withWorker(async () => assert.equal(await handle.result(), 'Hello, klamm!'));
  assert.deepEqual(await eventNames(handle), [
    'WORKFLOW_EXECUTION_STARTED',
    'WORKFLOW_TASK_SCHEDULED',
    'WORKFLOW_TASK_STARTED',
    'WORKFLOW_TASK_COMPLETED',
    'ACTIVITY_TASK_SCHEDULED',
    'ACTIVITY_TASK_STARTED',
    'ACTIVITY_TASK_COMPLETED',
    'WORKFLOW_TASK_SCHEDULED',
    'WORKFLOW_TASK_STARTED',
    'WORKFLOW_TASK_COMPLETED',
    'WORKFLOW_EXECUTION_COMPLETED',
  ]);
  const [scheduled] = await attributes(handle, 'activityTaskScheduledEventAttributes');
  assert.equal(scheduled.activityType?.name, 'composeGreeting');
  assert.equal((await handle.describe()).historyLength, 11);
});

test('a run that does not exist is not found', async () => {
  const env = await Env.new('nobody');
  await assert.rejects(env.client.workflow.getHandle(env.id()).describe(), WorkflowNotFoundError);
});
