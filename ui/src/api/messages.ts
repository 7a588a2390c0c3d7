// Made by scripts/types.mjs. Do not edit.

export interface ActivityFailureInfo {
  scheduledEventId?: string;
  startedEventId?: string;
  identity?: string;
  activityType?: ActivityType;
  activityId?: string;
  retryState?: 'RETRY_STATE_UNSPECIFIED' | 'RETRY_STATE_IN_PROGRESS' | 'RETRY_STATE_NON_RETRYABLE_FAILURE' | 'RETRY_STATE_TIMEOUT' | 'RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED' | 'RETRY_STATE_RETRY_POLICY_NOT_SET' | 'RETRY_STATE_INTERNAL_SERVER_ERROR' | 'RETRY_STATE_CANCEL_REQUESTED';
}

export interface ActivityOptions {
  taskQueue?: TaskQueue;
  scheduleToCloseTimeout?: string;
  scheduleToStartTimeout?: string;
  startToCloseTimeout?: string;
  heartbeatTimeout?: string;
  retryPolicy?: RetryPolicy;
  priority?: Priority;
  startDelay?: string;
}

export interface ActivityPropertiesModifiedExternallyEventAttributes {
  scheduledEventId?: string;
  newRetryPolicy?: RetryPolicy;
}

export interface ActivityTaskCancelRequestedEventAttributes {
  scheduledEventId?: string;
  workflowTaskCompletedEventId?: string;
}

export interface ActivityTaskCanceledEventAttributes {
  details?: Payloads;
  latestCancelRequestedEventId?: string;
  scheduledEventId?: string;
  startedEventId?: string;
  identity?: string;
  workerVersion?: WorkerVersionStamp;
}

export interface ActivityTaskCompletedEventAttributes {
  result?: Payloads;
  scheduledEventId?: string;
  startedEventId?: string;
  identity?: string;
  workerVersion?: WorkerVersionStamp;
}

export interface ActivityTaskFailedEventAttributes {
  failure?: Failure;
  scheduledEventId?: string;
  startedEventId?: string;
  identity?: string;
  retryState?: 'RETRY_STATE_UNSPECIFIED' | 'RETRY_STATE_IN_PROGRESS' | 'RETRY_STATE_NON_RETRYABLE_FAILURE' | 'RETRY_STATE_TIMEOUT' | 'RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED' | 'RETRY_STATE_RETRY_POLICY_NOT_SET' | 'RETRY_STATE_INTERNAL_SERVER_ERROR' | 'RETRY_STATE_CANCEL_REQUESTED';
  workerVersion?: WorkerVersionStamp;
  cause?: 'ACTIVITY_TASK_FAILED_CAUSE_UNSPECIFIED' | 'ACTIVITY_TASK_FAILED_CAUSE_PAYLOADS_TOO_LARGE' | 'ACTIVITY_TASK_FAILED_CAUSE_EXTERNAL_STORAGE_FAILURE' | 'ACTIVITY_TASK_FAILED_CAUSE_ACTIVITY_WORKER_UNHANDLED_FAILURE';
}

export interface ActivityTaskScheduledEventAttributes {
  activityId?: string;
  activityType?: ActivityType;
  taskQueue?: TaskQueue;
  header?: Header;
  input?: Payloads;
  scheduleToCloseTimeout?: string;
  scheduleToStartTimeout?: string;
  startToCloseTimeout?: string;
  heartbeatTimeout?: string;
  workflowTaskCompletedEventId?: string;
  retryPolicy?: RetryPolicy;
  useWorkflowBuildId?: boolean;
  priority?: Priority;
}

export interface ActivityTaskStartedEventAttributes {
  scheduledEventId?: string;
  identity?: string;
  requestId?: string;
  attempt?: number;
  lastFailure?: Failure;
  workerVersion?: WorkerVersionStamp;
  buildIdRedirectCounter?: string;
}

export interface ActivityTaskTimedOutEventAttributes {
  failure?: Failure;
  scheduledEventId?: string;
  startedEventId?: string;
  retryState?: 'RETRY_STATE_UNSPECIFIED' | 'RETRY_STATE_IN_PROGRESS' | 'RETRY_STATE_NON_RETRYABLE_FAILURE' | 'RETRY_STATE_TIMEOUT' | 'RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED' | 'RETRY_STATE_RETRY_POLICY_NOT_SET' | 'RETRY_STATE_INTERNAL_SERVER_ERROR' | 'RETRY_STATE_CANCEL_REQUESTED';
}

export interface ActivityType {
  name?: string;
}

export interface Alert {
  message?: string;
  severity?: 'SEVERITY_UNSPECIFIED' | 'SEVERITY_HIGH' | 'SEVERITY_MEDIUM' | 'SEVERITY_LOW';
}

export interface ApplicationFailureInfo {
  type?: string;
  nonRetryable?: boolean;
  details?: Payloads;
  nextRetryDelay?: string;
  category?: 'APPLICATION_ERROR_CATEGORY_UNSPECIFIED' | 'APPLICATION_ERROR_CATEGORY_BENIGN';
}

export interface BackfillRequest {
  startTime?: string;
  endTime?: string;
  overlapPolicy?: 'SCHEDULE_OVERLAP_POLICY_UNSPECIFIED' | 'SCHEDULE_OVERLAP_POLICY_SKIP' | 'SCHEDULE_OVERLAP_POLICY_BUFFER_ONE' | 'SCHEDULE_OVERLAP_POLICY_BUFFER_ALL' | 'SCHEDULE_OVERLAP_POLICY_CANCEL_OTHER' | 'SCHEDULE_OVERLAP_POLICY_TERMINATE_OTHER' | 'SCHEDULE_OVERLAP_POLICY_ALLOW_ALL';
}

export interface BadBinaries {
  binaries?: Record<string, BadBinaryInfo>;
}

export interface BadBinaryInfo {
  reason?: string;
  operator?: string;
  createTime?: string;
}

export interface BatchOperationCancelActivities {
  identity?: string;
  reason?: string;
}

export interface BatchOperationCancellation {
  identity?: string;
}

export interface BatchOperationDeleteActivities {

}

export interface BatchOperationDeletion {
  identity?: string;
}

export interface BatchOperationInfo {
  jobId?: string;
  state?: 'BATCH_OPERATION_STATE_UNSPECIFIED' | 'BATCH_OPERATION_STATE_RUNNING' | 'BATCH_OPERATION_STATE_COMPLETED' | 'BATCH_OPERATION_STATE_FAILED';
  startTime?: string;
  closeTime?: string;
  operationType?: 'BATCH_OPERATION_TYPE_UNSPECIFIED' | 'BATCH_OPERATION_TYPE_TERMINATE' | 'BATCH_OPERATION_TYPE_TERMINATE_WORKFLOW' | 'BATCH_OPERATION_TYPE_CANCEL' | 'BATCH_OPERATION_TYPE_CANCEL_WORKFLOW' | 'BATCH_OPERATION_TYPE_SIGNAL' | 'BATCH_OPERATION_TYPE_SIGNAL_WORKFLOW' | 'BATCH_OPERATION_TYPE_DELETE' | 'BATCH_OPERATION_TYPE_DELETE_WORKFLOW' | 'BATCH_OPERATION_TYPE_RESET' | 'BATCH_OPERATION_TYPE_RESET_WORKFLOW' | 'BATCH_OPERATION_TYPE_UPDATE_EXECUTION_OPTIONS' | 'BATCH_OPERATION_TYPE_UPDATE_WORKFLOW_EXECUTION_OPTIONS' | 'BATCH_OPERATION_TYPE_UNPAUSE_ACTIVITY' | 'BATCH_OPERATION_TYPE_UPDATE_ACTIVITY_OPTIONS' | 'BATCH_OPERATION_TYPE_RESET_ACTIVITY' | 'BATCH_OPERATION_TYPE_TERMINATE_ACTIVITY' | 'BATCH_OPERATION_TYPE_CANCEL_ACTIVITY' | 'BATCH_OPERATION_TYPE_DELETE_ACTIVITY';
}

export interface BatchOperationReset {
  identity?: string;
  options?: ResetOptions;
  resetType?: 'RESET_TYPE_UNSPECIFIED' | 'RESET_TYPE_FIRST_WORKFLOW_TASK' | 'RESET_TYPE_LAST_WORKFLOW_TASK';
  resetReapplyType?: 'RESET_REAPPLY_TYPE_UNSPECIFIED' | 'RESET_REAPPLY_TYPE_SIGNAL' | 'RESET_REAPPLY_TYPE_NONE' | 'RESET_REAPPLY_TYPE_ALL_ELIGIBLE';
  postResetOperations?: PostResetOperation[];
}

export interface BatchOperationResetActivities {
  identity?: string;
  type?: string;
  matchAll?: boolean;
  resetAttempts?: boolean;
  resetHeartbeat?: boolean;
  keepPaused?: boolean;
  jitter?: string;
  restoreOriginalOptions?: boolean;
}

export interface BatchOperationSignal {
  signal?: string;
  input?: Payloads;
  header?: Header;
  identity?: string;
}

export interface BatchOperationTerminateActivities {
  identity?: string;
  reason?: string;
}

export interface BatchOperationTermination {
  details?: Payloads;
  identity?: string;
}

export interface BatchOperationUnpauseActivities {
  identity?: string;
  type?: string;
  matchAll?: boolean;
  resetAttempts?: boolean;
  resetHeartbeat?: boolean;
  jitter?: string;
}

export interface BatchOperationUpdateActivityOptions {
  identity?: string;
  type?: string;
  matchAll?: boolean;
  activityOptions?: ActivityOptions;
  updateMask?: string;
  restoreOriginal?: boolean;
}

export interface BatchOperationUpdateWorkflowExecutionOptions {
  identity?: string;
  workflowExecutionOptions?: WorkflowExecutionOptions;
  updateMask?: string;
}

export interface CalendarSpec {
  second?: string;
  minute?: string;
  hour?: string;
  dayOfMonth?: string;
  month?: string;
  year?: string;
  dayOfWeek?: string;
  comment?: string;
}

export interface Callback {
  nexus?: Callback_Nexus;
  internal?: Callback_Internal;
  nexusHandler?: Callback_NexusHandler;
  links?: Link[];
}

export interface CallbackInfo {
  callback?: Callback;
  registrationTime?: string;
  state?: 'CALLBACK_STATE_UNSPECIFIED' | 'CALLBACK_STATE_STANDBY' | 'CALLBACK_STATE_SCHEDULED' | 'CALLBACK_STATE_BACKING_OFF' | 'CALLBACK_STATE_FAILED' | 'CALLBACK_STATE_SUCCEEDED' | 'CALLBACK_STATE_BLOCKED';
  attempt?: number;
  lastAttemptCompleteTime?: string;
  lastAttemptFailure?: Failure;
  nextAttemptScheduleTime?: string;
  blockedReason?: string;
  requestId?: string;
}

export interface Callback_Internal {
  data?: string;
}

export interface Callback_Nexus {
  url?: string;
  header?: Record<string, string>;
}

export interface Callback_NexusHandler {
  taskQueueName?: string;
  service?: string;
  operation?: string;
  sourceContext?: Payload;
}

export interface CanceledFailureInfo {
  details?: Payloads;
  identity?: string;
}

export interface ChildWorkflowExecutionCanceledEventAttributes {
  details?: Payloads;
  namespace?: string;
  namespaceId?: string;
  workflowExecution?: WorkflowExecution;
  workflowType?: WorkflowType;
  initiatedEventId?: string;
  startedEventId?: string;
}

export interface ChildWorkflowExecutionCompletedEventAttributes {
  result?: Payloads;
  namespace?: string;
  namespaceId?: string;
  workflowExecution?: WorkflowExecution;
  workflowType?: WorkflowType;
  initiatedEventId?: string;
  startedEventId?: string;
}

export interface ChildWorkflowExecutionFailedEventAttributes {
  failure?: Failure;
  namespace?: string;
  namespaceId?: string;
  workflowExecution?: WorkflowExecution;
  workflowType?: WorkflowType;
  initiatedEventId?: string;
  startedEventId?: string;
  retryState?: 'RETRY_STATE_UNSPECIFIED' | 'RETRY_STATE_IN_PROGRESS' | 'RETRY_STATE_NON_RETRYABLE_FAILURE' | 'RETRY_STATE_TIMEOUT' | 'RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED' | 'RETRY_STATE_RETRY_POLICY_NOT_SET' | 'RETRY_STATE_INTERNAL_SERVER_ERROR' | 'RETRY_STATE_CANCEL_REQUESTED';
}

