import { describe, expect, it } from 'vitest';
import { changedOptions, optionsForm } from './activity-options';

const before = optionsForm({
  taskQueue: { name: 'orders' },
  startToCloseTimeout: '20s',
  scheduleToCloseTimeout: '0s',
  retryPolicy: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '90s' },
});

describe('options of an activity', () => {
  it('are shown as they are typed', () => {
    expect(before).toMatchObject({ taskQueue: 'orders', startToClose: '20s', scheduleToClose: '', firstInterval: '1s', backoff: '2', longestInterval: '1m30s', attempts: '' });
  });

  it('are sent where they were changed', () => {
    expect(changedOptions(before, before)).toEqual({ options: {}, mask: '' });
    expect(changedOptions(before, { ...before, startToClose: '1m', attempts: '5', taskQueue: 'other' })).toEqual({
      options: { taskQueue: { name: 'other' }, startToCloseTimeout: '60s', retryPolicy: { maximumAttempts: 5 } },
      mask: 'taskQueue.name,startToCloseTimeout,retryPolicy.maximumAttempts',
    });
    expect(changedOptions(before, { ...before, longestInterval: '' }).options).toEqual({ retryPolicy: { maximumInterval: '0s' } });
  });

  it('are refused in words', () => {
    expect(() => changedOptions(before, { ...before, heartbeat: 'soon' })).toThrow('Longest between heartbeats: “soon” is no duration');
    expect(() => changedOptions(before, { ...before, attempts: '1.5' })).toThrow('Attempts: “1.5” does not fit');
    expect(() => changedOptions(before, { ...before, backoff: '0.5' })).toThrow('Growth');
  });
});
