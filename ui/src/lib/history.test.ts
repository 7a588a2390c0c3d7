import { describe, expect, it } from 'vitest';
import type { HistoryEvent } from '../api/messages';
import { causes, groupsOf } from './history';
import { argumentsOf, decode, inOneLine, plainly, toBase64 } from './payload';

const base64 = (text: string) => toBase64(new TextEncoder().encode(text));
const event = (id: number, type: string, attributes: [string, object]): HistoryEvent =>
  ({ eventId: String(id), eventType: `EVENT_TYPE_${type}`, eventTime: new Date(1e12 + 1000 * id).toISOString(), [attributes[0]]: attributes[1] }) as unknown as HistoryEvent;
const scheduled = event(5, 'ACTIVITY_TASK_SCHEDULED', ['activityTaskScheduledEventAttributes', { activityId: '1', activityType: { name: 'charge' } }]);

describe('groups of events', () => {
  it('join an activity from its scheduling to its end', () => {
    const [group, ...more] = groupsOf([
      scheduled,
      event(6, 'ACTIVITY_TASK_STARTED', ['activityTaskStartedEventAttributes', { scheduledEventId: '5', attempt: 3, lastFailure: { message: 'declined' } }]),
      event(7, 'ACTIVITY_TASK_COMPLETED', ['activityTaskCompletedEventAttributes', { scheduledEventId: '5', startedEventId: '6' }]),
    ]);
    expect(more).toEqual([]);
    expect(group).toMatchObject({ kind: 'activity', label: 'charge', state: 'completed', attempt: 3, start: 1e12 + 5000, started: 1e12 + 6000, end: 1e12 + 7000 });
    expect(group!.failure?.message).toBe('declined');
  });

  it('take attempts of what goes on from describe', () => {
    const [group] = groupsOf([scheduled], [{ activityId: '1', attempt: 4, lastFailure: { message: 'no answer' } }]);
    expect(group).toMatchObject({ state: 'running', attempt: 4, detail: 'no answer' });
    expect(group!.end).toBeUndefined();
  });

  it('end with the run', () => {
    const groups = groupsOf([scheduled, event(9, 'WORKFLOW_EXECUTION_TERMINATED', ['workflowExecutionTerminatedEventAttributes', { reason: 'x' }])]);
    expect(groups[0]).toMatchObject({ state: 'canceled', end: 1e12 + 9000 });
    expect(groups[1]).toMatchObject({ kind: 'workflow', state: 'terminated' });
  });

  it('show updates from their admission or acceptance to their end', () => {
    const request = { meta: { updateId: 'u' }, input: { name: 'setLimit', args: { payloads: [{ metadata: { encoding: base64('json/plain') }, data: base64('7') }] } } };
    const accepted = event(6, 'WORKFLOW_EXECUTION_UPDATE_ACCEPTED', ['workflowExecutionUpdateAcceptedEventAttributes', { protocolInstanceId: 'u', acceptedRequest: request }]);
    const completed = event(8, 'WORKFLOW_EXECUTION_UPDATE_COMPLETED', ['workflowExecutionUpdateCompletedEventAttributes', { acceptedEventId: '6', outcome: { success: {} } }]);
    expect(groupsOf([accepted])[0]).toMatchObject({ kind: 'update', label: 'setLimit', detail: '7', state: 'running' });
    expect(groupsOf([accepted, completed])).toMatchObject([{ state: 'completed', start: 1e12 + 6000, end: 1e12 + 8000 }]);
    const admitted = event(5, 'WORKFLOW_EXECUTION_UPDATE_ADMITTED', ['workflowExecutionUpdateAdmittedEventAttributes', { request }]);
    expect(groupsOf([admitted, accepted, completed])).toMatchObject([{ id: 5, label: 'setLimit', started: 1e12 + 6000, state: 'completed', end: 1e12 + 8000 }]);
    const refused = event(8, 'WORKFLOW_EXECUTION_UPDATE_COMPLETED', ['workflowExecutionUpdateCompletedEventAttributes', { acceptedEventId: '6', outcome: { failure: { message: 'too high' } } }]);
    expect(groupsOf([accepted, refused])).toMatchObject([{ state: 'failed', detail: 'too high' }]);
    const rejected = event(7, 'WORKFLOW_EXECUTION_UPDATE_REJECTED', ['workflowExecutionUpdateRejectedEventAttributes', { protocolInstanceId: 'u', rejectedRequest: request, failure: { message: 'no' } }]);
    expect(groupsOf([rejected])).toMatchObject([{ kind: 'update', label: 'setLimit', state: 'failed', start: 1e12 + 7000, end: 1e12 + 7000 }]);
    expect(groupsOf([admitted, rejected])).toMatchObject([{ id: 5, state: 'failed', detail: 'no', end: 1e12 + 7000 }]);
  });

  it('show a pause from its beginning to its end', () => {
    const paused = event(3, 'WORKFLOW_EXECUTION_PAUSED', ['workflowExecutionPausedEventAttributes', { reason: 'look first' }]);
    const unpaused = event(9, 'WORKFLOW_EXECUTION_UNPAUSED', ['workflowExecutionUnpausedEventAttributes', {}]);
    const open = groupsOf([paused])[0]!;
    expect(open).toMatchObject({ kind: 'pause', label: 'Paused', detail: 'look first', state: 'paused' });
    expect(open.end).toBeUndefined();
    expect(groupsOf([paused, unpaused, event(10, 'WORKFLOW_EXECUTION_PAUSED', ['workflowExecutionPausedEventAttributes', {}])])).toMatchObject([{ end: 1e12 + 9000 }, { start: 1e12 + 10_000 }]);
  });

  it('show what is done to other workflows', () => {
    const initiated = event(4, 'SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED', ['signalExternalWorkflowExecutionInitiatedEventAttributes', { signalName: 'go', workflowExecution: { workflowId: 'other' } }]);
    const signalled = event(6, 'EXTERNAL_WORKFLOW_EXECUTION_SIGNALED', ['externalWorkflowExecutionSignaledEventAttributes', { initiatedEventId: '4' }]);
    expect(groupsOf([initiated, signalled])).toMatchObject([{ kind: 'external', label: 'Signal go', detail: 'other', state: 'completed', end: 1e12 + 6000 }]);
    const failed = event(6, 'SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED', ['signalExternalWorkflowExecutionFailedEventAttributes', { initiatedEventId: '4' }]);
    expect(groupsOf([initiated, failed])).toMatchObject([{ state: 'failed' }]);
  });

  it('keep what they do not know', () => {
    expect(groupsOf([{ eventId: '1', eventType: 'EVENT_TYPE_SOMETHING_NEW' as never }, {}])).toHaveLength(2);
  });
});