export interface ChildWorkflowExecutionFailureInfo {
  namespace?: string;
  workflowExecution?: WorkflowExecution;
  workflowType?: WorkflowType;
  initiatedEventId?: string;
  startedEventId?: string;
  retryState?: 'RETRY_STATE_UNSPECIFIED' | 'RETRY_STATE_IN_PROGRESS' | 'RETRY_STATE_NON_RETRYABLE_FAILURE' | 'RETRY_STATE_TIMEOUT' | 'RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED' | 'RETRY_STATE_RETRY_POLICY_NOT_SET' | 'RETRY_STATE_INTERNAL_SERVER_ERROR' | 'RETRY_STATE_CANCEL_REQUESTED';
}

export interface ChildWorkflowExecutionStartedEventAttributes {
  namespace?: string;
  namespaceId?: string;
  initiatedEventId?: string;
  workflowExecution?: WorkflowExecution;
  workflowType?: WorkflowType;
  header?: Header;
}

export interface ChildWorkflowExecutionTerminatedEventAttributes {
  namespace?: string;
  namespaceId?: string;
  workflowExecution?: WorkflowExecution;
  workflowType?: WorkflowType;
  initiatedEventId?: string;
  startedEventId?: string;
}

export interface ChildWorkflowExecutionTimedOutEventAttributes {
  namespace?: string;
  namespaceId?: string;
  workflowExecution?: WorkflowExecution;
  workflowType?: WorkflowType;
  initiatedEventId?: string;
  startedEventId?: string;
  retryState?: 'RETRY_STATE_UNSPECIFIED' | 'RETRY_STATE_IN_PROGRESS' | 'RETRY_STATE_NON_RETRYABLE_FAILURE' | 'RETRY_STATE_TIMEOUT' | 'RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED' | 'RETRY_STATE_RETRY_POLICY_NOT_SET' | 'RETRY_STATE_INTERNAL_SERVER_ERROR' | 'RETRY_STATE_CANCEL_REQUESTED';
}

export interface ClusterReplicationConfig {
  clusterName?: string;
  replicationRampDuration?: string;
}

export interface ConfigMetadata {
  reason?: string;
  updateIdentity?: string;
  updateTime?: string;
}

export interface CountWorkersResponse {
  count?: string;
}

export interface CountWorkflowExecutionsResponse {
  count?: string;
  groups?: CountWorkflowExecutionsResponse_AggregationGroup[];
}

export interface CountWorkflowExecutionsResponse_AggregationGroup {
  groupValues?: Payload[];
  count?: string;
}

export interface CreateScheduleRequest {
  namespace?: string;
  scheduleId?: string;
  schedule?: Schedule;
  initialPatch?: SchedulePatch;
  identity?: string;
  requestId?: string;
  memo?: Memo;
  searchAttributes?: SearchAttributes;
}

export interface DataBlob {
  encodingType?: 'ENCODING_TYPE_UNSPECIFIED' | 'ENCODING_TYPE_PROTO3' | 'ENCODING_TYPE_JSON';
  data?: string;
}

export interface DeclinedTargetVersionUpgrade {
  deploymentVersion?: WorkerDeploymentVersion;
  revisionNumber?: string;
}

export interface Deployment {
  seriesName?: string;
  buildId?: string;
}

export interface DeploymentTransition {
  deployment?: Deployment;
}

export interface DeploymentVersionTransition {
  version?: string;
  deploymentVersion?: WorkerDeploymentVersion;
}

export interface DescribeBatchOperationResponse {
  operationType?: 'BATCH_OPERATION_TYPE_UNSPECIFIED' | 'BATCH_OPERATION_TYPE_TERMINATE' | 'BATCH_OPERATION_TYPE_TERMINATE_WORKFLOW' | 'BATCH_OPERATION_TYPE_CANCEL' | 'BATCH_OPERATION_TYPE_CANCEL_WORKFLOW' | 'BATCH_OPERATION_TYPE_SIGNAL' | 'BATCH_OPERATION_TYPE_SIGNAL_WORKFLOW' | 'BATCH_OPERATION_TYPE_DELETE' | 'BATCH_OPERATION_TYPE_DELETE_WORKFLOW' | 'BATCH_OPERATION_TYPE_RESET' | 'BATCH_OPERATION_TYPE_RESET_WORKFLOW' | 'BATCH_OPERATION_TYPE_UPDATE_EXECUTION_OPTIONS' | 'BATCH_OPERATION_TYPE_UPDATE_WORKFLOW_EXECUTION_OPTIONS' | 'BATCH_OPERATION_TYPE_UNPAUSE_ACTIVITY' | 'BATCH_OPERATION_TYPE_UPDATE_ACTIVITY_OPTIONS' | 'BATCH_OPERATION_TYPE_RESET_ACTIVITY' | 'BATCH_OPERATION_TYPE_TERMINATE_ACTIVITY' | 'BATCH_OPERATION_TYPE_CANCEL_ACTIVITY' | 'BATCH_OPERATION_TYPE_DELETE_ACTIVITY';
  jobId?: string;
  state?: 'BATCH_OPERATION_STATE_UNSPECIFIED' | 'BATCH_OPERATION_STATE_RUNNING' | 'BATCH_OPERATION_STATE_COMPLETED' | 'BATCH_OPERATION_STATE_FAILED';
  startTime?: string;
  closeTime?: string;
  totalOperationCount?: string;
  completeOperationCount?: string;
  failureOperationCount?: string;
  identity?: string;
  reason?: string;
  query?: string;
  executions?: Execution[];
}

export interface DescribeNamespaceResponse {
  namespaceInfo?: NamespaceInfo;
  config?: NamespaceConfig;
  replicationConfig?: NamespaceReplicationConfig;
  failoverVersion?: string;
  isGlobalNamespace?: boolean;
  failoverHistory?: FailoverStatus[];
  pollerGroupInfos?: PollerGroupInfo[];
  pollerGroupsInfo?: PollerGroupsInfo;
}

export interface DescribeScheduleResponse {
  schedule?: Schedule;
  info?: ScheduleInfo;
  memo?: Memo;
  searchAttributes?: SearchAttributes;
  conflictToken?: string;
}

export interface DescribeTaskQueueResponse {
  pollers?: PollerInfo[];
  stats?: TaskQueueStats;
  statsByPriorityKey?: Record<string, TaskQueueStats>;
  versioningInfo?: TaskQueueVersioningInfo;
  config?: TaskQueueConfig;
  effectiveRateLimit?: DescribeTaskQueueResponse_EffectiveRateLimit;
  taskQueueStatus?: TaskQueueStatus;
  versionsInfo?: Record<string, TaskQueueVersionInfo>;
}

export interface DescribeTaskQueueResponse_EffectiveRateLimit {
  requestsPerSecond?: number;
  rateLimitSource?: 'RATE_LIMIT_SOURCE_UNSPECIFIED' | 'RATE_LIMIT_SOURCE_API' | 'RATE_LIMIT_SOURCE_WORKER' | 'RATE_LIMIT_SOURCE_SYSTEM';
}

export interface DescribeWorkerResponse {
  workerInfo?: WorkerInfo;
}

export interface DescribeWorkflowExecutionResponse {
  executionConfig?: WorkflowExecutionConfig;
  workflowExecutionInfo?: WorkflowExecutionInfo;
  pendingActivities?: PendingActivityInfo[];
  pendingChildren?: PendingChildExecutionInfo[];
  pendingWorkflowTask?: PendingWorkflowTaskInfo;
  callbacks?: CallbackInfo[];
  pendingNexusOperations?: PendingNexusOperationInfo[];
  workflowExtendedInfo?: WorkflowExecutionExtendedInfo;
}

export interface EnvironmentInfo {
  runtimes?: EnvironmentInfo_Runtime[];
  hostingEnvironments?: EnvironmentInfo_HostingEnvironment[];
  platform?: EnvironmentInfo_Platform;
}

export interface EnvironmentInfo_HostingEnvironment {
  type?: 'HOSTING_ENVIRONMENT_TYPE_UNSPECIFIED' | 'HOSTING_ENVIRONMENT_TYPE_DOCKER' | 'HOSTING_ENVIRONMENT_TYPE_K8S' | 'HOSTING_ENVIRONMENT_TYPE_AWS_LAMBDA' | 'HOSTING_ENVIRONMENT_TYPE_AWS_ECS' | 'HOSTING_ENVIRONMENT_TYPE_GOOGLE_CLOUD_RUN' | 'HOSTING_ENVIRONMENT_TYPE_GOOGLE_APP_ENGINE' | 'HOSTING_ENVIRONMENT_TYPE_AZURE_APP_SERVICE' | 'HOSTING_ENVIRONMENT_TYPE_AZURE_FUNCTIONS' | 'HOSTING_ENVIRONMENT_TYPE_AZURE_CONTAINER_APPS';
  version?: string;
}

export interface EnvironmentInfo_LinuxPlatform {
  version?: string;
  architecture?: 'ARCHITECTURE_UNSPECIFIED' | 'ARCHITECTURE_AMD64' | 'ARCHITECTURE_ARM64';
  libc?: 'LIBC_UNSPECIFIED' | 'LIBC_GLIBC' | 'LIBC_MUSL';
}

export interface EnvironmentInfo_MacOSPlatform {
  version?: string;
  architecture?: 'ARCHITECTURE_UNSPECIFIED' | 'ARCHITECTURE_AMD64' | 'ARCHITECTURE_ARM64';
}

export interface EnvironmentInfo_Platform {
  linux?: EnvironmentInfo_LinuxPlatform;
  macos?: EnvironmentInfo_MacOSPlatform;
  windows?: EnvironmentInfo_WindowsPlatform;
}

export interface EnvironmentInfo_Runtime {
  type?: 'RUNTIME_TYPE_UNSPECIFIED' | 'RUNTIME_TYPE_JVM' | 'RUNTIME_TYPE_CPYTHON' | 'RUNTIME_TYPE_NODE' | 'RUNTIME_TYPE_BUN' | 'RUNTIME_TYPE_CRUBY' | 'RUNTIME_TYPE_GO' | 'RUNTIME_TYPE_DOTNET_FRAMEWORK' | 'RUNTIME_TYPE_DOTNET_CORE' | 'RUNTIME_TYPE_NATIVE' | 'RUNTIME_TYPE_ROADRUNNER';
  version?: string;
}

export interface EnvironmentInfo_WindowsPlatform {
  version?: string;
  architecture?: 'ARCHITECTURE_UNSPECIFIED' | 'ARCHITECTURE_AMD64' | 'ARCHITECTURE_ARM64';
  crt?: 'CRT_UNSPECIFIED' | 'CRT_UCRT' | 'CRT_MSVCRT' | 'CRT_MINGW' | 'CRT_CYGWIN';
}

export interface EventGroupMarker {
  label?: EventGroupMarker_Label;
  inboundEvent?: EventGroupMarker_InboundEvent;
  inboundUpdate?: EventGroupMarker_InboundUpdate;
}

export interface EventGroupMarker_InboundEvent {
  inboundEventId?: string;
}

export interface EventGroupMarker_InboundUpdate {
  inboundUpdateId?: string;
}

export interface EventGroupMarker_Label {
  id?: string;
  label?: Payload;
}

export interface Execution {
  type?: 'EXECUTION_TYPE_UNSPECIFIED' | 'EXECUTION_TYPE_WORKFLOW' | 'EXECUTION_TYPE_ACTIVITY' | 'EXECUTION_TYPE_NEXUS_OPERATION';
  businessId?: string;
  runId?: string;
}

export interface ExternalWorkflowExecutionCancelRequestedEventAttributes {
  initiatedEventId?: string;
  namespace?: string;
  namespaceId?: string;
  workflowExecution?: WorkflowExecution;
}

export interface ExternalWorkflowExecutionSignaledEventAttributes {
  initiatedEventId?: string;
  namespace?: string;
  namespaceId?: string;
  workflowExecution?: WorkflowExecution;
  control?: string;
}

export interface FailoverStatus {
  failoverTime?: string;
  failoverVersion?: string;
}

export interface Failure {
  message?: string;
  source?: string;
  stackTrace?: string;
  encodedAttributes?: Payload;
  cause?: Failure;
  applicationFailureInfo?: ApplicationFailureInfo;
  timeoutFailureInfo?: TimeoutFailureInfo;
  canceledFailureInfo?: CanceledFailureInfo;
  terminatedFailureInfo?: TerminatedFailureInfo;
  serverFailureInfo?: ServerFailureInfo;
  resetWorkflowFailureInfo?: ResetWorkflowFailureInfo;
  activityFailureInfo?: ActivityFailureInfo;
  childWorkflowExecutionFailureInfo?: ChildWorkflowExecutionFailureInfo;
  nexusOperationExecutionFailureInfo?: NexusOperationFailureInfo;
  nexusHandlerFailureInfo?: NexusHandlerFailureInfo;
}

export interface FastForwardConfig {
  id?: string;
  duration?: string;
}

export interface GetClusterInfoResponse {
  supportedClients?: Record<string, string>;
  serverVersion?: string;
  clusterId?: string;
  versionInfo?: VersionInfo;
  clusterName?: string;
  historyShardCount?: number;
  persistenceStore?: string;
  visibilityStore?: string;
  initialFailoverVersion?: string;
  failoverVersionIncrement?: string;
}

