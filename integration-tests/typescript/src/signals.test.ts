/** Signals, signal-with-start, queries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QueryNotRegisteredError } from '@temporalio/client';
import { Env, awaitUntil, eventNames } from './harness';
import { add, finish, gather, gathered } from './workflows';

test('signals reach the workflow in the order in which they were sent', async () => {
  const env = await Env.new('signals');
  await env.withWorker(async () => {
    const handle = await env.client.workflow.start(gather, env.options([0]));
    const texts = Array.from({ length: 20 }, (_, number) => `text ${number}`);
    for (const text of texts) await handle.signal(add, text);
    await handle.signal(finish);
    assert.deepEqual(await handle.result(), { texts, finished: true });
    const names = await eventNames(handle);
    assert.equal(names.filter((name) => name === 'WORKFLOW_EXECUTION_SIGNALED').length, 21);
  });
});

test('signal-with-start starts the workflow once and signals it each time', async () => {
  const env = await Env.new('signal-with-start');
  const send = (text: string) =>
    env.client.workflow.signalWithStart(gather, { ...env.options([0] as [number]), signal: add, signalArgs: [text] });
  const first = await send('one');
  const second = await send('two');
  assert.equal(second.signaledRunId, first.signaledRunId);
  await env.withWorker(async () => {
    await first.signal(finish);
    assert.deepEqual(await first.result(), { texts: ['one', 'two'], finished: true });
  });
});

test('a query reads an open and a closed workflow, and one that is not defined says so', async () => {
  const env = await Env.new('queries');
  await env.withWorker(async () => {
    const handle = await env.client.workflow.start(gather, env.options([0]));
    await handle.signal(add, 'one');
    await awaitUntil(async () => (await handle.query(gathered)).length === 1, 'the query shows the signal');
    await assert.rejects(handle.query('noSuchQuery'), QueryNotRegisteredError);
    await handle.signal(finish);
    await handle.result();
    assert.deepEqual(await handle.query(gathered), ['one']);
    assert.ok(!(await eventNames(handle)).some((name) => name.includes('QUERY')), 'queries leave no event');
  });
});

/** A query that waits for something takes a second, each of them. On a machine that is busy with other suites a single one may be slow; the soak
 *  measures the slowest on a quiet one. */
const QUERY_IN_TIME_MS = 500;

test('a query right after a start or a signal is answered at once', async (context) => {
  const env = await Env.new('queries-at-once');
  const times: number[] = [];
  await env.withWorker(async () => {
    for (let round = 0; round < 5; round++) {
      const handle = await env.client.workflow.start(gather, env.options([0], `${round}`));
      const query = async () => {
        const start = performance.now();
        const texts = await handle.query(gathered);
        times.push(performance.now() - start);
        return texts;
      };
      assert.deepEqual(await query(), []);
      for (let item = 1; item <= 10; item++) {
        await handle.signal(add, `${item}`);
        assert.equal((await query()).length, item);
      }
      await handle.signal(finish);
      await handle.result();
    }
  });
  times.sort((a, b) => a - b);
  const [p50, slowest] = [times[times.length >> 1], times[times.length - 1]];
  context.diagnostic(`${times.length} queries: p50 ${p50.toFixed(1)} ms, slowest ${slowest.toFixed(1)} ms`);
  assert.ok(p50 <= QUERY_IN_TIME_MS, `half of the queries took more than ${p50} ms`);
});
