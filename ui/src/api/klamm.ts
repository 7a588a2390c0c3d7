// klamm's own HTTP API. Other servers have none of this; pages then do without.
import type { ScheduleSpec } from './messages';
import { address, ApiError, call, type CallOptions, path } from './client';

const API = '/api/klamm/v1';

/** One call; a server without this part of the API says so by `isUnimplemented`. */
async function own<T>(to: string, options: CallOptions): Promise<T> {
  try {
    return await call<T>(to, options);
  } catch (error) {
    // What is not found is named in the message; that there is no such path is not.
    if (error instanceof ApiError && error.status === 404 && /^not found$/i.test(error.message))
      throw new ApiError(501, 12, "This server does not have klamm's own part of the API, from which this page is made.");
    throw error;
  }
}

export interface Overview {
  version: string;
  role: 'starting' | 'standby' | 'owner' | 'stopping';
  logKind: 'embedded' | 'kafka';
  address: string;
  owner?: string;
  ownerSince?: string;
  startTime?: string;
  health: { ready: boolean; live: boolean; reasons: { source: string; severity: 'warning' | 'failure' | 'fatal'; text: string; since?: string }[] };
  problem?: string | null;
  counts: { namespaces: number; partitions: number; taskQueues: number; members: number; topics: number };
}

export interface Partition {
  partition: number;
  owner?: string;
  ownerSince?: string;
  committed: number;
  end: number;
  lag: number;
  visibilityLag?: number;
  takeOverOffset?: number;
  failure?: string | null;
}

export interface Member {
  member: string;
  address?: string;
  roles?: string[];
  standing: string;
  lastBeat?: string | null;
  ageMs?: number;
  alive: boolean;
  self: boolean;
}

export interface Topic {
  name: string;
  shortName: string;
  partitionCount: number;
  cleanup: string;
  description: string;
  valueType?: string;
  partitions?: { partition: number; firstOffset: number; nextOffset: number }[];
}

export interface LogRecord {
  partition: number;
  offset: number;
  timestamp: string;
  key: string | null;
  headers?: Record<string, string>;
  value: unknown;
  tombstone: boolean;
  bytes: number;
  decodeError?: string | null;
}

/** Bytes, as text where they are one. */
export interface Shown {
  text?: string;
  base64?: string;
}

export interface Trigger {
  name: string;
  namespace: string;
  topic: string;
  deadLetterTopic: string;
  declaration: string;
  generation: number;
  startAt: string | null;
  createTime: string | null;
  updateTime: string | null;
  lastEffectTime: string | null;
  oldestRecordTime: string | null;
  paused: boolean;
  pauseReason: string | null;
  problem: string | null;
  lag: number;
  counts: { started: number; signalled: number; filtered: number; suppressed: number; held: number; deadLettered: number };
  partitions: { partition: number; next: number; end: number; lag: number }[];
}

export interface DeadLetter {
  partition: number;
  offset: number;
  timestamp: string;
  class: string;
  rule: number;
  stage: string;
  message: string;
  source: { topic: string; partition: number | null; offset: number | null };
  key: Shown | null;
  value: Shown | null;
  valueBytes: number;
  replayed: string | null;
}

export interface TaskQueueEntry {
  name: string;
  type: 'workflow' | 'activity' | 'nexus';
  backlogCount: number;
  backlogAgeMs?: number | null;
  pollers: number;
  kind: 'normal' | 'sticky';
}

export interface AuditEntry {
  nominal: string;
  due?: string;
  started?: string | null;
  lateMs?: number | null;
  decided?: string | null;
  decision: string;
  expected: boolean;
  manual: boolean;
  earlier: boolean;
  reason: string;
  workflowId?: string;
  runId?: string;
}

export interface Audit {
  entries: AuditEntry[];
  summary: {
    knownFrom?: string;
    expected: number;
    fired: number;
    notFired: number;
    underWay: number;
    future: number;
    missing: number;
    manual: number;
    earlier: number;
    deleted?: string | null;
  };
}

export interface EventRecords {
  topic: string;
  partition: number;
  events: { eventId: number; offset: number; timestamp: string }[];
  next?: number | null;
}