export interface GetSystemInfoResponse {
  serverVersion?: string;
  capabilities?: GetSystemInfoResponse_Capabilities;
}

export interface GetSystemInfoResponse_Capabilities {
  signalAndQueryHeader?: boolean;
  internalErrorDifferentiation?: boolean;
  activityFailureIncludeHeartbeat?: boolean;
  supportsSchedules?: boolean;
  encodedFailureAttributes?: boolean;
  buildIdBasedVersioning?: boolean;
  upsertMemo?: boolean;
  eagerWorkflowStart?: boolean;
  sdkMetadata?: boolean;
  countGroupByExecutionStatus?: boolean;
  nexus?: boolean;
  serverScaledDeployments?: boolean;
  serverScaledProviderCloudRun?: boolean;
}

export interface GetWorkflowExecutionHistoryResponse {
  history?: History;
  rawHistory?: DataBlob[];
  nextPageToken?: string;
  archived?: boolean;
}

export interface GoogleProtobufAny {
  '@type'?: string;
}

export interface Header {
  fields?: Record<string, Payload>;
}

export interface History {
  events?: HistoryEvent[];
}

export interface HistoryEvent {
  eventId?: string;
  eventTime?: string;
  eventType?: 'EVENT_TYPE_UNSPECIFIED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_FAILED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT' | 'EVENT_TYPE_WORKFLOW_TASK_SCHEDULED' | 'EVENT_TYPE_WORKFLOW_TASK_STARTED' | 'EVENT_TYPE_WORKFLOW_TASK_COMPLETED' | 'EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT' | 'EVENT_TYPE_WORKFLOW_TASK_FAILED' | 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED' | 'EVENT_TYPE_ACTIVITY_TASK_STARTED' | 'EVENT_TYPE_ACTIVITY_TASK_COMPLETED' | 'EVENT_TYPE_ACTIVITY_TASK_FAILED' | 'EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT' | 'EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED' | 'EVENT_TYPE_ACTIVITY_TASK_CANCELED' | 'EVENT_TYPE_TIMER_STARTED' | 'EVENT_TYPE_TIMER_FIRED' | 'EVENT_TYPE_TIMER_CANCELED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED' | 'EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED' | 'EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED' | 'EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED' | 'EVENT_TYPE_MARKER_RECORDED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW' | 'EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED' | 'EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED' | 'EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED' | 'EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED' | 'EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED' | 'EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES' | 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_REJECTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED' | 'EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED_EXTERNALLY' | 'EVENT_TYPE_ACTIVITY_PROPERTIES_MODIFIED_EXTERNALLY' | 'EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED' | 'EVENT_TYPE_NEXUS_OPERATION_SCHEDULED' | 'EVENT_TYPE_NEXUS_OPERATION_STARTED' | 'EVENT_TYPE_NEXUS_OPERATION_COMPLETED' | 'EVENT_TYPE_NEXUS_OPERATION_FAILED' | 'EVENT_TYPE_NEXUS_OPERATION_CANCELED' | 'EVENT_TYPE_NEXUS_OPERATION_TIMED_OUT' | 'EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED' | 'EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_COMPLETED' | 'EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_FAILED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_PAUSED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_UNPAUSED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED';
  version?: string;
  taskId?: string;
  workerMayIgnore?: boolean;
  userMetadata?: UserMetadata;
  links?: Link[];
  principal?: Principal;
  eventGroupMarkers?: EventGroupMarker[];
  workflowExecutionStartedEventAttributes?: WorkflowExecutionStartedEventAttributes;
  workflowExecutionCompletedEventAttributes?: WorkflowExecutionCompletedEventAttributes;
  workflowExecutionFailedEventAttributes?: WorkflowExecutionFailedEventAttributes;
  workflowExecutionTimedOutEventAttributes?: WorkflowExecutionTimedOutEventAttributes;
  workflowTaskScheduledEventAttributes?: WorkflowTaskScheduledEventAttributes;
  workflowTaskStartedEventAttributes?: WorkflowTaskStartedEventAttributes;
  workflowTaskCompletedEventAttributes?: WorkflowTaskCompletedEventAttributes;
  workflowTaskTimedOutEventAttributes?: WorkflowTaskTimedOutEventAttributes;
  workflowTaskFailedEventAttributes?: WorkflowTaskFailedEventAttributes;
  activityTaskScheduledEventAttributes?: ActivityTaskScheduledEventAttributes;
  activityTaskStartedEventAttributes?: ActivityTaskStartedEventAttributes;
  activityTaskCompletedEventAttributes?: ActivityTaskCompletedEventAttributes;
  activityTaskFailedEventAttributes?: ActivityTaskFailedEventAttributes;
  activityTaskTimedOutEventAttributes?: ActivityTaskTimedOutEventAttributes;
  timerStartedEventAttributes?: TimerStartedEventAttributes;
  timerFiredEventAttributes?: TimerFiredEventAttributes;
  activityTaskCancelRequestedEventAttributes?: ActivityTaskCancelRequestedEventAttributes;
  activityTaskCanceledEventAttributes?: ActivityTaskCanceledEventAttributes;
  timerCanceledEventAttributes?: TimerCanceledEventAttributes;
  markerRecordedEventAttributes?: MarkerRecordedEventAttributes;
  workflowExecutionSignaledEventAttributes?: WorkflowExecutionSignaledEventAttributes;
  workflowExecutionTerminatedEventAttributes?: WorkflowExecutionTerminatedEventAttributes;
  workflowExecutionCancelRequestedEventAttributes?: WorkflowExecutionCancelRequestedEventAttributes;
  workflowExecutionCanceledEventAttributes?: WorkflowExecutionCanceledEventAttributes;
  requestCancelExternalWorkflowExecutionInitiatedEventAttributes?: RequestCancelExternalWorkflowExecutionInitiatedEventAttributes;
  requestCancelExternalWorkflowExecutionFailedEventAttributes?: RequestCancelExternalWorkflowExecutionFailedEventAttributes;
  externalWorkflowExecutionCancelRequestedEventAttributes?: ExternalWorkflowExecutionCancelRequestedEventAttributes;
  workflowExecutionContinuedAsNewEventAttributes?: WorkflowExecutionContinuedAsNewEventAttributes;
  startChildWorkflowExecutionInitiatedEventAttributes?: StartChildWorkflowExecutionInitiatedEventAttributes;
  startChildWorkflowExecutionFailedEventAttributes?: StartChildWorkflowExecutionFailedEventAttributes;
  childWorkflowExecutionStartedEventAttributes?: ChildWorkflowExecutionStartedEventAttributes;
  childWorkflowExecutionCompletedEventAttributes?: ChildWorkflowExecutionCompletedEventAttributes;
  childWorkflowExecutionFailedEventAttributes?: ChildWorkflowExecutionFailedEventAttributes;
  childWorkflowExecutionCanceledEventAttributes?: ChildWorkflowExecutionCanceledEventAttributes;
  childWorkflowExecutionTimedOutEventAttributes?: ChildWorkflowExecutionTimedOutEventAttributes;
  childWorkflowExecutionTerminatedEventAttributes?: ChildWorkflowExecutionTerminatedEventAttributes;
  signalExternalWorkflowExecutionInitiatedEventAttributes?: SignalExternalWorkflowExecutionInitiatedEventAttributes;
  signalExternalWorkflowExecutionFailedEventAttributes?: SignalExternalWorkflowExecutionFailedEventAttributes;
  externalWorkflowExecutionSignaledEventAttributes?: ExternalWorkflowExecutionSignaledEventAttributes;
  upsertWorkflowSearchAttributesEventAttributes?: UpsertWorkflowSearchAttributesEventAttributes;
  workflowExecutionUpdateAcceptedEventAttributes?: WorkflowExecutionUpdateAcceptedEventAttributes;
  workflowExecutionUpdateRejectedEventAttributes?: WorkflowExecutionUpdateRejectedEventAttributes;
  workflowExecutionUpdateCompletedEventAttributes?: WorkflowExecutionUpdateCompletedEventAttributes;
  workflowPropertiesModifiedExternallyEventAttributes?: WorkflowPropertiesModifiedExternallyEventAttributes;
  activityPropertiesModifiedExternallyEventAttributes?: ActivityPropertiesModifiedExternallyEventAttributes;
  workflowPropertiesModifiedEventAttributes?: WorkflowPropertiesModifiedEventAttributes;
  workflowExecutionUpdateAdmittedEventAttributes?: WorkflowExecutionUpdateAdmittedEventAttributes;
  nexusOperationScheduledEventAttributes?: NexusOperationScheduledEventAttributes;
  nexusOperationStartedEventAttributes?: NexusOperationStartedEventAttributes;
  nexusOperationCompletedEventAttributes?: NexusOperationCompletedEventAttributes;
  nexusOperationFailedEventAttributes?: NexusOperationFailedEventAttributes;
  nexusOperationCanceledEventAttributes?: NexusOperationCanceledEventAttributes;
  nexusOperationTimedOutEventAttributes?: NexusOperationTimedOutEventAttributes;
  nexusOperationCancelRequestedEventAttributes?: NexusOperationCancelRequestedEventAttributes;
  workflowExecutionOptionsUpdatedEventAttributes?: WorkflowExecutionOptionsUpdatedEventAttributes;
  nexusOperationCancelRequestCompletedEventAttributes?: NexusOperationCancelRequestCompletedEventAttributes;
  nexusOperationCancelRequestFailedEventAttributes?: NexusOperationCancelRequestFailedEventAttributes;
  workflowExecutionPausedEventAttributes?: WorkflowExecutionPausedEventAttributes;
  workflowExecutionUnpausedEventAttributes?: WorkflowExecutionUnpausedEventAttributes;
  workflowExecutionTimeSkippingTransitionedEventAttributes?: WorkflowExecutionTimeSkippingTransitionedEventAttributes;
}

export interface InheritedAutoUpgradeInfo {
  sourceDeploymentVersion?: WorkerDeploymentVersion;
  sourceDeploymentRevisionNumber?: string;
  continueAsNewInitialVersioningBehavior?: 'CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_UNSPECIFIED' | 'CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_AUTO_UPGRADE' | 'CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_USE_RAMPING_VERSION';
}

export interface Input {
  header?: Header;
  name?: string;
  args?: Payloads;
}

export interface IntervalSpec {
  interval?: string;
  phase?: string;
}

export interface Link {
  workflowEvent?: Link_WorkflowEvent;
  batchJob?: Link_BatchJob;
  activity?: Link_Activity;
  nexusOperation?: Link_NexusOperation;
  workflow?: Link_Workflow;
  callback?: Link_Callback;
}

export interface Link_Activity {
  namespace?: string;
  activityId?: string;
  runId?: string;
}

export interface Link_BatchJob {
  jobId?: string;
}

export interface Link_Callback {
  namespace?: string;
  execution?: Execution;
  componentPath?: string[];
  requestId?: string;
}

export interface Link_NexusOperation {
  namespace?: string;
  operationId?: string;
  runId?: string;
}

export interface Link_Workflow {
  namespace?: string;
  workflowId?: string;
  runId?: string;
  reason?: string;
}

export interface Link_WorkflowEvent {
  namespace?: string;
  workflowId?: string;
  runId?: string;
  eventRef?: WorkflowEvent_EventReference;
  requestIdRef?: WorkflowEvent_RequestIdReference;
}

export interface ListBatchOperationsResponse {
  operationInfo?: BatchOperationInfo[];
  nextPageToken?: string;
}

export interface ListNamespacesResponse {
  namespaces?: DescribeNamespaceResponse[];
  nextPageToken?: string;
}

export interface ListScheduleMatchingTimesResponse {
  startTime?: string[];
}

export interface ListSchedulesResponse {
  schedules?: ScheduleListEntry[];
  nextPageToken?: string;
}

export interface ListSearchAttributesResponse {
  customAttributes?: Record<string, 'INDEXED_VALUE_TYPE_UNSPECIFIED' | 'INDEXED_VALUE_TYPE_TEXT' | 'INDEXED_VALUE_TYPE_KEYWORD' | 'INDEXED_VALUE_TYPE_INT' | 'INDEXED_VALUE_TYPE_DOUBLE' | 'INDEXED_VALUE_TYPE_BOOL' | 'INDEXED_VALUE_TYPE_DATETIME' | 'INDEXED_VALUE_TYPE_KEYWORD_LIST'>;
  systemAttributes?: Record<string, 'INDEXED_VALUE_TYPE_UNSPECIFIED' | 'INDEXED_VALUE_TYPE_TEXT' | 'INDEXED_VALUE_TYPE_KEYWORD' | 'INDEXED_VALUE_TYPE_INT' | 'INDEXED_VALUE_TYPE_DOUBLE' | 'INDEXED_VALUE_TYPE_BOOL' | 'INDEXED_VALUE_TYPE_DATETIME' | 'INDEXED_VALUE_TYPE_KEYWORD_LIST'>;
  storageSchema?: Record<string, string>;
}

