// Temporal's HTTP API, as far as the pages use it.
import { call, path } from './client';
import type {
  CountWorkflowExecutionsResponse,
  DescribeNamespaceResponse,
  DescribeScheduleResponse,
  DescribeTaskQueueResponse,
  DescribeWorkflowExecutionResponse,
  GetWorkflowExecutionHistoryResponse,
  ListNamespacesResponse,
  ListScheduleMatchingTimesResponse,
  ListSchedulesResponse,
  ListSearchAttributesResponse,
  ListWorkflowExecutionsResponse,
  Payload,
  QueryWorkflowResponse,
  Schedule,
  SchedulePatch,
  StartWorkflowExecutionResponse,
} from './messages';

const API = '/api/v1';
const IDENTITY = 'klamm-ui';

export const requestId = (): string =>
  typeof crypto.randomUUID === 'function'
    ? crypto.randomUUID()
    : Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

export const listWorkflows = (namespace: string, query: string, nextPageToken: string, pageSize: number, signal?: AbortSignal) =>
  call<ListWorkflowExecutionsResponse>(path(`${API}/namespaces/{}/workflows`, namespace), { query: { query, nextPageToken, pageSize }, signal });

export const countWorkflows = (namespace: string, query: string, signal?: AbortSignal) =>
  call<CountWorkflowExecutionsResponse>(path(`${API}/namespaces/{}/workflow-count`, namespace), { query: { query }, signal });

export interface Run {
  namespace: string;
  workflowId: string;
  runId: string;
}

const ofRun = ({ namespace, workflowId }: Run, rest: string, ...parts: string[]) =>
  path(`${API}/namespaces/{}/workflows/{}${rest}`, namespace, workflowId, ...parts);
const execution = ({ workflowId, runId }: Run) => ({ workflowId, runId });

export const describeWorkflow = (run: Run, signal?: AbortSignal) =>
  call<DescribeWorkflowExecutionResponse>(ofRun(run, ''), { query: { 'execution.runId': run.runId }, signal });

/** With `waitNewEvent` the answer waits for events after those of the token. */
export const history = (run: Run, nextPageToken: string, waitNewEvent: boolean, signal?: AbortSignal) =>
  call<GetWorkflowExecutionHistoryResponse>(ofRun(run, '/history'), {
    query: { 'execution.runId': run.runId, nextPageToken, waitNewEvent: waitNewEvent || undefined, maximumPageSize: 1000 },
    signal,
  });

export const signalWorkflow = (run: Run, name: string, payloads: Payload[]) =>
  call(ofRun(run, '/signal/{}', name), {
    body: { workflowExecution: execution(run), input: { payloads }, identity: IDENTITY, requestId: requestId() },
  });

export const cancelWorkflow = (run: Run, reason: string) =>
  call(ofRun(run, '/cancel'), { body: { workflowExecution: execution(run), reason, identity: IDENTITY, requestId: requestId() } });

export const terminateWorkflow = (run: Run, reason: string) =>
  call(ofRun(run, '/terminate'), { body: { workflowExecution: execution(run), reason, identity: IDENTITY } });

export const resetWorkflow = (run: Run, eventId: number, reason: string) =>
  call<{ runId?: string }>(ofRun(run, '/reset'), {
    body: { workflowExecution: execution(run), reason, workflowTaskFinishEventId: String(eventId), requestId: requestId(), identity: IDENTITY },
  });

export const queryWorkflow = (run: Run, queryType: string, payloads: Payload[]) =>
  call<QueryWorkflowResponse>(ofRun(run, '/query/{}', queryType), {
    body: { execution: execution(run), query: { queryType, queryArgs: { payloads } } },
  });

export interface Start {
  workflowId: string;
  workflowType: string;
  taskQueue: string;
  input: Payload[];
}

export const startWorkflow = (namespace: string, start: Start) =>
  call<StartWorkflowExecutionResponse>(path(`${API}/namespaces/{}/workflows/{}`, namespace, start.workflowId), {
    body: {
      workflowType: { name: start.workflowType },
      taskQueue: { name: start.taskQueue },
      input: { payloads: start.input },
      identity: IDENTITY,
      requestId: requestId(),
      workflowIdConflictPolicy: 'WORKFLOW_ID_CONFLICT_POLICY_FAIL',
    },
  });

export const listSchedules = (namespace: string, query: string, nextPageToken: string, signal?: AbortSignal) =>
  call<ListSchedulesResponse>(path(`${API}/namespaces/{}/schedules`, namespace), { query: { query, nextPageToken, maximumPageSize: 100 }, signal });

const ofSchedule = (namespace: string, id: string, rest = '') => path(`${API}/namespaces/{}/schedules/{}${rest}`, namespace, id);

export const describeSchedule = (namespace: string, id: string, signal?: AbortSignal) =>
  call<DescribeScheduleResponse>(ofSchedule(namespace, id), { signal });

export const createSchedule = (namespace: string, id: string, schedule: Schedule) =>
  call(ofSchedule(namespace, id), { body: { schedule, identity: IDENTITY, requestId: requestId() } });

export const updateSchedule = (namespace: string, id: string, schedule: Schedule, conflictToken: string | undefined) =>
  call(ofSchedule(namespace, id, '/update'), { body: { schedule, conflictToken, identity: IDENTITY, requestId: requestId() } });

export const patchSchedule = (namespace: string, id: string, patch: SchedulePatch) =>
  call(ofSchedule(namespace, id, '/patch'), { body: { patch, identity: IDENTITY, requestId: requestId() } });

export const deleteSchedule = (namespace: string, id: string) =>
  call(ofSchedule(namespace, id), { method: 'DELETE', query: { identity: IDENTITY } });

export const matchingTimes = (namespace: string, id: string, startTime: string, endTime: string, signal?: AbortSignal) =>
  call<ListScheduleMatchingTimesResponse>(ofSchedule(namespace, id, '/matching-times'), { query: { startTime, endTime }, signal });

export const describeTaskQueue = (namespace: string, name: string, type: string, signal?: AbortSignal) =>
  call<DescribeTaskQueueResponse>(path(`${API}/namespaces/{}/task-queues/{}`, namespace, name), {
    query: { taskQueueType: type, reportStats: true, reportConfig: true },
    signal,
  });

export const listNamespaces = (signal?: AbortSignal) => call<ListNamespacesResponse>(`${API}/namespaces`, { query: { pageSize: 200 }, signal });

export const describeNamespace = (namespace: string, signal?: AbortSignal) =>
  call<DescribeNamespaceResponse>(path(`${API}/namespaces/{}`, namespace), { signal });

export const registerNamespace = (body: { namespace: string; description: string; ownerEmail: string; workflowExecutionRetentionPeriod: string }) =>
  call(`${API}/namespaces`, { body });

export const updateNamespace = (namespace: string, description: string, ownerEmail: string, retention: string) =>
  call(path(`${API}/namespaces/{}/update`, namespace), {
    body: { updateInfo: { description, ownerEmail }, config: { workflowExecutionRetentionTtl: retention } },
  });

export const searchAttributes = (namespace: string, signal?: AbortSignal) =>
  call<ListSearchAttributesResponse>(path(`${API}/namespaces/{}/search-attributes`, namespace), { signal });
