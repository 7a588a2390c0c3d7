/** Workers that come, go and die; many workflows at once. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { ADDRESS, Env, attributes, awaitUntil, eventNames } from './harness';
import { oneOfMany, patchedAcrossReplay, plus, proceed, resume, twoSteps } from './workflows';

const COUNT = 100;

test('a worker killed between steps is replaced and no step is repeated', async () => {
  const env = await Env.new('killed');
  const doomed = doomedWorker(env.taskQueue);
  try {
    const handle = await env.client.workflow.start(twoSteps, { ...env.options([]), workflowTaskTimeout: '2 seconds' });
    await awaitUntil(
      async () => {
        const names = await eventNames(handle);
        return names.includes('ACTIVITY_TASK_COMPLETED') && names.at(-1) === 'WORKFLOW_TASK_COMPLETED';
      },
      'the first step is done and the workflow waits',
      60_000,
    );
    await kill(doomed);
    await handle.signal(proceed);
    await env.withWorker(async () => {
      assert.deepEqual(await handle.result(), [`first by ${doomed.pid}`, `second by ${process.pid}`]);
    });
    const names = await eventNames(handle);
    assert.equal(names.filter((name) => name === 'ACTIVITY_TASK_COMPLETED').length, 2);
  } finally {
    await kill(doomed);
  }
});

test('another worker replays what the first one decided: patches and drawn ids stay', async () => {
  const env = await Env.new('replay');
  const handle = await env.client.workflow.start(patchedAcrossReplay, env.options([]));
  await env.withWorker(() =>
    awaitUntil(async () => (await eventNames(handle)).includes('TIMER_FIRED'), 'the first worker decided'),
  );
  await handle.signal(resume);
  await env.withWorker(async () => {
    const { id, before, after } = await handle.result();
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.deepEqual([before, after], [true, true]);
  });
  assert.equal((await attributes(handle, 'markerRecordedEventAttributes')).length, 1);
});

test(`${COUNT} workflows at once each return their own result`, async () => {
  const env = await Env.new('many');
  const numbers = Array.from({ length: COUNT }, (_, number) => number);
  await env.withWorker(async () => {
    const handles = await Promise.all(
      numbers.map((number) => env.client.workflow.start(oneOfMany, env.options([number], String(number)))),
    );
    // None can end before its signal: all are open at once here.
    await Promise.all(handles.map((handle, number) => handle.signal(plus, number)));
    const results = await Promise.all(handles.map((handle) => handle.result()));
    assert.deepEqual(results, numbers.map((number) => number * number + number));
  });
});

/** A worker in a process of its own. */
function doomedWorker(taskQueue: string): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', require.resolve('./doomed_worker'), taskQueue], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, TEMPORAL_ADDRESS: ADDRESS, NODE_TEST_CONTEXT: '' },
  });
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