export interface ListWorkersResponse {
  workersInfo?: WorkerInfo[];
  workers?: WorkerListInfo[];
  nextPageToken?: string;
}

export interface ListWorkflowExecutionsResponse {
  executions?: WorkflowExecutionInfo[];
  nextPageToken?: string;
}

export interface MarkerRecordedEventAttributes {
  markerName?: string;
  details?: Record<string, Payloads>;
  workflowTaskCompletedEventId?: string;
  header?: Header;
  failure?: Failure;
}

export interface Memo {
  fields?: Record<string, Payload>;
}

export interface Message {
  id?: string;
  protocolInstanceId?: string;
  eventId?: string;
  commandIndex?: string;
  body?: GoogleProtobufAny;
}

export interface Meta {
  updateId?: string;
  identity?: string;
}

export interface MeteringMetadata {
  nonfirstLocalActivityExecutionAttempts?: number;
}

export interface NamespaceConfig {
  workflowExecutionRetentionTtl?: string;
  badBinaries?: BadBinaries;
  historyArchivalState?: 'ARCHIVAL_STATE_UNSPECIFIED' | 'ARCHIVAL_STATE_DISABLED' | 'ARCHIVAL_STATE_ENABLED';
  historyArchivalUri?: string;
  visibilityArchivalState?: 'ARCHIVAL_STATE_UNSPECIFIED' | 'ARCHIVAL_STATE_DISABLED' | 'ARCHIVAL_STATE_ENABLED';
  visibilityArchivalUri?: string;
  customSearchAttributeAliases?: Record<string, string>;
}

export interface NamespaceInfo {
  name?: string;
  state?: 'NAMESPACE_STATE_UNSPECIFIED' | 'NAMESPACE_STATE_REGISTERED' | 'NAMESPACE_STATE_DEPRECATED' | 'NAMESPACE_STATE_DELETED';
  description?: string;
  ownerEmail?: string;
  data?: Record<string, string>;
  id?: string;
  capabilities?: NamespaceInfo_Capabilities;
  limits?: NamespaceInfo_Limits;
  supportsSchedules?: boolean;
}

export interface NamespaceInfo_Capabilities {
  eagerWorkflowStart?: boolean;
  syncUpdate?: boolean;
  asyncUpdate?: boolean;
  workerHeartbeats?: boolean;
  reportedProblemsSearchAttribute?: boolean;
  workflowPause?: boolean;
  standaloneActivities?: boolean;
  workerPollCompleteOnShutdown?: boolean;
  pollerAutoscaling?: boolean;
  workerCommands?: boolean;
  standaloneNexusOperation?: boolean;
  workflowUpdateCallbacks?: boolean;
  pollerAutoscalingAutoEnroll?: boolean;
  workflowTaskCompletionPagination?: boolean;
  standaloneActivityStartDelay?: boolean;
  standaloneActivityBatchOperations?: boolean;
  standaloneActivityOperatorCommands?: boolean;
}

export interface NamespaceInfo_Limits {
  blobSizeLimitError?: string;
  memoSizeLimitError?: string;
  workflowTaskCompletionSizeLimitError?: string;
}

export interface NamespaceReplicationConfig {
  activeClusterName?: string;
  clusters?: ClusterReplicationConfig[];
  state?: 'REPLICATION_STATE_UNSPECIFIED' | 'REPLICATION_STATE_NORMAL' | 'REPLICATION_STATE_HANDOVER';
}

export interface NewWorkflowExecutionInfo {
  workflowId?: string;
  workflowType?: WorkflowType;
  taskQueue?: TaskQueue;
  input?: Payloads;
  workflowExecutionTimeout?: string;
  workflowRunTimeout?: string;
  workflowTaskTimeout?: string;
  workflowIdReusePolicy?: 'WORKFLOW_ID_REUSE_POLICY_UNSPECIFIED' | 'WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE' | 'WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY' | 'WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE' | 'WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING';
  retryPolicy?: RetryPolicy;
  cronSchedule?: string;
  memo?: Memo;
  searchAttributes?: SearchAttributes;
  header?: Header;
  userMetadata?: UserMetadata;
  versioningOverride?: VersioningOverride;
  priority?: Priority;
}

export interface NexusHandlerFailureInfo {
  type?: string;
  retryBehavior?: 'NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_UNSPECIFIED' | 'NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_RETRYABLE' | 'NEXUS_HANDLER_ERROR_RETRY_BEHAVIOR_NON_RETRYABLE';
}

export interface NexusOperationCancelRequestCompletedEventAttributes {
  requestedEventId?: string;
  workflowTaskCompletedEventId?: string;
  scheduledEventId?: string;
}

export interface NexusOperationCancelRequestFailedEventAttributes {
  requestedEventId?: string;
  workflowTaskCompletedEventId?: string;
  failure?: Failure;
  scheduledEventId?: string;
}

export interface NexusOperationCancelRequestedEventAttributes {
  scheduledEventId?: string;
  workflowTaskCompletedEventId?: string;
}

export interface NexusOperationCanceledEventAttributes {
  scheduledEventId?: string;
  failure?: Failure;
  requestId?: string;
}

export interface NexusOperationCancellationInfo {
  requestedTime?: string;
  state?: 'NEXUS_OPERATION_CANCELLATION_STATE_UNSPECIFIED' | 'NEXUS_OPERATION_CANCELLATION_STATE_SCHEDULED' | 'NEXUS_OPERATION_CANCELLATION_STATE_BACKING_OFF' | 'NEXUS_OPERATION_CANCELLATION_STATE_SUCCEEDED' | 'NEXUS_OPERATION_CANCELLATION_STATE_FAILED' | 'NEXUS_OPERATION_CANCELLATION_STATE_TIMED_OUT' | 'NEXUS_OPERATION_CANCELLATION_STATE_BLOCKED';
  attempt?: number;
  lastAttemptCompleteTime?: string;
  lastAttemptFailure?: Failure;
  nextAttemptScheduleTime?: string;
  blockedReason?: string;
}

export interface NexusOperationCompletedEventAttributes {
  scheduledEventId?: string;
  result?: Payload;
  requestId?: string;
}

export interface NexusOperationFailedEventAttributes {
  scheduledEventId?: string;
  failure?: Failure;
  requestId?: string;
}

export interface NexusOperationFailureInfo {
  scheduledEventId?: string;
  endpoint?: string;
  service?: string;
  operation?: string;
  operationId?: string;
  operationToken?: string;
}

export interface NexusOperationScheduledEventAttributes {
  endpoint?: string;
  service?: string;
  operation?: string;
  input?: Payload;
  scheduleToCloseTimeout?: string;
  nexusHeader?: Record<string, string>;
  workflowTaskCompletedEventId?: string;
  requestId?: string;
  endpointId?: string;
  scheduleToStartTimeout?: string;
  startToCloseTimeout?: string;
}

export interface NexusOperationStartedEventAttributes {
  scheduledEventId?: string;
  operationId?: string;
  requestId?: string;
  operationToken?: string;
}

export interface NexusOperationTimedOutEventAttributes {
  scheduledEventId?: string;
  failure?: Failure;
  requestId?: string;
}

export interface OnConflictOptions {
  attachRequestId?: boolean;
  attachCompletionCallbacks?: boolean;
  attachLinks?: boolean;
}

export interface Outcome {
  success?: Payloads;
  failure?: Failure;
}

export interface PatchScheduleRequest {
  namespace?: string;
  scheduleId?: string;
  patch?: SchedulePatch;
  identity?: string;
  requestId?: string;
}

export interface PauseInfo_Manual {
  identity?: string;
  reason?: string;
}

export interface PauseInfo_Rule {
  ruleId?: string;
  identity?: string;
  reason?: string;
}

export type Payload = { metadata?: Record<string, string>; data?: string };

export interface Payloads {
  payloads?: Payload[];
}

export interface PendingActivityInfo {
  activityId?: string;
  activityType?: ActivityType;
  state?: 'PENDING_ACTIVITY_STATE_UNSPECIFIED' | 'PENDING_ACTIVITY_STATE_SCHEDULED' | 'PENDING_ACTIVITY_STATE_STARTED' | 'PENDING_ACTIVITY_STATE_CANCEL_REQUESTED' | 'PENDING_ACTIVITY_STATE_PAUSED' | 'PENDING_ACTIVITY_STATE_PAUSE_REQUESTED';
  heartbeatDetails?: Payloads;
  lastHeartbeatTime?: string;
  lastStartedTime?: string;
  attempt?: number;
  maximumAttempts?: number;
  scheduledTime?: string;
  expirationTime?: string;
  lastFailure?: Failure;
  lastWorkerIdentity?: string;
  lastIndependentlyAssignedBuildId?: string;
  lastWorkerVersionStamp?: WorkerVersionStamp;
  currentRetryInterval?: string;
  lastAttemptCompleteTime?: string;
  nextAttemptScheduleTime?: string;
  paused?: boolean;
  lastDeployment?: Deployment;
  lastWorkerDeploymentVersion?: string;
  lastDeploymentVersion?: WorkerDeploymentVersion;
  priority?: Priority;
  pauseInfo?: PendingActivityInfo_PauseInfo;
  activityOptions?: ActivityOptions;
}

export interface PendingActivityInfo_PauseInfo {
  pauseTime?: string;
  manual?: PauseInfo_Manual;
  rule?: PauseInfo_Rule;
}

export interface PendingChildExecutionInfo {
  workflowId?: string;
  runId?: string;
  workflowTypeName?: string;
  initiatedId?: string;
  parentClosePolicy?: 'PARENT_CLOSE_POLICY_UNSPECIFIED' | 'PARENT_CLOSE_POLICY_TERMINATE' | 'PARENT_CLOSE_POLICY_ABANDON' | 'PARENT_CLOSE_POLICY_REQUEST_CANCEL';
}

export interface PendingNexusOperationInfo {
  endpoint?: string;
  service?: string;
  operation?: string;
  operationId?: string;
  scheduleToCloseTimeout?: string;
  scheduledTime?: string;
  state?: 'PENDING_NEXUS_OPERATION_STATE_UNSPECIFIED' | 'PENDING_NEXUS_OPERATION_STATE_SCHEDULED' | 'PENDING_NEXUS_OPERATION_STATE_BACKING_OFF' | 'PENDING_NEXUS_OPERATION_STATE_STARTED' | 'PENDING_NEXUS_OPERATION_STATE_BLOCKED';
  attempt?: number;
  lastAttemptCompleteTime?: string;
  lastAttemptFailure?: Failure;
  nextAttemptScheduleTime?: string;
  cancellationInfo?: NexusOperationCancellationInfo;
  scheduledEventId?: string;
  blockedReason?: string;
  operationToken?: string;
  scheduleToStartTimeout?: string;
  startToCloseTimeout?: string;
}

export interface PendingWorkflowTaskInfo {
  state?: 'PENDING_WORKFLOW_TASK_STATE_UNSPECIFIED' | 'PENDING_WORKFLOW_TASK_STATE_SCHEDULED' | 'PENDING_WORKFLOW_TASK_STATE_STARTED';
  scheduledTime?: string;
  originalScheduledTime?: string;
  startedTime?: string;
  attempt?: number;
}

export interface PluginInfo {
  name?: string;
  version?: string;
}

export interface PollWorkflowTaskQueueResponse {
  taskToken?: string;
  workflowExecution?: WorkflowExecution;
  workflowType?: WorkflowType;
  previousStartedEventId?: string;
  startedEventId?: string;
  attempt?: number;
  backlogCountHint?: string;
  history?: History;
  nextPageToken?: string;
  query?: WorkflowQuery;
  workflowExecutionTaskQueue?: TaskQueue;
  scheduledTime?: string;
  startedTime?: string;
  queries?: Record<string, WorkflowQuery>;
  messages?: Message[];
  pollerScalingDecision?: PollerScalingDecision;
  pollerGroupId?: string;
  pollerGroupInfos?: PollerGroupInfo[];
  pollerGroupsInfo?: PollerGroupsInfo;
}

export interface PollerGroupInfo {
  id?: string;
  weight?: number;
}

export interface PollerGroupsInfo {
  version?: string;
  pollerGroups?: PollerGroupInfo[];
}

export interface PollerInfo {
  lastAccessTime?: string;
  identity?: string;
  ratePerSecond?: number;
  workerVersionCapabilities?: WorkerVersionCapabilities;
  deploymentOptions?: WorkerDeploymentOptions;
}

export interface PollerScalingDecision {
  pollRequestDeltaSuggestion?: number;
}

export interface PostResetOperation {
  signalWorkflow?: PostResetOperation_SignalWorkflow;
  updateWorkflowOptions?: PostResetOperation_UpdateWorkflowOptions;
}

