import { expect, it } from 'vitest';
import type { HistoryEvent } from '../api/messages';
import { resetPoints } from './reset';

const event = (id: number, type: string, attributes: Record<string, object> = {}): HistoryEvent =>
  ({ eventId: String(id), eventType: `EVENT_TYPE_${type}`, eventTime: `2026-01-01T00:00:0${id}Z`, ...attributes }) as unknown as HistoryEvent;
const decided = (id: number, type: string, task: number) => event(id, type, { someEventAttributes: { workflowTaskCompletedEventId: String(task) } });

it('a run can be reset to the end of each workflow task, with what was decided there', () => {
  const events = [
    event(1, 'WORKFLOW_EXECUTION_STARTED'),
    event(2, 'WORKFLOW_TASK_SCHEDULED'),
    event(3, 'WORKFLOW_TASK_STARTED'),
    event(4, 'WORKFLOW_TASK_COMPLETED'),
    decided(5, 'ACTIVITY_TASK_SCHEDULED', 4),
    decided(6, 'ACTIVITY_TASK_SCHEDULED', 4),
    decided(7, 'TIMER_STARTED', 4),
    event(8, 'WORKFLOW_TASK_FAILED'),
    event(9, 'WORKFLOW_EXECUTION_SIGNALED'),
  ];
  expect(resetPoints(events)).toEqual([
    { id: 8, how: 'failed', time: '2026-01-01T00:00:08Z', decided: '' },
    { id: 4, how: 'completed', time: '2026-01-01T00:00:04Z', decided: 'ActivityTaskScheduled × 2, TimerStarted' },
  ]);
  expect(resetPoints([])).toEqual([]);
});
