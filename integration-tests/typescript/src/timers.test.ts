/** Timers, and conditions with a timeout. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Env, eventNames, events } from './harness';
import { add, finish, gather, shortBeatsLong, sleeper, waitInVain } from './workflows';

test('a timer never fires early', async () => {
  const env = await Env.new('sleeper');
  await env.withWorker(async () => {
    const handle = await env.client.workflow.start(sleeper, env.options([700]));
    assert.ok((await handle.result()) >= 700);
    const all = await events(handle);
    const time = (kind: 'timerStartedEventAttributes' | 'timerFiredEventAttributes') => {
      const { seconds, nanos } = all.find((event) => event[kind])!.eventTime!;
      return Number(seconds) * 1000 + nanos! / 1e6;
    };
    assert.ok(time('timerFiredEventAttributes') - time('timerStartedEventAttributes') >= 700);
  });
});

test('a condition that stays false ends by its timeout', async () => {
  const env = await Env.new('in-vain');
  await env.withWorker(async () => {
    assert.equal(await env.client.workflow.execute(waitInVain, env.options([100])), false);
  });
});

test('a condition that comes true in time cancels its timer', async () => {
  const env = await Env.new('in-time');
  await env.withWorker(async () => {
    const handle = await env.client.workflow.start(gather, env.options([60_000]));
    await handle.signal(add, 'one');
    await handle.signal(finish);
    assert.deepEqual(await handle.result(), { texts: ['one'], finished: true });
  });
});

test('a workflow cancels its own timer', async () => {
  const env = await Env.new('short-beats-long');
  await env.withWorker(async () => {
    const handle = await env.client.workflow.start(shortBeatsLong, env.options([]));
    assert.equal(await handle.result(), 'cancelled');
    const names = await eventNames(handle);
    assert.equal(names.filter((name) => name === 'TIMER_CANCELED').length, 1);
  });
});
