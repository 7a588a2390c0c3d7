// A run's events, as things that went on: an activity is its scheduling, its start and its end.
import type { Failure, HistoryEvent, PendingActivityInfo, PendingChildExecutionInfo } from '../api/messages';
import { decode, inOneLine } from './payload';
import { eventName } from './words';

export type Kind = 'workflow' | 'task' | 'activity' | 'local' | 'timer' | 'signal' | 'update' | 'child' | 'external' | 'nexus' | 'marker' | 'pause' | 'other';
export type State = 'running' | 'completed' | 'failed' | 'timedOut' | 'canceled' | 'terminated' | 'paused' | 'note';

export interface Group {
  /** Id of the first event. */
  id: number;
  kind: Kind;
  label: string;
  /** One line about it: what it was given, how it failed. */
  detail: string;
  state: State;
  /** Milliseconds of the epoch. */
  start: number;
  /** When a worker took it; for activities and workflow tasks. */
  started?: number;
  /** Not there while it goes on. */
  end?: number;
  attempt: number;
  failure?: Failure;
  events: HistoryEvent[];
  pending?: PendingActivityInfo;
}

export type Attributes = Record<string, unknown>;

export const idOf = (event: HistoryEvent): number => Number(event.eventId ?? 0);
export const timeOf = (event: HistoryEvent): number => Date.parse(event.eventTime ?? '') || 0;

/** The attributes of the event, of whichever type it is. */
export function attributesOf(event: HistoryEvent): Attributes {
  for (const [name, value] of Object.entries(event)) {
    if (name.endsWith('EventAttributes')) return value as Attributes;
  }
  return {};
}

const ENDS: [RegExp, State][] = [
  [/_COMPLETED$|_FIRED$/, 'completed'],
  [/_FAILED$/, 'failed'],
  [/_TIMED_OUT$/, 'timedOut'],
  [/_CANCELED$/, 'canceled'],
  [/_TERMINATED$/, 'terminated'],
];

const stateOf = (type: string): State | undefined => ENDS.find(([ending]) => ending.test(type))?.[1];

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const nameOf = (value: unknown): string => text((value as { name?: string } | undefined)?.name);

/** How a group begins: its kind, its label and a line about it. */
function beginning(type: string, given: Attributes, event: HistoryEvent): [Kind, string, string] | undefined {
  const first = (payloads: unknown) => {
    const list = Array.isArray(payloads) ? payloads : ((payloads as { payloads?: unknown[] } | undefined)?.payloads ?? []);
    return list.map(inOneLine).join(', ');
  };
  const summary = event.userMetadata?.summary ? inOneLine(event.userMetadata.summary) : '';
  switch (type) {
    case 'ACTIVITY_TASK_SCHEDULED':
      return ['activity', nameOf(given.activityType), summary || first(given.input)];
    case 'TIMER_STARTED':
      return ['timer', summary || 'Timer', `${text(given.startToFireTimeout)} · id ${text(given.timerId)}`];
    case 'WORKFLOW_TASK_SCHEDULED':
      return ['task', 'Workflow task', ''];
    case 'START_CHILD_WORKFLOW_EXECUTION_INITIATED':
      return ['child', nameOf(given.workflowType), text(given.workflowId)];
    case 'WORKFLOW_EXECUTION_SIGNALED':
      return ['signal', text(given.signalName), first(given.input)];
    case 'WORKFLOW_EXECUTION_UPDATE_ADMITTED':
    case 'WORKFLOW_EXECUTION_UPDATE_ACCEPTED':
    case 'WORKFLOW_EXECUTION_UPDATE_REJECTED': {
      const input = updateOf(given)?.input;
      return ['update', input?.name ?? 'Update', first(input?.args)];
    }
    case 'WORKFLOW_EXECUTION_PAUSED':
      return ['pause', 'Paused', text(given.reason)];
    case 'SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED':
      return ['external', `Signal ${text(given.signalName)}`, text((given.workflowExecution as { workflowId?: string })?.workflowId)];
    case 'REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED':
      return ['external', 'Cancel another', text((given.workflowExecution as { workflowId?: string })?.workflowId)];
    case 'NEXUS_OPERATION_SCHEDULED':
      return ['nexus', `${text(given.service)} ${text(given.operation)}`, text(given.endpoint)];
    case 'MARKER_RECORDED':
      return marker(given);
    default:
      return undefined;
  }
}

