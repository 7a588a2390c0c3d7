// Counts of runs by their status.
import type { CountWorkflowExecutionsResponse } from '../api/messages';
import { decode } from './payload';

export interface StatusCount {
  status: string;
  count: number;
}

const ORDER = ['Running', 'Paused', 'Failed', 'TimedOut', 'Completed', 'Canceled', 'Terminated', 'ContinuedAsNew'];

/** In the order in which they are shown; `current` stands among them even where no run has it. */
export function countsOf(answer: CountWorkflowExecutionsResponse | undefined, current: string | undefined): StatusCount[] {
  const counts = (answer?.groups ?? []).map((group) => ({ status: String(decode(group.groupValues?.[0]).value ?? ''), count: Number(group.count ?? 0) }));
  if (current !== undefined && !counts.some(({ status }) => status === current)) counts.push({ status: current, count: 0 });
  const place = (status: string) => (ORDER.includes(status) ? ORDER.indexOf(status) : ORDER.length);
  return counts.sort((a, b) => place(a.status) - place(b.status));
}
