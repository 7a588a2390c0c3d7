// The form in which schedules are made and changed, and the schedule that it stands for.
import type { Schedule, ScheduleSpec } from '../api/messages';
import { parseProtoDuration, parseTypedDuration, toProtoDuration, typedDuration } from './duration';
import { argumentsOf, decode, listOf } from './payload';
import { intervalTimes, nextTimes } from './preview';
import { overlapId } from './schedule';
import { instantIn, typedIn, type Zone } from './time';

export interface Form {
  id: string;
  /** `keep`: the spec has what the form cannot show, and stays as it is. */
  kind: 'interval' | 'cron' | 'keep';
  every: string;
  offset: string;
  /** One expression per line. */
  cron: string;
  zone: string;
  jitter: string;
  startTime: string;
  endTime: string;
  workflowType: string;
  taskQueue: string;
  workflowId: string;
  input: string;
  overlap: string;
  catchup: string;
  pauseOnFailure: boolean;
  paused: boolean;
  note: string;
}

export const NEW: Form = {
  id: '',
  kind: 'interval',
  every: '1h',
  offset: '',
  cron: '0 9 * * MON-FRI',
  zone: 'UTC',
  jitter: '',
  startTime: '',
  endTime: '',
  workflowType: '',
  taskQueue: '',
  workflowId: '',
  input: '',
  overlap: 'SKIP',
  catchup: '',
  pauseOnFailure: false,
  paused: false,
  note: '',
};

/** `3600s` → `1h`, as people type it. */
const typed = (proto: string | undefined): string => typedDuration(parseProtoDuration(proto) ?? 0);

export function formOf(id: string, schedule: Schedule, zone: Zone): Form {
  const { spec = {}, policies = {}, state = {} } = schedule;
  const action = schedule.action?.startWorkflow ?? {};
  const [interval, ...others] = spec.interval ?? [];
  const calendars = [...(spec.structuredCalendar ?? []), ...(spec.calendar ?? []), ...(spec.excludeStructuredCalendar ?? [])];
  const isInterval = interval !== undefined && others.length === 0 && calendars.length === 0;
  const input = listOf(action.input).map((payload) => {
    const decoded = decode(payload);
    return decoded.kind === 'json' || decoded.kind === 'null' ? JSON.stringify(decoded.value) : decoded.text;
  });
  return {
    ...NEW,
    id,
    kind: isInterval ? 'interval' : 'keep',
    every: isInterval ? typed(interval.interval) : NEW.every,
    offset: isInterval ? typed(interval.phase) : '',
    zone: spec.timezoneName || 'UTC',
    jitter: typed(spec.jitter),
    startTime: spec.startTime ? typedIn(zone, new Date(spec.startTime)) : '',
    endTime: spec.endTime ? typedIn(zone, new Date(spec.endTime)) : '',
    workflowType: action.workflowType?.name ?? '',
    taskQueue: action.taskQueue?.name ?? '',
    workflowId: action.workflowId ?? '',
    input: input.join('\n'),
    overlap: overlapId(policies.overlapPolicy),
    catchup: typed(policies.catchupWindow),
    pauseOnFailure: policies.pauseOnFailure ?? false,
    paused: state.paused ?? false,
    note: state.notes ?? '',
  };
}

export const cronLines = (form: Form): string[] => form.cron.split('\n').map((line) => line.trim()).filter(Boolean);

function length(text: string, what: string): number {
  const found = parseTypedDuration(text);
  if (found === undefined) throw new Error(`${what}: “${text}” is no duration. Write 90s, 1h30m or 2d.`);
  return found;
}

/** The next times that a form stands for; throws what is wrong with it. */
export function previewOf(form: Form, from: Date, count: number): Date[] {
  if (form.kind === 'keep') return [];
  if (form.kind === 'cron') {
    if (cronLines(form).length === 0) throw new Error('No expression has been typed.');
    return nextTimes(cronLines(form), form.zone, from, count);
  }
  const every = length(form.every, 'Every');
  if (every < 1000) throw new Error('Every: a second is the least.');
  return intervalTimes(every, form.offset ? length(form.offset, 'Offset') : 0, from, count);
}

/** The spec that the form stands for. Throws what is wrong with it. */
export const specOf = (form: Form, before: Schedule | undefined, zone: Zone): ScheduleSpec => scheduleOf({ ...form, input: '' }, before && { ...before, action: {} }, zone).spec ?? {};

/** The schedule that the form stands for, with all of `before` that the form does not show. Throws what is wrong with it. */
export function scheduleOf(form: Form, before: Schedule | undefined, zone: Zone): Schedule {
  const { interval: _, structuredCalendar: __, cronString: ___, calendar: ____, ...restOfSpec } = before?.spec ?? {};
  const times =
    form.kind === 'keep'
      ? (before?.spec ?? {})
      : form.kind === 'cron'
        ? { ...restOfSpec, cronString: cronLines(form) }
        : { ...restOfSpec, interval: [{ interval: toProtoDuration(length(form.every, 'Every')), ...(form.offset ? { phase: toProtoDuration(length(form.offset, 'Offset')) } : {}) }] };
  if (form.kind === 'cron' && cronLines(form).length === 0) throw new Error('No cron expression has been typed.');
  const bound = (text: string, what: string) => {
    if (text === '') return undefined;
    const instant = instantIn(zone, text);
    if (!instant) throw new Error(`${what}: “${text}” is no time.`);
    return instant.toISOString();
  };
  const oldAction = before?.action?.startWorkflow ?? {};
  const inputIsOld = before !== undefined && form.input === formOf('', before, zone).input;
  let input = oldAction.input;
  if (!inputIsOld) {
    try {
      input = { payloads: argumentsOf(form.input) };
    } catch (error) {
      throw new Error(`The input is not JSON: ${(error as Error).message}. A text stands in double quotes.`);
    }
  }
  return {
    ...before,
    spec: clean({ ...times, timezoneName: form.zone, jitter: form.jitter ? toProtoDuration(length(form.jitter, 'Jitter')) : undefined, startTime: bound(form.startTime, 'Not before'), endTime: bound(form.endTime, 'Not after') }),
    action: {
      startWorkflow: clean({ ...oldAction, workflowId: form.workflowId || form.id, workflowType: { name: form.workflowType }, taskQueue: { ...oldAction.taskQueue, name: form.taskQueue }, input }),
    },
    policies: clean({
      ...before?.policies,
      overlapPolicy: `SCHEDULE_OVERLAP_POLICY_${form.overlap}` as never,
      catchupWindow: form.catchup ? toProtoDuration(length(form.catchup, 'Catch-up window')) : undefined,
      pauseOnFailure: form.pauseOnFailure,
    }),
    state: { ...before?.state, paused: form.paused, notes: form.note },
  };
}

const clean = <T extends object>(value: T): T => Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