describe('failures', () => {
  it('are listed with their causes, and never without end', () => {
    expect(causes({ message: 'a', cause: { message: 'b' } }).map(({ message }) => message)).toEqual(['a', 'b']);
    const circle: { message: string; cause?: object } = { message: 'c' };
    circle.cause = circle;
    expect(causes(circle).length).toBeLessThanOrEqual(50);
  });
});

describe('payloads', () => {
  const payload = (encoding: string, data: string) => ({ metadata: { encoding: base64(encoding) }, data });

  it('are shown by their encoding', () => {
    expect(decode(payload('json/plain', base64('{"a":1}')))).toMatchObject({ kind: 'json', text: '{\n  "a": 1\n}' });
    expect(decode(payload('json/plain', base64('"<b>bold</b>"')))).toMatchObject({ kind: 'json', text: '"<b>bold</b>"' });
    expect(decode(payload('binary/null', ''))).toMatchObject({ kind: 'null' });
    expect(decode(payload('binary/plain', base64('plain words')))).toMatchObject({ kind: 'text', text: 'plain words' });
    expect(decode(payload('binary/plain', '//79'))).toMatchObject({ kind: 'binary', bytes: 3 });
    expect(decode(payload('binary/encrypted', 'AAEC'))).toMatchObject({ kind: 'encrypted', bytes: 3 });
    expect(decode(payload('json/plain', base64('no json')))).toMatchObject({ kind: 'text', text: 'no json' });
    expect(decode(payload('json/plain', '%%%'))).toMatchObject({ kind: 'text' });
  });

  it('keep numbers that JavaScript would round', () => {
    expect(decode(payload('json/plain', base64('[12345678901234567890]'))).text).toBe('[12345678901234567890]');
  });

  it('may come in shorthand', () => {
    expect(decode({ a: 1 })).toMatchObject({ kind: 'json', value: { a: 1 } });
    expect(inOneLine('Ada')).toBe('Ada');
    expect(decode({})).toMatchObject({ kind: 'json', text: '{}' });
  });

  it('are made of what is typed', () => {
    expect(argumentsOf('')).toEqual([]);
    expect(argumentsOf('{"a":\n1}')).toHaveLength(1);
    expect(argumentsOf('"a"\n2')).toHaveLength(2);
    expect(() => argumentsOf('nonsense')).toThrow(SyntaxError);
  });
});

it('payloads within other values are shown as what they hold', () => {
  const payload = { metadata: { encoding: base64('json/plain') }, data: base64('{"a": 1}') };
  const encrypted = { metadata: { encoding: base64('binary/encrypted') }, data: 'AAAA' };
  expect(plainly({ fields: { memo: payload, secret: encrypted }, list: [payload, 7, null] })).toEqual({ fields: { memo: { a: 1 }, secret: encrypted }, list: [{ a: 1 }, 7, null] });
});