export interface PostResetOperation_SignalWorkflow {
  signalName?: string;
  input?: Payloads;
  header?: Header;
  links?: Link[];
}

export interface PostResetOperation_UpdateWorkflowOptions {
  workflowExecutionOptions?: WorkflowExecutionOptions;
  updateMask?: string;
}

export interface Principal {
  type?: string;
  name?: string;
}

export interface Priority {
  priorityKey?: number;
  fairnessKey?: string;
  fairnessWeight?: number;
}

export interface QueryRejected {
  status?: 'WORKFLOW_EXECUTION_STATUS_UNSPECIFIED' | 'WORKFLOW_EXECUTION_STATUS_RUNNING' | 'WORKFLOW_EXECUTION_STATUS_COMPLETED' | 'WORKFLOW_EXECUTION_STATUS_FAILED' | 'WORKFLOW_EXECUTION_STATUS_CANCELED' | 'WORKFLOW_EXECUTION_STATUS_TERMINATED' | 'WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW' | 'WORKFLOW_EXECUTION_STATUS_TIMED_OUT' | 'WORKFLOW_EXECUTION_STATUS_PAUSED';
}

export interface QueryWorkflowResponse {
  queryResult?: Payloads;
  queryRejected?: QueryRejected;
  link?: Link;
}

export interface Range {
  start?: number;
  end?: number;
  step?: number;
}

export interface RateLimit {
  requestsPerSecond?: number;
}

export interface RateLimitConfig {
  rateLimit?: RateLimit;
  metadata?: ConfigMetadata;
}

export interface RegisterNamespaceRequest {
  namespace?: string;
  description?: string;
  ownerEmail?: string;
  workflowExecutionRetentionPeriod?: string;
  clusters?: ClusterReplicationConfig[];
  activeClusterName?: string;
  data?: Record<string, string>;
  securityToken?: string;
  isGlobalNamespace?: boolean;
  historyArchivalState?: 'ARCHIVAL_STATE_UNSPECIFIED' | 'ARCHIVAL_STATE_DISABLED' | 'ARCHIVAL_STATE_ENABLED';
  historyArchivalUri?: string;
  visibilityArchivalState?: 'ARCHIVAL_STATE_UNSPECIFIED' | 'ARCHIVAL_STATE_DISABLED' | 'ARCHIVAL_STATE_ENABLED';
  visibilityArchivalUri?: string;
}

export interface ReleaseInfo {
  version?: string;
  releaseTime?: string;
  notes?: string;
}

export interface Request {
  meta?: Meta;
  input?: Input;
  requestId?: string;
  completionCallbacks?: Callback[];
  links?: Link[];
}

export interface RequestCancelExternalWorkflowExecutionFailedEventAttributes {
  cause?: 'CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_UNSPECIFIED' | 'CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND' | 'CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND';
  workflowTaskCompletedEventId?: string;
  namespace?: string;
  namespaceId?: string;
  workflowExecution?: WorkflowExecution;
  initiatedEventId?: string;
  control?: string;
}

export interface RequestCancelExternalWorkflowExecutionInitiatedEventAttributes {
  workflowTaskCompletedEventId?: string;
  namespace?: string;
  namespaceId?: string;
  workflowExecution?: WorkflowExecution;
  control?: string;
  childWorkflowOnly?: boolean;
  reason?: string;
}

export interface RequestCancelWorkflowExecutionRequest {
  namespace?: string;
  workflowExecution?: WorkflowExecution;
  identity?: string;
  requestId?: string;
  firstExecutionRunId?: string;
  reason?: string;
  links?: Link[];
}

export interface RequestIdInfo {
  eventType?: 'EVENT_TYPE_UNSPECIFIED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_FAILED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT' | 'EVENT_TYPE_WORKFLOW_TASK_SCHEDULED' | 'EVENT_TYPE_WORKFLOW_TASK_STARTED' | 'EVENT_TYPE_WORKFLOW_TASK_COMPLETED' | 'EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT' | 'EVENT_TYPE_WORKFLOW_TASK_FAILED' | 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED' | 'EVENT_TYPE_ACTIVITY_TASK_STARTED' | 'EVENT_TYPE_ACTIVITY_TASK_COMPLETED' | 'EVENT_TYPE_ACTIVITY_TASK_FAILED' | 'EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT' | 'EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED' | 'EVENT_TYPE_ACTIVITY_TASK_CANCELED' | 'EVENT_TYPE_TIMER_STARTED' | 'EVENT_TYPE_TIMER_FIRED' | 'EVENT_TYPE_TIMER_CANCELED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED' | 'EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED' | 'EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED' | 'EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED' | 'EVENT_TYPE_MARKER_RECORDED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW' | 'EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED' | 'EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED' | 'EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED' | 'EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED' | 'EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED' | 'EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES' | 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_REJECTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED' | 'EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED_EXTERNALLY' | 'EVENT_TYPE_ACTIVITY_PROPERTIES_MODIFIED_EXTERNALLY' | 'EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED' | 'EVENT_TYPE_NEXUS_OPERATION_SCHEDULED' | 'EVENT_TYPE_NEXUS_OPERATION_STARTED' | 'EVENT_TYPE_NEXUS_OPERATION_COMPLETED' | 'EVENT_TYPE_NEXUS_OPERATION_FAILED' | 'EVENT_TYPE_NEXUS_OPERATION_CANCELED' | 'EVENT_TYPE_NEXUS_OPERATION_TIMED_OUT' | 'EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED' | 'EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_COMPLETED' | 'EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_FAILED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_PAUSED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_UNPAUSED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED';
  eventId?: string;
  buffered?: boolean;
}

export interface ResetOptions {
  workflowTaskId?: string;
  buildId?: string;
  resetReapplyType?: 'RESET_REAPPLY_TYPE_UNSPECIFIED' | 'RESET_REAPPLY_TYPE_SIGNAL' | 'RESET_REAPPLY_TYPE_NONE' | 'RESET_REAPPLY_TYPE_ALL_ELIGIBLE';
  currentRunOnly?: boolean;
  resetReapplyExcludeTypes?: ('RESET_REAPPLY_EXCLUDE_TYPE_UNSPECIFIED' | 'RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL' | 'RESET_REAPPLY_EXCLUDE_TYPE_UPDATE' | 'RESET_REAPPLY_EXCLUDE_TYPE_NEXUS' | 'RESET_REAPPLY_EXCLUDE_TYPE_CANCEL_REQUEST')[];
}

export interface ResetPointInfo {
  buildId?: string;
  binaryChecksum?: string;
  runId?: string;
  firstWorkflowTaskCompletedId?: string;
  createTime?: string;
  expireTime?: string;
  resettable?: boolean;
}

export interface ResetPoints {
  points?: ResetPointInfo[];
}

export interface ResetWorkflowExecutionRequest {
  namespace?: string;
  workflowExecution?: WorkflowExecution;
  reason?: string;
  workflowTaskFinishEventId?: string;
  requestId?: string;
  resetReapplyType?: 'RESET_REAPPLY_TYPE_UNSPECIFIED' | 'RESET_REAPPLY_TYPE_SIGNAL' | 'RESET_REAPPLY_TYPE_NONE' | 'RESET_REAPPLY_TYPE_ALL_ELIGIBLE';
  resetReapplyExcludeTypes?: ('RESET_REAPPLY_EXCLUDE_TYPE_UNSPECIFIED' | 'RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL' | 'RESET_REAPPLY_EXCLUDE_TYPE_UPDATE' | 'RESET_REAPPLY_EXCLUDE_TYPE_NEXUS' | 'RESET_REAPPLY_EXCLUDE_TYPE_CANCEL_REQUEST')[];
  postResetOperations?: PostResetOperation[];
  identity?: string;
}

export interface ResetWorkflowExecutionResponse {
  runId?: string;
}

export interface ResetWorkflowFailureInfo {
  lastHeartbeatDetails?: Payloads;
}

export interface RetryPolicy {
  initialInterval?: string;
  backoffCoefficient?: number;
  maximumInterval?: string;
  maximumAttempts?: number;
  nonRetryableErrorTypes?: string[];
}

export interface Schedule {
  spec?: ScheduleSpec;
  action?: ScheduleAction;
  policies?: SchedulePolicies;
  state?: ScheduleState;
}

export interface ScheduleAction {
  startWorkflow?: NewWorkflowExecutionInfo;
}

export interface ScheduleActionResult {
  scheduleTime?: string;
  actualTime?: string;
  startWorkflowResult?: WorkflowExecution;
  startWorkflowStatus?: 'WORKFLOW_EXECUTION_STATUS_UNSPECIFIED' | 'WORKFLOW_EXECUTION_STATUS_RUNNING' | 'WORKFLOW_EXECUTION_STATUS_COMPLETED' | 'WORKFLOW_EXECUTION_STATUS_FAILED' | 'WORKFLOW_EXECUTION_STATUS_CANCELED' | 'WORKFLOW_EXECUTION_STATUS_TERMINATED' | 'WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW' | 'WORKFLOW_EXECUTION_STATUS_TIMED_OUT' | 'WORKFLOW_EXECUTION_STATUS_PAUSED';
}

export interface ScheduleInfo {
  actionCount?: string;
  missedCatchupWindow?: string;
  overlapSkipped?: string;
  bufferDropped?: string;
  bufferSize?: string;
  runningWorkflows?: WorkflowExecution[];
  recentActions?: ScheduleActionResult[];
  futureActionTimes?: string[];
  createTime?: string;
  updateTime?: string;
  invalidScheduleError?: string;
  stateSizeBytes?: string;
}

export interface ScheduleListEntry {
  scheduleId?: string;
  memo?: Memo;
  searchAttributes?: SearchAttributes;
  info?: ScheduleListInfo;
}

export interface ScheduleListInfo {
  spec?: ScheduleSpec;
  workflowType?: WorkflowType;
  notes?: string;
  paused?: boolean;
  recentActions?: ScheduleActionResult[];
  futureActionTimes?: string[];
  stateSizeBytes?: string;
}

export interface SchedulePatch {
  triggerImmediately?: TriggerImmediatelyRequest;
  backfillRequest?: BackfillRequest[];
  pause?: string;
  unpause?: string;
}

export interface SchedulePolicies {
  overlapPolicy?: 'SCHEDULE_OVERLAP_POLICY_UNSPECIFIED' | 'SCHEDULE_OVERLAP_POLICY_SKIP' | 'SCHEDULE_OVERLAP_POLICY_BUFFER_ONE' | 'SCHEDULE_OVERLAP_POLICY_BUFFER_ALL' | 'SCHEDULE_OVERLAP_POLICY_CANCEL_OTHER' | 'SCHEDULE_OVERLAP_POLICY_TERMINATE_OTHER' | 'SCHEDULE_OVERLAP_POLICY_ALLOW_ALL';
  catchupWindow?: string;
  pauseOnFailure?: boolean;
  keepOriginalWorkflowId?: boolean;
}

export interface ScheduleSpec {
  structuredCalendar?: StructuredCalendarSpec[];
  cronString?: string[];
  calendar?: CalendarSpec[];
  interval?: IntervalSpec[];
  excludeCalendar?: CalendarSpec[];
  excludeStructuredCalendar?: StructuredCalendarSpec[];
  startTime?: string;
  endTime?: string;
  jitter?: string;
  timezoneName?: string;
  timezoneData?: string;
}

export interface ScheduleState {
  notes?: string;
  paused?: boolean;
  limitedActions?: boolean;
  remainingActions?: string;
}

export interface SearchAttributes {
  indexedFields?: Record<string, Payload>;
}

export interface ServerFailureInfo {
  nonRetryable?: boolean;
}

export interface SignalExternalWorkflowExecutionFailedEventAttributes {
  cause?: 'SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_UNSPECIFIED' | 'SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND' | 'SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND' | 'SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_SIGNAL_COUNT_LIMIT_EXCEEDED';
  workflowTaskCompletedEventId?: string;
  namespace?: string;
  namespaceId?: string;
  workflowExecution?: WorkflowExecution;
  initiatedEventId?: string;
  control?: string;
}

export interface SignalExternalWorkflowExecutionInitiatedEventAttributes {
  workflowTaskCompletedEventId?: string;
  namespace?: string;
  namespaceId?: string;
  workflowExecution?: WorkflowExecution;
  signalName?: string;
  input?: Payloads;
  control?: string;
  childWorkflowOnly?: boolean;
  header?: Header;
}

export interface SignalWorkflowExecutionRequest {
  namespace?: string;
  workflowExecution?: WorkflowExecution;
  signalName?: string;
  input?: Payloads;
  identity?: string;
  requestId?: string;
  control?: string;
  header?: Header;
  links?: Link[];
}