interface UpdateRequest {
  meta?: { updateId?: string };
  input?: { name?: string; args?: unknown };
}

const updateOf = (given: Attributes) => (given.request ?? given.acceptedRequest ?? given.rejectedRequest) as UpdateRequest | undefined;
const updateId = (given: Attributes): string => updateOf(given)?.meta?.updateId ?? text(given.protocolInstanceId);

function marker(given: Attributes): [Kind, string, string] {
  const name = text(given.markerName);
  if (!/local_?activity/i.test(name)) return ['marker', name || 'Marker', ''];
  const details = (given.details ?? {}) as Record<string, unknown>;
  const list = (value: unknown) => (Array.isArray(value) ? value : ((value as { payloads?: unknown[] } | undefined)?.payloads ?? []));
  const about = list(details.data)[0];
  const value = about === undefined ? undefined : (decode(about).value as { activity_type?: string; ActivityType?: string } | undefined);
  return ['local', value?.activity_type ?? value?.ActivityType ?? 'Local activity', list(details.result).map(inOneLine).join(', ')];
}

/** The event that this one goes on from, by the id that its attributes name. */
function antecedent(type: string, given: Attributes): number | undefined {
  const id = (name: string) => (given[name] === undefined ? undefined : Number(given[name]));
  if (type.startsWith('ACTIVITY_TASK_') || type.startsWith('WORKFLOW_TASK_') || type.startsWith('NEXUS_OPERATION_')) return id('scheduledEventId');
  if (type.startsWith('TIMER_')) return id('startedEventId');
  if (type.startsWith('CHILD_') || type.startsWith('START_CHILD_') || type.includes('EXTERNAL_WORKFLOW')) return id('initiatedEventId');
  if (type === 'WORKFLOW_EXECUTION_UPDATE_COMPLETED') return id('acceptedEventId');
  return undefined;
}

const CLOSE = /^WORKFLOW_EXECUTION_(COMPLETED|FAILED|TIMED_OUT|CANCELED|TERMINATED|CONTINUED_AS_NEW)$/;

/** Groups in the order of their first events. */
export function groupsOf(events: HistoryEvent[], pending: PendingActivityInfo[] = [], children: PendingChildExecutionInfo[] = []): Group[] {
  const groups: Group[] = [];
  const byId = new Map<number, Group>();
  // Updates that were admitted before they were accepted, by their ids; the pause that goes on.
  const byUpdate = new Map<string, Group>();
  let pause: Group | undefined;
  for (const event of events) {
    const type = (event.eventType ?? '').replace('EVENT_TYPE_', '');
    const given = attributesOf(event);
    const at = timeOf(event);
    const earlier = antecedent(type, given);
    const isUpdate = /^WORKFLOW_EXECUTION_UPDATE_(ACCEPTED|REJECTED)$/.test(type);
    const open = isUpdate ? byUpdate.get(updateId(given)) : type === 'WORKFLOW_EXECUTION_UNPAUSED' ? pause : earlier === undefined ? undefined : byId.get(earlier);
    if (open) {
      join(open, type, given, event, at);
      byId.set(idOf(event), open);
      if (open === pause) pause = undefined;
      continue;
    }
    const [kind, label, detail] = beginning(type, given, event) ?? [type.startsWith('WORKFLOW_EXECUTION_') ? 'workflow' : 'other', eventName(type), ''];
    const lasts = ['activity', 'timer', 'task', 'child', 'update', 'external', 'nexus', 'pause'].includes(kind) && type !== 'WORKFLOW_EXECUTION_UPDATE_REJECTED';
    const group: Group = {
      id: idOf(event),
      kind,
      label,
      detail,
      state: kind === 'pause' ? 'paused' : lasts ? 'running' : type === 'WORKFLOW_EXECUTION_UPDATE_REJECTED' ? 'failed' : CLOSE.test(type) ? (stateOf(type) ?? 'note') : kind === 'local' ? localState(given) : 'note',
      start: at,
      attempt: 1,
      events: [event],
    };
    const failure = given.failure as Failure | undefined;
    if (failure) group.failure = failure;
    if (!lasts) group.end = at;
    groups.push(group);
    byId.set(group.id, group);
    if (kind === 'pause') pause = group;
    if (type === 'WORKFLOW_EXECUTION_UPDATE_ADMITTED') byUpdate.set(updateId(given), group);
  }
  attachPending(groups, pending, children, events.at(-1));
  return groups;
}