export const overview = (signal?: AbortSignal) => own<Overview>(`${API}/overview`, { signal });
export const partitions = (signal?: AbortSignal) => own<{ partitions: Partition[] }>(`${API}/partitions`, { signal });
export const members = (signal?: AbortSignal) => own<{ members: Member[] }>(`${API}/members`, { signal });
export const topics = (signal?: AbortSignal) => own<{ topics: Topic[] }>(`${API}/topics`, { signal });
export const topic = (name: string, signal?: AbortSignal) => own<Topic>(path(`${API}/topics/{}`, name), { signal });

export interface RecordsQuery {
  partition?: number | undefined;
  offset?: number | undefined;
  limit?: number | undefined;
  key?: string | undefined;
  since?: string | undefined;
  tail?: number | undefined;
}

export const records = (name: string, query: RecordsQuery, signal?: AbortSignal) =>
  own<{ records: LogRecord[]; next?: Record<string, number> }>(path(`${API}/topics/{}/records`, name), { query: { ...query }, signal });

/** Address of the stream of a topic's records. */
export const tailAddress = (name: string, query: RecordsQuery): string => address(path(`${API}/topics/{}/tail`, name), { ...query });

export const triggers = (signal?: AbortSignal) => own<{ triggers: Trigger[] }>(`${API}/triggers`, { signal });
export const trigger = (name: string, signal?: AbortSignal) => own<Trigger>(path(`${API}/triggers/{}`, name), { signal });
export const deadLetters = (name: string, limit: number, signal?: AbortSignal) =>
  own<{ deadLetters: DeadLetter[] }>(path(`${API}/triggers/{}/dead-letters`, name), { query: { limit }, signal });
export const pauseTrigger = (name: string, reason: string) => own(path(`${API}/triggers/{}/pause`, name), { body: { reason } });
export const resumeTrigger = (name: string) => own(path(`${API}/triggers/{}/resume`, name), { body: {} });
export const replayTrigger = (name: string, from: string) => own(path(`${API}/triggers/{}/replay`, name), { body: { from } });

export const taskQueues = (namespace: string, signal?: AbortSignal) =>
  own<{ taskQueues: TaskQueueEntry[]; truncated?: boolean }>(path(`${API}/namespaces/{}/task-queues`, namespace), { signal });

export const audit = (namespace: string, id: string, from: string, to: string, signal?: AbortSignal) =>
  own<Audit>(path(`${API}/namespaces/{}/schedules/{}/audit`, namespace, id), { query: { from, to }, signal });

export const eventRecords = (namespace: string, workflowId: string, runId: string, offset: number | undefined, signal?: AbortSignal) =>
  own<EventRecords>(path(`${API}/namespaces/{}/workflows/{}/records`, namespace, workflowId), { query: { runId, limit: 1000, offset }, signal });

/** The next times of a spec that no schedule has yet. */
export const previewSchedule = (namespace: string, spec: ScheduleSpec, scheduleId: string, limit: number, signal?: AbortSignal) =>
  own<{ times: { nominal: string; due: string }[] }>(path(`${API}/namespaces/{}/schedule-preview`, namespace), { query: { scheduleId, limit }, body: spec, signal });

export const addSearchAttribute = (namespace: string, name: string, type: string) =>
  own(path(`${API}/namespaces/{}/search-attributes`, namespace), { body: { searchAttributes: { [name]: type } } });

export const removeSearchAttribute = (namespace: string, name: string) =>
  own(path(`${API}/namespaces/{}/search-attributes/{}`, namespace, name), { method: 'DELETE' });

export const deleteNamespace = (namespace: string) => own<{ deletedNamespace: string }>(path(`${API}/namespaces/{}`, namespace), { method: 'DELETE' });

export const deleteWorkflow = (namespace: string, workflowId: string, runId: string) =>
  own(path(`${API}/namespaces/{}/workflows/{}`, namespace, workflowId), { method: 'DELETE', query: { runId } });

/** Address of the stream of a run's events. */
export const historyAddress = (namespace: string, workflowId: string, runId: string, after: number): string =>
  address(path(`${API}/namespaces/{}/workflows/{}/history/live`, namespace, workflowId), { runId, after, noPayloadShorthand: true });

/** Address of the stream of counts. */
export const countAddress = (namespace: string, query: string): string =>
  address(path(`${API}/namespaces/{}/workflow-count/live`, namespace), { query });