export interface StartBatchOperationRequest {
  namespace?: string;
  visibilityQuery?: string;
  jobId?: string;
  reason?: string;
  executions?: WorkflowExecution[];
  targetExecutions?: Execution[];
  maxOperationsPerSecond?: number;
  terminationOperation?: BatchOperationTermination;
  signalOperation?: BatchOperationSignal;
  cancellationOperation?: BatchOperationCancellation;
  deletionOperation?: BatchOperationDeletion;
  resetOperation?: BatchOperationReset;
  updateWorkflowOptionsOperation?: BatchOperationUpdateWorkflowExecutionOptions;
  unpauseActivitiesOperation?: BatchOperationUnpauseActivities;
  resetActivitiesOperation?: BatchOperationResetActivities;
  updateActivityOptionsOperation?: BatchOperationUpdateActivityOptions;
  cancelActivitiesOperation?: BatchOperationCancelActivities;
  terminateActivitiesOperation?: BatchOperationTerminateActivities;
  deleteActivitiesOperation?: BatchOperationDeleteActivities;
}

export interface StartChildWorkflowExecutionFailedEventAttributes {
  namespace?: string;
  namespaceId?: string;
  workflowId?: string;
  workflowType?: WorkflowType;
  cause?: 'START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_UNSPECIFIED' | 'START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS' | 'START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND' | 'START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_INVALID_VERSIONING_OVERRIDE';
  control?: string;
  initiatedEventId?: string;
  workflowTaskCompletedEventId?: string;
}

export interface StartChildWorkflowExecutionInitiatedEventAttributes {
  namespace?: string;
  namespaceId?: string;
  workflowId?: string;
  workflowType?: WorkflowType;
  taskQueue?: TaskQueue;
  input?: Payloads;
  workflowExecutionTimeout?: string;
  workflowRunTimeout?: string;
  workflowTaskTimeout?: string;
  parentClosePolicy?: 'PARENT_CLOSE_POLICY_UNSPECIFIED' | 'PARENT_CLOSE_POLICY_TERMINATE' | 'PARENT_CLOSE_POLICY_ABANDON' | 'PARENT_CLOSE_POLICY_REQUEST_CANCEL';
  control?: string;
  workflowTaskCompletedEventId?: string;
  workflowIdReusePolicy?: 'WORKFLOW_ID_REUSE_POLICY_UNSPECIFIED' | 'WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE' | 'WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY' | 'WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE' | 'WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING';
  retryPolicy?: RetryPolicy;
  cronSchedule?: string;
  header?: Header;
  memo?: Memo;
  searchAttributes?: SearchAttributes;
  inheritBuildId?: boolean;
  priority?: Priority;
  timeSkippingConfig?: TimeSkippingConfig;
  timeSkippingStatePropagation?: TimeSkippingStatePropagation;
  versioningOverride?: VersioningOverride;
}

export interface StartWorkflowExecutionRequest {
  namespace?: string;
  workflowId?: string;
  workflowType?: WorkflowType;
  taskQueue?: TaskQueue;
  input?: Payloads;
  workflowExecutionTimeout?: string;
  workflowRunTimeout?: string;
  workflowTaskTimeout?: string;
  identity?: string;
  requestId?: string;
  workflowIdReusePolicy?: 'WORKFLOW_ID_REUSE_POLICY_UNSPECIFIED' | 'WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE' | 'WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY' | 'WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE' | 'WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING';
  workflowIdConflictPolicy?: 'WORKFLOW_ID_CONFLICT_POLICY_UNSPECIFIED' | 'WORKFLOW_ID_CONFLICT_POLICY_FAIL' | 'WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING' | 'WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING';
  retryPolicy?: RetryPolicy;
  cronSchedule?: string;
  memo?: Memo;
  searchAttributes?: SearchAttributes;
  header?: Header;
  requestEagerExecution?: boolean;
  continuedFailure?: Failure;
  lastCompletionResult?: Payloads;
  workflowStartDelay?: string;
  completionCallbacks?: Callback[];
  userMetadata?: UserMetadata;
  links?: Link[];
  versioningOverride?: VersioningOverride;
  onConflictOptions?: OnConflictOptions;
  priority?: Priority;
  eagerWorkerDeploymentOptions?: WorkerDeploymentOptions;
  timeSkippingConfig?: TimeSkippingConfig;
}

export interface StartWorkflowExecutionResponse {
  runId?: string;
  firstExecutionRunId?: string;
  started?: boolean;
  status?: 'WORKFLOW_EXECUTION_STATUS_UNSPECIFIED' | 'WORKFLOW_EXECUTION_STATUS_RUNNING' | 'WORKFLOW_EXECUTION_STATUS_COMPLETED' | 'WORKFLOW_EXECUTION_STATUS_FAILED' | 'WORKFLOW_EXECUTION_STATUS_CANCELED' | 'WORKFLOW_EXECUTION_STATUS_TERMINATED' | 'WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW' | 'WORKFLOW_EXECUTION_STATUS_TIMED_OUT' | 'WORKFLOW_EXECUTION_STATUS_PAUSED';
  eagerWorkflowTask?: PollWorkflowTaskQueueResponse;
  link?: Link;
}

export interface StorageDriverInfo {
  type?: string;
}

export interface StructuredCalendarSpec {
  second?: Range[];
  minute?: Range[];
  hour?: Range[];
  dayOfMonth?: Range[];
  month?: Range[];
  year?: Range[];
  dayOfWeek?: Range[];
  comment?: string;
}

export interface TaskIdBlock {
  startId?: string;
  endId?: string;
}

export interface TaskQueue {
  name?: string;
  kind?: 'TASK_QUEUE_KIND_UNSPECIFIED' | 'TASK_QUEUE_KIND_NORMAL' | 'TASK_QUEUE_KIND_STICKY' | 'TASK_QUEUE_KIND_WORKER_COMMANDS';
  normalName?: string;
}

export interface TaskQueueConfig {
  queueRateLimit?: RateLimitConfig;
  fairnessKeysRateLimitDefault?: RateLimitConfig;
  fairnessWeightOverrides?: Record<string, number>;
}

export interface TaskQueueStats {
  approximateBacklogCount?: string;
  approximateBacklogAge?: string;
  tasksAddRate?: number;
  tasksDispatchRate?: number;
  rateLimitingActive?: boolean;
}

export interface TaskQueueStatus {
  backlogCountHint?: string;
  readLevel?: string;
  ackLevel?: string;
  ratePerSecond?: number;
  taskIdBlock?: TaskIdBlock;
}

export interface TaskQueueTypeInfo {
  pollers?: PollerInfo[];
  stats?: TaskQueueStats;
}

export interface TaskQueueVersionInfo {
  typesInfo?: Record<string, TaskQueueTypeInfo>;
  taskReachability?: 'BUILD_ID_TASK_REACHABILITY_UNSPECIFIED' | 'BUILD_ID_TASK_REACHABILITY_REACHABLE' | 'BUILD_ID_TASK_REACHABILITY_CLOSED_WORKFLOWS_ONLY' | 'BUILD_ID_TASK_REACHABILITY_UNREACHABLE';
}

export interface TaskQueueVersioningInfo {
  currentDeploymentVersion?: WorkerDeploymentVersion;
  currentVersion?: string;
  rampingDeploymentVersion?: WorkerDeploymentVersion;
  rampingVersion?: string;
  rampingVersionPercentage?: number;
  updateTime?: string;
}

export interface TerminateWorkflowExecutionRequest {
  namespace?: string;
  workflowExecution?: WorkflowExecution;
  reason?: string;
  details?: Payloads;
  identity?: string;
  firstExecutionRunId?: string;
  links?: Link[];
}

export interface TerminatedFailureInfo {
  identity?: string;
}

export interface TimeSkippingConfig {
  enabled?: boolean;
  fastForwardConfig?: FastForwardConfig;
  disablePropagation?: boolean;
  maxSessionSkipCount?: number;
}

export interface TimeSkippingFastForwardInfo {
  fastForwardDuration?: string;
  fastForwardId?: string;
  targetTime?: string;
  hasCompleted?: boolean;
}

export interface TimeSkippingInfo {
  currentTime?: string;
  effectiveConfig?: TimeSkippingConfig;
  fastForwardInfo?: TimeSkippingFastForwardInfo;
  currentSessionSkipCount?: number;
}

export interface TimeSkippingStatePropagation {
  initialSkippedDuration?: string;
  fastForwardTargetTime?: string;
  initialSkipCount?: number;
}

export interface TimeoutFailureInfo {
  timeoutType?: 'TIMEOUT_TYPE_UNSPECIFIED' | 'TIMEOUT_TYPE_START_TO_CLOSE' | 'TIMEOUT_TYPE_SCHEDULE_TO_START' | 'TIMEOUT_TYPE_SCHEDULE_TO_CLOSE' | 'TIMEOUT_TYPE_HEARTBEAT';
  lastHeartbeatDetails?: Payloads;
}

export interface TimerCanceledEventAttributes {
  timerId?: string;
  startedEventId?: string;
  workflowTaskCompletedEventId?: string;
  identity?: string;
}

export interface TimerFiredEventAttributes {
  timerId?: string;
  startedEventId?: string;
}

export interface TimerStartedEventAttributes {
  timerId?: string;
  startToFireTimeout?: string;
  workflowTaskCompletedEventId?: string;
}

export interface TriggerImmediatelyRequest {
  overlapPolicy?: 'SCHEDULE_OVERLAP_POLICY_UNSPECIFIED' | 'SCHEDULE_OVERLAP_POLICY_SKIP' | 'SCHEDULE_OVERLAP_POLICY_BUFFER_ONE' | 'SCHEDULE_OVERLAP_POLICY_BUFFER_ALL' | 'SCHEDULE_OVERLAP_POLICY_CANCEL_OTHER' | 'SCHEDULE_OVERLAP_POLICY_TERMINATE_OTHER' | 'SCHEDULE_OVERLAP_POLICY_ALLOW_ALL';
  scheduledTime?: string;
}

export interface UpdateActivityExecutionOptionsResponse {
  activityOptions?: ActivityOptions;
}

export interface UpdateNamespaceInfo {
  description?: string;
  ownerEmail?: string;
  data?: Record<string, string>;
  state?: 'NAMESPACE_STATE_UNSPECIFIED' | 'NAMESPACE_STATE_REGISTERED' | 'NAMESPACE_STATE_DEPRECATED' | 'NAMESPACE_STATE_DELETED';
}

export interface UpdateNamespaceRequest {
  namespace?: string;
  updateInfo?: UpdateNamespaceInfo;
  config?: NamespaceConfig;
  replicationConfig?: NamespaceReplicationConfig;
  securityToken?: string;
  deleteBadBinary?: string;
  promoteNamespace?: boolean;
}

export interface UpdateRef {
  workflowExecution?: WorkflowExecution;
  updateId?: string;
}

export interface UpdateScheduleRequest {
  namespace?: string;
  scheduleId?: string;
  schedule?: Schedule;
  conflictToken?: string;
  identity?: string;
  requestId?: string;
  searchAttributes?: SearchAttributes;
  memo?: Memo;
}

export interface UpdateWorkflowExecutionResponse {
  updateRef?: UpdateRef;
  outcome?: Outcome;
  stage?: 'UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_UNSPECIFIED' | 'UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED' | 'UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED' | 'UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED';
  link?: Link;
}

export interface UpsertWorkflowSearchAttributesEventAttributes {
  workflowTaskCompletedEventId?: string;
  searchAttributes?: SearchAttributes;
}

export interface UserMetadata {
  summary?: Payload;
  details?: Payload;
}

export interface VersionInfo {
  current?: ReleaseInfo;
  recommended?: ReleaseInfo;
  instructions?: string;
  alerts?: Alert[];
  lastUpdateTime?: string;
}

export interface VersioningOverride {
  pinned?: VersioningOverride_PinnedOverride;
  autoUpgrade?: boolean;
  oneTime?: VersioningOverride_OneTimeOverride;
  behavior?: 'VERSIONING_BEHAVIOR_UNSPECIFIED' | 'VERSIONING_BEHAVIOR_PINNED' | 'VERSIONING_BEHAVIOR_AUTO_UPGRADE';
  deployment?: Deployment;
  pinnedVersion?: string;
}

export interface VersioningOverride_OneTimeOverride {
  targetDeploymentVersion?: WorkerDeploymentVersion;
}

export interface VersioningOverride_PinnedOverride {
  behavior?: 'PINNED_OVERRIDE_BEHAVIOR_UNSPECIFIED' | 'PINNED_OVERRIDE_BEHAVIOR_PINNED';
  version?: WorkerDeploymentVersion;
}

export interface WorkerDeploymentOptions {
  deploymentName?: string;
  buildId?: string;
  workerVersioningMode?: 'WORKER_VERSIONING_MODE_UNSPECIFIED' | 'WORKER_VERSIONING_MODE_UNVERSIONED' | 'WORKER_VERSIONING_MODE_VERSIONED';
}

export interface WorkerDeploymentVersion {
  buildId?: string;
  deploymentName?: string;
}

