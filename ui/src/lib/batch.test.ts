import { describe, expect, it } from 'vitest';
import { operationWords, requestOf, shareOf, type Wish } from './batch';

const wish: Wish = { operation: 'terminate', target: { kind: 'some', runs: [{ workflowId: 'a', runId: 'r' }] }, reason: 'why', signal: '', input: [], point: 'last', rate: undefined };

describe('batch operations', () => {
  it('name the runs, or the filter', () => {
    expect(requestOf(wish)).toEqual({ reason: 'why', executions: [{ workflowId: 'a', runId: 'r' }], terminationOperation: { identity: 'klamm-ui' } });
    const all = requestOf({ ...wish, operation: 'cancel', rate: 5, target: { kind: 'all', query: "WorkflowType = 'Order'", count: 3 } });
    expect(all).toEqual({ reason: 'why', visibilityQuery: "WorkflowType = 'Order'", maxOperationsPerSecond: 5, cancellationOperation: { identity: 'klamm-ui' } });
  });

  it('always have a filter, because without one they are refused', () => {
    expect(requestOf({ ...wish, target: { kind: 'all', query: ' ', count: 3 } }).visibilityQuery).toBe("StartTime > '1970-01-01T00:00:00Z'");
  });

  it('are one of five', () => {
    const input = [{ data: 'MQ==' }];
    expect(requestOf({ ...wish, operation: 'signal', signal: 'go', input }).signalOperation).toEqual({ identity: 'klamm-ui', signal: 'go', input: { payloads: input } });
    expect(requestOf({ ...wish, operation: 'reset', point: 'first' }).resetOperation).toEqual({ identity: 'klamm-ui', options: { firstWorkflowTask: {} } });
    expect(Object.keys(requestOf({ ...wish, operation: 'delete' })).filter((name) => name.endsWith('Operation'))).toEqual(['deletionOperation']);
  });

  it('have names and progress', () => {
    expect(operationWords('BATCH_OPERATION_TYPE_TERMINATE_WORKFLOW')).toBe('Terminate');
    expect(operationWords('BATCH_OPERATION_TYPE_SIGNAL')).toBe('Signal');
    expect(shareOf('10', '4', '1')).toBe(0.5);
    expect(shareOf('0', '0', '0')).toBeUndefined();
    expect(shareOf('10', '12', undefined)).toBe(1);
  });
});
