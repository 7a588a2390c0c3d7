// Points of a history to which a run can be reset: the ends of its workflow tasks.
import type { HistoryEvent } from '../api/messages';
import { attributesOf, idOf } from './history';
import { eventName } from './words';

const POINT = /^EVENT_TYPE_WORKFLOW_TASK_(COMPLETED|FAILED|TIMED_OUT)$/;

export const isResetPoint = (event: HistoryEvent): boolean => POINT.test(event.eventType ?? '');

export interface ResetPoint {
  id: number;
  /** `completed`, `failed`, `timed out`. */
  how: string;
  time: string;
  /** What the workflow decided there, which a reset undoes: `ActivityTaskScheduled × 2, TimerStarted`. */
  decided: string;
}

/** Newest first. */
export function resetPoints(events: HistoryEvent[]): ResetPoint[] {
  const points: ResetPoint[] = [];
  for (const [index, event] of events.entries()) {
    if (!isResetPoint(event)) continue;
    const counts = new Map<string, number>();
    // Only events of the workflow's own commands name the task that decided them.
    for (let next = index + 1; next < events.length; next += 1) {
      if (Number(attributesOf(events[next]!).workflowTaskCompletedEventId ?? 0) !== idOf(event)) break;
      const name = eventName(events[next]!.eventType);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    points.push({
      id: idOf(event),
      how: (event.eventType ?? '').replace('EVENT_TYPE_WORKFLOW_TASK_', '').replace('_', ' ').toLowerCase(),
      time: event.eventTime ?? '',
      decided: [...counts].map(([name, count]) => (count > 1 ? `${name} × ${count}` : name)).join(', '),
    });
  }
  return points.reverse();
}