export interface WorkerHeartbeat {
  workerInstanceKey?: string;
  workerIdentity?: string;
  hostInfo?: WorkerHostInfo;
  taskQueue?: string;
  deploymentVersion?: WorkerDeploymentVersion;
  sdkName?: string;
  sdkVersion?: string;
  status?: 'WORKER_STATUS_UNSPECIFIED' | 'WORKER_STATUS_RUNNING' | 'WORKER_STATUS_SHUTTING_DOWN' | 'WORKER_STATUS_SHUTDOWN';
  startTime?: string;
  heartbeatTime?: string;
  elapsedSinceLastHeartbeat?: string;
  workflowTaskSlotsInfo?: WorkerSlotsInfo;
  activityTaskSlotsInfo?: WorkerSlotsInfo;
  nexusTaskSlotsInfo?: WorkerSlotsInfo;
  localActivitySlotsInfo?: WorkerSlotsInfo;
  workflowPollerInfo?: WorkerPollerInfo;
  workflowStickyPollerInfo?: WorkerPollerInfo;
  activityPollerInfo?: WorkerPollerInfo;
  nexusPollerInfo?: WorkerPollerInfo;
  totalStickyCacheHit?: number;
  totalStickyCacheMiss?: number;
  currentStickyCacheSize?: number;
  plugins?: PluginInfo[];
  drivers?: StorageDriverInfo[];
  environment?: EnvironmentInfo;
}

export interface WorkerHostInfo {
  hostName?: string;
  workerGroupingKey?: string;
  processId?: string;
  currentHostCpuUsage?: number;
  currentHostMemUsage?: number;
}

export interface WorkerInfo {
  workerHeartbeat?: WorkerHeartbeat;
}

export interface WorkerListInfo {
  workerInstanceKey?: string;
  workerIdentity?: string;
  taskQueue?: string;
  deploymentVersion?: WorkerDeploymentVersion;
  sdkName?: string;
  sdkVersion?: string;
  status?: 'WORKER_STATUS_UNSPECIFIED' | 'WORKER_STATUS_RUNNING' | 'WORKER_STATUS_SHUTTING_DOWN' | 'WORKER_STATUS_SHUTDOWN';
  startTime?: string;
  hostName?: string;
  workerGroupingKey?: string;
  processId?: string;
  plugins?: PluginInfo[];
  drivers?: StorageDriverInfo[];
}

export interface WorkerPollerInfo {
  currentPollers?: number;
  lastSuccessfulPollTime?: string;
  isAutoscaling?: boolean;
}

export interface WorkerSlotsInfo {
  currentAvailableSlots?: number;
  currentUsedSlots?: number;
  slotSupplierKind?: string;
  totalProcessedTasks?: number;
  totalFailedTasks?: number;
  lastIntervalProcessedTasks?: number;
  lastIntervalFailureTasks?: number;
}

export interface WorkerVersionCapabilities {
  buildId?: string;
  useVersioning?: boolean;
  deploymentSeriesName?: string;
}

export interface WorkerVersionStamp {
  buildId?: string;
  useVersioning?: boolean;
}

export interface WorkflowEvent_EventReference {
  eventId?: string;
  eventType?: 'EVENT_TYPE_UNSPECIFIED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_FAILED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT' | 'EVENT_TYPE_WORKFLOW_TASK_SCHEDULED' | 'EVENT_TYPE_WORKFLOW_TASK_STARTED' | 'EVENT_TYPE_WORKFLOW_TASK_COMPLETED' | 'EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT' | 'EVENT_TYPE_WORKFLOW_TASK_FAILED' | 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED' | 'EVENT_TYPE_ACTIVITY_TASK_STARTED' | 'EVENT_TYPE_ACTIVITY_TASK_COMPLETED' | 'EVENT_TYPE_ACTIVITY_TASK_FAILED' | 'EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT' | 'EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED' | 'EVENT_TYPE_ACTIVITY_TASK_CANCELED' | 'EVENT_TYPE_TIMER_STARTED' | 'EVENT_TYPE_TIMER_FIRED' | 'EVENT_TYPE_TIMER_CANCELED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED' | 'EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED' | 'EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED' | 'EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED' | 'EVENT_TYPE_MARKER_RECORDED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW' | 'EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED' | 'EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED' | 'EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED' | 'EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED' | 'EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED' | 'EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES' | 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_REJECTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED' | 'EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED_EXTERNALLY' | 'EVENT_TYPE_ACTIVITY_PROPERTIES_MODIFIED_EXTERNALLY' | 'EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED' | 'EVENT_TYPE_NEXUS_OPERATION_SCHEDULED' | 'EVENT_TYPE_NEXUS_OPERATION_STARTED' | 'EVENT_TYPE_NEXUS_OPERATION_COMPLETED' | 'EVENT_TYPE_NEXUS_OPERATION_FAILED' | 'EVENT_TYPE_NEXUS_OPERATION_CANCELED' | 'EVENT_TYPE_NEXUS_OPERATION_TIMED_OUT' | 'EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED' | 'EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_COMPLETED' | 'EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_FAILED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_PAUSED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_UNPAUSED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED';
}

export interface WorkflowEvent_RequestIdReference {
  requestId?: string;
  eventType?: 'EVENT_TYPE_UNSPECIFIED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_FAILED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT' | 'EVENT_TYPE_WORKFLOW_TASK_SCHEDULED' | 'EVENT_TYPE_WORKFLOW_TASK_STARTED' | 'EVENT_TYPE_WORKFLOW_TASK_COMPLETED' | 'EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT' | 'EVENT_TYPE_WORKFLOW_TASK_FAILED' | 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED' | 'EVENT_TYPE_ACTIVITY_TASK_STARTED' | 'EVENT_TYPE_ACTIVITY_TASK_COMPLETED' | 'EVENT_TYPE_ACTIVITY_TASK_FAILED' | 'EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT' | 'EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED' | 'EVENT_TYPE_ACTIVITY_TASK_CANCELED' | 'EVENT_TYPE_TIMER_STARTED' | 'EVENT_TYPE_TIMER_FIRED' | 'EVENT_TYPE_TIMER_CANCELED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED' | 'EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED' | 'EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED' | 'EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED' | 'EVENT_TYPE_MARKER_RECORDED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW' | 'EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED' | 'EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT' | 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED' | 'EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED' | 'EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED' | 'EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED' | 'EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES' | 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_REJECTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED' | 'EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED_EXTERNALLY' | 'EVENT_TYPE_ACTIVITY_PROPERTIES_MODIFIED_EXTERNALLY' | 'EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED' | 'EVENT_TYPE_NEXUS_OPERATION_SCHEDULED' | 'EVENT_TYPE_NEXUS_OPERATION_STARTED' | 'EVENT_TYPE_NEXUS_OPERATION_COMPLETED' | 'EVENT_TYPE_NEXUS_OPERATION_FAILED' | 'EVENT_TYPE_NEXUS_OPERATION_CANCELED' | 'EVENT_TYPE_NEXUS_OPERATION_TIMED_OUT' | 'EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED' | 'EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_COMPLETED' | 'EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_FAILED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_PAUSED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_UNPAUSED' | 'EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED';
}

export interface WorkflowExecution {
  workflowId?: string;
  runId?: string;
}

export interface WorkflowExecutionCancelRequestedEventAttributes {
  cause?: string;
  externalInitiatedEventId?: string;
  externalWorkflowExecution?: WorkflowExecution;
  identity?: string;
}

export interface WorkflowExecutionCanceledEventAttributes {
  workflowTaskCompletedEventId?: string;
  details?: Payloads;
}

export interface WorkflowExecutionCompletedEventAttributes {
  result?: Payloads;
  workflowTaskCompletedEventId?: string;
  newExecutionRunId?: string;
}

export interface WorkflowExecutionConfig {
  taskQueue?: TaskQueue;
  workflowExecutionTimeout?: string;
  workflowRunTimeout?: string;
  defaultWorkflowTaskTimeout?: string;
  userMetadata?: UserMetadata;
}

export interface WorkflowExecutionContinuedAsNewEventAttributes {
  newExecutionRunId?: string;
  workflowType?: WorkflowType;
  taskQueue?: TaskQueue;
  input?: Payloads;
  workflowRunTimeout?: string;
  workflowTaskTimeout?: string;
  workflowTaskCompletedEventId?: string;
  backoffStartInterval?: string;
  initiator?: 'CONTINUE_AS_NEW_INITIATOR_UNSPECIFIED' | 'CONTINUE_AS_NEW_INITIATOR_WORKFLOW' | 'CONTINUE_AS_NEW_INITIATOR_RETRY' | 'CONTINUE_AS_NEW_INITIATOR_CRON_SCHEDULE';
  failure?: Failure;
  lastCompletionResult?: Payloads;
  header?: Header;
  memo?: Memo;
  searchAttributes?: SearchAttributes;
  inheritBuildId?: boolean;
  initialVersioningBehavior?: 'CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_UNSPECIFIED' | 'CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_AUTO_UPGRADE' | 'CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_USE_RAMPING_VERSION';
}

export interface WorkflowExecutionExtendedInfo {
  executionExpirationTime?: string;
  runExpirationTime?: string;
  cancelRequested?: boolean;
  lastResetTime?: string;
  originalStartTime?: string;
  resetRunId?: string;
  requestIdInfos?: Record<string, RequestIdInfo>;
  pauseInfo?: WorkflowExecutionPauseInfo;
  timeSkippingInfo?: TimeSkippingInfo;
}

export interface WorkflowExecutionFailedEventAttributes {
  failure?: Failure;
  retryState?: 'RETRY_STATE_UNSPECIFIED' | 'RETRY_STATE_IN_PROGRESS' | 'RETRY_STATE_NON_RETRYABLE_FAILURE' | 'RETRY_STATE_TIMEOUT' | 'RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED' | 'RETRY_STATE_RETRY_POLICY_NOT_SET' | 'RETRY_STATE_INTERNAL_SERVER_ERROR' | 'RETRY_STATE_CANCEL_REQUESTED';
  workflowTaskCompletedEventId?: string;
  newExecutionRunId?: string;
}

export interface WorkflowExecutionInfo {
  execution?: WorkflowExecution;
  type?: WorkflowType;
  startTime?: string;
  closeTime?: string;
  status?: 'WORKFLOW_EXECUTION_STATUS_UNSPECIFIED' | 'WORKFLOW_EXECUTION_STATUS_RUNNING' | 'WORKFLOW_EXECUTION_STATUS_COMPLETED' | 'WORKFLOW_EXECUTION_STATUS_FAILED' | 'WORKFLOW_EXECUTION_STATUS_CANCELED' | 'WORKFLOW_EXECUTION_STATUS_TERMINATED' | 'WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW' | 'WORKFLOW_EXECUTION_STATUS_TIMED_OUT' | 'WORKFLOW_EXECUTION_STATUS_PAUSED';
  historyLength?: string;
  parentNamespaceId?: string;
  parentExecution?: WorkflowExecution;
  executionTime?: string;
  memo?: Memo;
  searchAttributes?: SearchAttributes;
  autoResetPoints?: ResetPoints;
  taskQueue?: string;
  stateTransitionCount?: string;
  historySizeBytes?: string;
  mostRecentWorkerVersionStamp?: WorkerVersionStamp;
  executionDuration?: string;
  rootExecution?: WorkflowExecution;
  assignedBuildId?: string;
  inheritedBuildId?: string;
  firstRunId?: string;
  versioningInfo?: WorkflowExecutionVersioningInfo;
  workerDeploymentName?: string;
  priority?: Priority;
  externalPayloadSizeBytes?: string;
  externalPayloadCount?: string;
}

export interface WorkflowExecutionOptions {
  versioningOverride?: VersioningOverride;
  priority?: Priority;
  timeSkippingConfig?: TimeSkippingConfig;
}

export interface WorkflowExecutionOptionsUpdatedEventAttributes {
  versioningOverride?: VersioningOverride;
  unsetVersioningOverride?: boolean;
  attachedRequestId?: string;
  attachedCompletionCallbacks?: Callback[];
  identity?: string;
  priority?: Priority;
  timeSkippingConfig?: TimeSkippingConfig;
  timeSkippingConfigUpdated?: boolean;
  workflowUpdateOptions?: WorkflowExecutionOptionsUpdatedEventAttributes_WorkflowUpdateOptionsUpdate[];
}

export interface WorkflowExecutionOptionsUpdatedEventAttributes_WorkflowUpdateOptionsUpdate {
  updateId?: string;
  attachedRequestId?: string;
  attachedCompletionCallbacks?: Callback[];
}

export interface WorkflowExecutionPauseInfo {
  identity?: string;
  pausedTime?: string;
  reason?: string;
}

export interface WorkflowExecutionPausedEventAttributes {
  identity?: string;
  reason?: string;
  requestId?: string;
}

