// Temporal's HTTP API, as far as the pages use it.
import { call, path } from './client';
import type {
  ActivityOptions,
  CountWorkersResponse,
  CountWorkflowExecutionsResponse,
  DescribeBatchOperationResponse,
  DescribeNamespaceResponse,
  DescribeScheduleResponse,
  DescribeTaskQueueResponse,
  DescribeWorkerResponse,
  DescribeWorkflowExecutionResponse,
  GetWorkflowExecutionHistoryResponse,
  ListBatchOperationsResponse,
  ListNamespacesResponse,
  ListScheduleMatchingTimesResponse,
  ListSchedulesResponse,
  ListSearchAttributesResponse,
  ListWorkersResponse,
  ListWorkflowExecutionsResponse,
  Payload,
  QueryWorkflowResponse,
  Schedule,
  SchedulePatch,
  StartBatchOperationRequest,
  StartWorkflowExecutionResponse,
  UpdateWorkflowExecutionResponse,
} from './messages';

const API = '/api/v1';
export const IDENTITY = 'klamm-ui';

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

/** What came after the point of a reset and is not to be applied to the new run. */
export type ResetExclusion = 'RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL' | 'RESET_REAPPLY_EXCLUDE_TYPE_UPDATE';

export const resetWorkflow = (run: Run, eventId: number, reason: string, resetReapplyExcludeTypes: ResetExclusion[]) =>
  call<{ runId?: string }>(ofRun(run, '/reset'), {
    body: { workflowExecution: execution(run), reason, workflowTaskFinishEventId: String(eventId), resetReapplyExcludeTypes, requestId: requestId(), identity: IDENTITY },
  });

export const pauseWorkflow = (run: Run, reason: string) =>
  call(ofRun(run, '/pause'), { body: { runId: run.runId, reason, identity: IDENTITY, requestId: requestId() } });

export const unpauseWorkflow = (run: Run, reason: string) =>
  call(ofRun(run, '/unpause'), { body: { runId: run.runId, reason, identity: IDENTITY, requestId: requestId() } });

/** Waits until the update is accepted or refused; what it comes to stands in the history. */
export const updateWorkflow = (run: Run, name: string, payloads: Payload[]) =>
  call<UpdateWorkflowExecutionResponse>(ofRun(run, '/update/{}', name), {
    body: {
      workflowExecution: execution(run),
      waitPolicy: { lifecycleStage: 'UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED' },
      request: { meta: { updateId: requestId(), identity: IDENTITY }, input: { args: { payloads } } },
    },
  });

const ofActivity = (run: Run, activityId: string, rest: string) => ofRun(run, `/activities/{}${rest}`, activityId);
const operator = (run: Run) => ({ runId: run.runId, identity: IDENTITY, requestId: requestId() });

export const pauseActivity = (run: Run, activityId: string, reason: string) =>
  call(ofActivity(run, activityId, '/pause'), { body: { ...operator(run), reason } });

export const unpauseActivity = (run: Run, activityId: string, reason: string) =>
  call(ofActivity(run, activityId, '/unpause'), { body: { ...operator(run), reason } });

export interface ActivityReset {
  keepPaused: boolean;
  resetHeartbeat: boolean;
  restoreOriginalOptions: boolean;
}

export const resetActivity = (run: Run, activityId: string, reset: ActivityReset) =>
  call(ofActivity(run, activityId, '/reset'), { body: { ...operator(run), ...reset } });

/** `updateMask` names the options that change, as `startToCloseTimeout,retryPolicy.maximumAttempts`. */
export const updateActivityOptions = (run: Run, activityId: string, activityOptions: ActivityOptions, updateMask: string) =>
  call(ofActivity(run, activityId, '/update-options'), { body: { ...operator(run), activityOptions, updateMask } });

const ofBatch = (namespace: string, jobId: string, rest = '') => path(`${API}/namespaces/{}/batch-operations/{}${rest}`, namespace, jobId);

export const startBatch = (namespace: string, jobId: string, request: StartBatchOperationRequest) => call(ofBatch(namespace, jobId), { body: request });

export const describeBatch = (namespace: string, jobId: string, signal?: AbortSignal) =>
  call<DescribeBatchOperationResponse>(ofBatch(namespace, jobId), { signal });

export const stopBatch = (namespace: string, jobId: string, reason: string) => call(ofBatch(namespace, jobId, '/stop'), { body: { reason, identity: IDENTITY } });

export const listBatches = (namespace: string, nextPageToken: string, signal?: AbortSignal) =>
  call<ListBatchOperationsResponse>(path(`${API}/namespaces/{}/batch-operations`, namespace), { query: { nextPageToken, pageSize: 100 }, signal });

export const listWorkers = (namespace: string, query: string, nextPageToken: string, signal?: AbortSignal) =>
  call<ListWorkersResponse>(path(`${API}/namespaces/{}/workers`, namespace), { query: { query, nextPageToken, pageSize: 100 }, signal });

export const countWorkers = (namespace: string, query: string, signal?: AbortSignal) =>
  call<CountWorkersResponse>(path(`${API}/namespaces/{}/worker-count`, namespace), { query: { query }, signal });

export const describeWorker = (namespace: string, key: string, signal?: AbortSignal) =>
  call<DescribeWorkerResponse>(path(`${API}/namespaces/{}/workers/describe/{}`, namespace, key), { signal });

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