const localState = (given: Attributes): State => (given.failure ? 'failed' : 'completed');

function join(group: Group, type: string, given: Attributes, event: HistoryEvent, at: number): void {
  group.events.push(event);
  if (type === 'WORKFLOW_EXECUTION_UNPAUSED') {
    group.end = at;
    return;
  }
  if (/_STARTED$|_UPDATE_ACCEPTED$/.test(type)) {
    group.started = at;
    group.attempt = Number(given.attempt ?? 1);
    const last = given.lastFailure as Failure | undefined;
    if (last) group.failure = last;
    return;
  }
  const failure = (given.failure ?? (given.outcome as { failure?: Failure } | undefined)?.failure) as Failure | undefined;
  if (failure) {
    group.failure = failure;
    group.detail = failure.message ?? group.detail;
  }
  const state = /^EXTERNAL_WORKFLOW_EXECUTION_/.test(type) ? 'completed' : type === 'WORKFLOW_EXECUTION_UPDATE_REJECTED' || (type === 'WORKFLOW_EXECUTION_UPDATE_COMPLETED' && failure) ? 'failed' : stateOf(type);
  if (state && !/_CANCEL_REQUEST/.test(type)) {
    group.state = state;
    group.end = at;
  }
}

/** Attempts and failures of activities that go on stand in no event: describe tells them. */
function attachPending(groups: Group[], pending: PendingActivityInfo[], children: PendingChildExecutionInfo[], last: HistoryEvent | undefined): void {
  const byActivity = new Map(pending.map((activity) => [activity.activityId, activity]));
  const closed = last !== undefined && CLOSE.test((last.eventType ?? '').replace('EVENT_TYPE_', ''));
  const goesOn = new Set(children.map((child) => Number(child.initiatedId)));
  for (const group of groups) {
    if (group.end !== undefined) continue;
    // What had not ended when the run was closed ended with it; children may outlive it.
    if (closed && !(group.kind === 'child' && goesOn.has(group.id))) {
      group.end = timeOf(last);
      if (group.kind !== 'pause') group.state = 'canceled';
      continue;
    }
    if (group.kind !== 'activity') continue;
    const activity = byActivity.get(text(attributesOf(group.events[0]!).activityId));
    if (!activity) continue;
    group.pending = activity;
    group.attempt = activity.attempt ?? 1;
    if (activity.lastStartedTime) group.started = Date.parse(activity.lastStartedTime);
    if (activity.lastFailure) {
      group.failure = activity.lastFailure;
      group.detail = activity.lastFailure.message ?? group.detail;
    }
  }
}

/** The failure with its causes, outermost first. */
export function causes(failure: Failure | undefined): Failure[] {
  const chain: Failure[] = [];
  for (let at = failure; at && chain.length < 50; at = at.cause) chain.push(at);
  return chain;
}

/** What kind of failure it is, in words. */
export function failureKind(failure: Failure): string {
  if (failure.applicationFailureInfo) return failure.applicationFailureInfo.type || 'Application error';
  if (failure.timeoutFailureInfo) return `Timeout, ${(failure.timeoutFailureInfo.timeoutType ?? '').replace('TIMEOUT_TYPE_', '').toLowerCase().replace(/_/g, ' ')}`;
  if (failure.canceledFailureInfo) return 'Cancelled';
  if (failure.terminatedFailureInfo) return 'Terminated';
  if (failure.activityFailureInfo) return `Activity ${failure.activityFailureInfo.activityType?.name ?? ''}`;
  if (failure.childWorkflowExecutionFailureInfo) return `Child ${failure.childWorkflowExecutionFailureInfo.workflowType?.name ?? ''}`;
  if (failure.serverFailureInfo) return 'Server';
  if (failure.nexusOperationExecutionFailureInfo || failure.nexusHandlerFailureInfo) return 'Nexus';
  return 'Failure';
}