export interface WorkflowExecutionSignaledEventAttributes {
  signalName?: string;
  input?: Payloads;
  identity?: string;
  header?: Header;
  skipGenerateWorkflowTask?: boolean;
  externalWorkflowExecution?: WorkflowExecution;
  requestId?: string;
}

export interface WorkflowExecutionStartedEventAttributes {
  workflowType?: WorkflowType;
  parentWorkflowNamespace?: string;
  parentWorkflowNamespaceId?: string;
  parentWorkflowExecution?: WorkflowExecution;
  parentInitiatedEventId?: string;
  taskQueue?: TaskQueue;
  input?: Payloads;
  workflowExecutionTimeout?: string;
  workflowRunTimeout?: string;
  workflowTaskTimeout?: string;
  continuedExecutionRunId?: string;
  initiator?: 'CONTINUE_AS_NEW_INITIATOR_UNSPECIFIED' | 'CONTINUE_AS_NEW_INITIATOR_WORKFLOW' | 'CONTINUE_AS_NEW_INITIATOR_RETRY' | 'CONTINUE_AS_NEW_INITIATOR_CRON_SCHEDULE';
  continuedFailure?: Failure;
  lastCompletionResult?: Payloads;
  originalExecutionRunId?: string;
  identity?: string;
  firstExecutionRunId?: string;
  retryPolicy?: RetryPolicy;
  attempt?: number;
  workflowExecutionExpirationTime?: string;
  cronSchedule?: string;
  firstWorkflowTaskBackoff?: string;
  memo?: Memo;
  searchAttributes?: SearchAttributes;
  prevAutoResetPoints?: ResetPoints;
  header?: Header;
  parentInitiatedEventVersion?: string;
  workflowId?: string;
  sourceVersionStamp?: WorkerVersionStamp;
  completionCallbacks?: Callback[];
  rootWorkflowExecution?: WorkflowExecution;
  inheritedBuildId?: string;
  versioningOverride?: VersioningOverride;
  parentPinnedWorkerDeploymentVersion?: string;
  priority?: Priority;
  inheritedPinnedVersion?: WorkerDeploymentVersion;
  inheritedAutoUpgradeInfo?: InheritedAutoUpgradeInfo;
  eagerExecutionAccepted?: boolean;
  declinedTargetVersionUpgrade?: DeclinedTargetVersionUpgrade;
  timeSkippingConfig?: TimeSkippingConfig;
  timeSkippingStatePropagation?: TimeSkippingStatePropagation;
}

export interface WorkflowExecutionTerminatedEventAttributes {
  reason?: string;
  details?: Payloads;
  identity?: string;
}

export interface WorkflowExecutionTimeSkippingTransitionedEventAttributes {
  targetTime?: string;
  disabledAfterFastForward?: boolean;
  wallClockTime?: string;
}

export interface WorkflowExecutionTimedOutEventAttributes {
  retryState?: 'RETRY_STATE_UNSPECIFIED' | 'RETRY_STATE_IN_PROGRESS' | 'RETRY_STATE_NON_RETRYABLE_FAILURE' | 'RETRY_STATE_TIMEOUT' | 'RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED' | 'RETRY_STATE_RETRY_POLICY_NOT_SET' | 'RETRY_STATE_INTERNAL_SERVER_ERROR' | 'RETRY_STATE_CANCEL_REQUESTED';
  newExecutionRunId?: string;
}

export interface WorkflowExecutionUnpausedEventAttributes {
  identity?: string;
  reason?: string;
  requestId?: string;
}

export interface WorkflowExecutionUpdateAcceptedEventAttributes {
  protocolInstanceId?: string;
  acceptedRequestMessageId?: string;
  acceptedRequestSequencingEventId?: string;
  acceptedRequest?: Request;
}

export interface WorkflowExecutionUpdateAdmittedEventAttributes {
  request?: Request;
  origin?: 'UPDATE_ADMITTED_EVENT_ORIGIN_UNSPECIFIED' | 'UPDATE_ADMITTED_EVENT_ORIGIN_REAPPLY';
}

export interface WorkflowExecutionUpdateCompletedEventAttributes {
  meta?: Meta;
  acceptedEventId?: string;
  outcome?: Outcome;
}

export interface WorkflowExecutionUpdateRejectedEventAttributes {
  protocolInstanceId?: string;
  rejectedRequestMessageId?: string;
  rejectedRequestSequencingEventId?: string;
  rejectedRequest?: Request;
  failure?: Failure;
}

export interface WorkflowExecutionVersioningInfo {
  behavior?: 'VERSIONING_BEHAVIOR_UNSPECIFIED' | 'VERSIONING_BEHAVIOR_PINNED' | 'VERSIONING_BEHAVIOR_AUTO_UPGRADE';
  deployment?: Deployment;
  version?: string;
  deploymentVersion?: WorkerDeploymentVersion;
  versioningOverride?: VersioningOverride;
  deploymentTransition?: DeploymentTransition;
  versionTransition?: DeploymentVersionTransition;
  revisionNumber?: string;
  continueAsNewInitialVersioningBehavior?: 'CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_UNSPECIFIED' | 'CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_AUTO_UPGRADE' | 'CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_USE_RAMPING_VERSION';
}

export interface WorkflowPropertiesModifiedEventAttributes {
  workflowTaskCompletedEventId?: string;
  upsertedMemo?: Memo;
}

export interface WorkflowPropertiesModifiedExternallyEventAttributes {
  newTaskQueue?: string;
  newWorkflowTaskTimeout?: string;
  newWorkflowRunTimeout?: string;
  newWorkflowExecutionTimeout?: string;
  upsertedMemo?: Memo;
}

export interface WorkflowQuery {
  queryType?: string;
  queryArgs?: Payloads;
  header?: Header;
}

export interface WorkflowTaskCompletedEventAttributes {
  scheduledEventId?: string;
  startedEventId?: string;
  identity?: string;
  binaryChecksum?: string;
  workerVersion?: WorkerVersionStamp;
  sdkMetadata?: WorkflowTaskCompletedMetadata;
  meteringMetadata?: MeteringMetadata;
  deployment?: Deployment;
  versioningBehavior?: 'VERSIONING_BEHAVIOR_UNSPECIFIED' | 'VERSIONING_BEHAVIOR_PINNED' | 'VERSIONING_BEHAVIOR_AUTO_UPGRADE';
  workerDeploymentVersion?: string;
  workerDeploymentName?: string;
  deploymentVersion?: WorkerDeploymentVersion;
}

export interface WorkflowTaskCompletedMetadata {
  coreUsedFlags?: number[];
  langUsedFlags?: number[];
  sdkName?: string;
  sdkVersion?: string;
}

export interface WorkflowTaskFailedEventAttributes {
  scheduledEventId?: string;
  startedEventId?: string;
  cause?: 'WORKFLOW_TASK_FAILED_CAUSE_UNSPECIFIED' | 'WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND' | 'WORKFLOW_TASK_FAILED_CAUSE_BAD_SCHEDULE_ACTIVITY_ATTRIBUTES' | 'WORKFLOW_TASK_FAILED_CAUSE_BAD_REQUEST_CANCEL_ACTIVITY_ATTRIBUTES' | 'WORKFLOW_TASK_FAILED_CAUSE_BAD_START_TIMER_ATTRIBUTES' | 'WORKFLOW_TASK_FAILED_CAUSE_BAD_CANCEL_TIMER_ATTRIBUTES' | 'WORKFLOW_TASK_FAILED_CAUSE_BAD_RECORD_MARKER_ATTRIBUTES' | 'WORKFLOW_TASK_FAILED_CAUSE_BAD_COMPLETE_WORKFLOW_EXECUTION_ATTRIBUTES' | 'WORKFLOW_TASK_FAILED_CAUSE_BAD_FAIL_WORKFLOW_EXECUTION_ATTRIBUTES' | 'WORKFLOW_TASK_FAILED_CAUSE_BAD_CANCEL_WORKFLOW_EXECUTION_ATTRIBUTES' | 'WORKFLOW_TASK_FAILED_CAUSE_BAD_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_ATTRIBUTES' | 'WORKFLOW_TASK_FAILED_CAUSE_BAD_CONTINUE_AS_NEW_ATTRIBUTES' | 'WORKFLOW_TASK_FAILED_CAUSE_START_TIMER_DUPLICATE_ID' | 'WORKFLOW_TASK_FAILED_CAUSE_RESET_STICKY_TASK_QUEUE' | 'WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE' | 'WORKFLOW_TASK_FAILED_CAUSE_BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES' | 'WORKFLOW_TASK_FAILED_CAUSE_BAD_START_CHILD_EXECUTION_ATTRIBUTES' | 'WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND' | 'WORKFLOW_TASK_FAILED_CAUSE_FAILOVER_CLOSE_COMMAND' | 'WORKFLOW_TASK_FAILED_CAUSE_BAD_SIGNAL_INPUT_SIZE' | 'WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW' | 'WORKFLOW_TASK_FAILED_CAUSE_BAD_BINARY' | 'WORKFLOW_TASK_FAILED_CAUSE_SCHEDULE_ACTIVITY_DUPLICATE_ID' | 'WORKFLOW_TASK_FAILED_CAUSE_BAD_SEARCH_ATTRIBUTES' | 'WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR' | 'WORKFLOW_TASK_FAILED_CAUSE_BAD_MODIFY_WORKFLOW_PROPERTIES_ATTRIBUTES' | 'WORKFLOW_TASK_FAILED_CAUSE_PENDING_CHILD_WORKFLOWS_LIMIT_EXCEEDED' | 'WORKFLOW_TASK_FAILED_CAUSE_PENDING_ACTIVITIES_LIMIT_EXCEEDED' | 'WORKFLOW_TASK_FAILED_CAUSE_PENDING_SIGNALS_LIMIT_EXCEEDED' | 'WORKFLOW_TASK_FAILED_CAUSE_PENDING_REQUEST_CANCEL_LIMIT_EXCEEDED' | 'WORKFLOW_TASK_FAILED_CAUSE_BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE' | 'WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_UPDATE' | 'WORKFLOW_TASK_FAILED_CAUSE_BAD_SCHEDULE_NEXUS_OPERATION_ATTRIBUTES' | 'WORKFLOW_TASK_FAILED_CAUSE_PENDING_NEXUS_OPERATIONS_LIMIT_EXCEEDED' | 'WORKFLOW_TASK_FAILED_CAUSE_BAD_REQUEST_CANCEL_NEXUS_OPERATION_ATTRIBUTES' | 'WORKFLOW_TASK_FAILED_CAUSE_FEATURE_DISABLED' | 'WORKFLOW_TASK_FAILED_CAUSE_GRPC_MESSAGE_TOO_LARGE' | 'WORKFLOW_TASK_FAILED_CAUSE_PAYLOADS_TOO_LARGE' | 'WORKFLOW_TASK_FAILED_CAUSE_EXTERNAL_STORAGE_FAILURE' | 'WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_PAUSE_REQUESTED_BEFORE_TASK_STARTED' | 'WORKFLOW_TASK_FAILED_CAUSE_REQUEST_TOO_LARGE';
  failure?: Failure;
  identity?: string;
  baseRunId?: string;
  newRunId?: string;
  forkEventVersion?: string;
  binaryChecksum?: string;
  workerVersion?: WorkerVersionStamp;
}

export interface WorkflowTaskScheduledEventAttributes {
  taskQueue?: TaskQueue;
  startToCloseTimeout?: string;
  attempt?: number;
}

export interface WorkflowTaskStartedEventAttributes {
  scheduledEventId?: string;
  identity?: string;
  requestId?: string;
  suggestContinueAsNew?: boolean;
  suggestContinueAsNewReasons?: ('SUGGEST_CONTINUE_AS_NEW_REASON_UNSPECIFIED' | 'SUGGEST_CONTINUE_AS_NEW_REASON_HISTORY_SIZE_TOO_LARGE' | 'SUGGEST_CONTINUE_AS_NEW_REASON_TOO_MANY_HISTORY_EVENTS' | 'SUGGEST_CONTINUE_AS_NEW_REASON_TOO_MANY_UPDATES')[];
  targetWorkerDeploymentVersionChanged?: boolean;
  historySizeBytes?: string;
  workerVersion?: WorkerVersionStamp;
  buildIdRedirectCounter?: string;
}

export interface WorkflowTaskTimedOutEventAttributes {
  scheduledEventId?: string;
  startedEventId?: string;
  timeoutType?: 'TIMEOUT_TYPE_UNSPECIFIED' | 'TIMEOUT_TYPE_START_TO_CLOSE' | 'TIMEOUT_TYPE_SCHEDULE_TO_START' | 'TIMEOUT_TYPE_SCHEDULE_TO_CLOSE' | 'TIMEOUT_TYPE_HEARTBEAT';
}

export interface WorkflowType {
  name?: string;
}
