package scenarios

import (
	"fmt"
	"time"

	deploymentpb "go.temporal.io/api/deployment/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workerpb "go.temporal.io/api/worker/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
	. "klamm.dev/integration-tests/parity/harness"
)

var workers = []Scenario{
	{Name: "workers_list", Run: workersList},
	{Name: "workers_queries", Run: workersQueries},
	{Name: "workers_shutdown", Run: workersShutdown},
	{Name: "workers_bad_requests", Run: workersBadRequests},
}

type heartbeat = workerpb.WorkerHeartbeat

// started is when the workers of these scenarios say that they have started.
var started = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

// worker is a heartbeat of a worker of this scenario's queue.
func worker(e *Env, name string) *heartbeat {
	return &heartbeat{
		WorkerInstanceKey: e.ID(name), WorkerIdentity: "identity of " + name, TaskQueue: e.Queue().Name,
		HostInfo: &workerpb.WorkerHostInfo{HostName: "host", WorkerGroupingKey: "group", ProcessId: "17"},
		SdkName:  "sdk", SdkVersion: "1.2.3", Status: enumspb.WORKER_STATUS_RUNNING, StartTime: timestamppb.New(started),
		Plugins: []*workerpb.PluginInfo{{Name: "plugin", Version: "1"}}, Drivers: []*workerpb.StorageDriverInfo{{Type: "driver"}},
		DeploymentVersion:     &deploymentpb.WorkerDeploymentVersion{DeploymentName: "deployment", BuildId: "build"},
		WorkflowTaskSlotsInfo: &workerpb.WorkerSlotsInfo{CurrentAvailableSlots: 5, CurrentUsedSlots: 1, SlotSupplierKind: "Fixed"},
	}
}

func beat(e *Env, step string, heartbeats ...*heartbeat) {
	_, _ = Call(e, step, e.WF.RecordWorkerHeartbeat, &workflowservice.RecordWorkerHeartbeatRequest{
		Namespace: e.Namespace, Identity: Identity, WorkerHeartbeat: heartbeats,
	})
}

// listWorkers asks for this scenario's workers that fit a condition.
func listWorkers(e *Env, step, condition string, pageSize int32, token []byte) *workflowservice.ListWorkersResponse {
	query := fmt.Sprintf("TaskQueue = '%s'", e.Queue().Name)
	if condition != "" {
		query += " AND " + condition
	}
	response, _ := Call(e, step, e.WF.ListWorkers, &workflowservice.ListWorkersRequest{
		Namespace: e.Namespace, PageSize: pageSize, NextPageToken: token, Query: query,
	})
	return response
}

func countWorkers(e *Env, step, query string) {
	_, _ = Call(e, step, e.WF.CountWorkers, &workflowservice.CountWorkersRequest{Namespace: e.Namespace, Query: query})
}

func describeWorker(e *Env, step, key string) {
	_, _ = Call(e, step, e.WF.DescribeWorker, &workflowservice.DescribeWorkerRequest{Namespace: e.Namespace, WorkerInstanceKey: key})
}

func workersList(e *Env) {
	beat(e, "three workers", worker(e, "c"), worker(e, "a"), worker(e, "b"))
	first := listWorkers(e, "first page", "", 2, nil)
	second := listWorkers(e, "second page", "", 2, first.GetNextPageToken())
	e.Note("no more pages", len(second.GetNextPageToken()) == 0)
	changed := worker(e, "b")
	changed.Status = enumspb.WORKER_STATUS_SHUTTING_DOWN
	changed.HostInfo, changed.DeploymentVersion, changed.StartTime = nil, nil, nil
	beat(e, "one changes", changed)
	describeWorker(e, "describe it", e.ID("b"))
	gone := worker(e, "a")
	gone.Status = enumspb.WORKER_STATUS_SHUTDOWN
	beat(e, "one has shut down", gone)
	listWorkers(e, "the others", "", 10, nil)
	describeWorker(e, "describe the one that has shut down", e.ID("a"))
	countWorkers(e, "count", fmt.Sprintf("TaskQueue = '%s'", e.Queue().Name))
	beat(e, "nobody")
}

func workersQueries(e *Env) {
	other := worker(e, "other")
	other.WorkerIdentity, other.SdkName, other.Status = "somebody", "", enumspb.WORKER_STATUS_SHUTTING_DOWN
	other.HostInfo, other.DeploymentVersion, other.StartTime = nil, nil, nil
	beat(e, "two workers", worker(e, "one"), other)
	for _, condition := range []string{
		"WorkerIdentity = 'somebody'", "WorkerIdentity != 'somebody'", "WorkerIdentity STARTS_WITH 'identity'",
		"WorkerIdentity NOT STARTS_WITH 'identity'", "HostName = 'host'", "HostName IS NULL", "HostName IS NOT NULL",
		"DeploymentName = 'deployment' AND BuildId = 'build'", "SdkName = ''", "SdkName != ''", "SdkVersion = '1.2.3'",
		"Status = 'Running'", "status = 'ShuttingDown'", "WorkerStatus = 'Running'", "WorkerStatus = 'running'",
		"StartTime = '2024-05-06T07:08:09Z'", "StartTime < '2024-05-06T07:08:09Z'", "StartTime >= '2024-05-06T07:08:09Z'",
		"StartTime BETWEEN '2024-05-06T07:08:00Z' AND '2024-05-06T07:09:00Z'",
		"StartTime NOT BETWEEN '2024-05-06T07:08:00Z' AND '2024-05-06T07:09:00Z'", "StartTime IS NULL", "StartTime = 'yesterday'",
		"StartTime > 5", "(SdkName = 'sdk' OR HostName IS NULL)", "(Unknown = 'x' OR SdkName = 'sdk')", "(SdkName = 'sdk' OR Unknown = 'x')",
		"Unknown = 'x'", "NOT SdkName = 'sdk'", "SdkName IN ('sdk')", "SdkName LIKE 's%'", "SdkName > 'a'", "SdkName = 5", "SdkName",
		"SdkName = 'sdk' GROUP BY SdkName", "SdkName = 'sdk' ORDER BY SdkName", "SdkName = 'sdk' LIMIT 1", "SdkName =", "SdkName = 'sdk",
		"SdkName IS TRUE", "'sdk' = SdkName", "SdkName = SdkName", "lower(SdkName) = 'sdk'",
	} {
		query := fmt.Sprintf("TaskQueue = '%s' AND %s", e.Queue().Name, condition)
		countWorkers(e, condition, query)
	}
	for _, query := range []string{" ", "WHERE SdkName = 'sdk'", "SELECT * FROM workers", "ORDER BY SdkName", "LIMIT 1"} {
		countWorkers(e, "the query "+query, query)
	}
	own := fmt.Sprintf("TaskQueue = '%s'", "temporal-sys-"+e.ID("queue"))
	system := worker(e, "system")
	system.TaskQueue = "temporal-sys-" + e.ID("queue")
	beat(e, "a worker of the system", system)
	countWorkers(e, "it is hidden", own)
	_, _ = Call(e, "and shown on demand", e.WF.CountWorkers, &workflowservice.CountWorkersRequest{
		Namespace: e.Namespace, Query: own, IncludeSystemWorkers: true,
	})
}

func workersShutdown(e *Env) {
	beat(e, "a worker", worker(e, "w"))
	gone := worker(e, "w")
	gone.Status = enumspb.WORKER_STATUS_SHUTDOWN
	request := &workflowservice.ShutdownWorkerRequest{
		Namespace: e.Namespace, StickyTaskQueue: e.ID("sticky"), Identity: Identity, Reason: "a reason",
		WorkerHeartbeat: gone, WorkerInstanceKey: e.ID("w"), TaskQueue: e.Queue().Name,
	}
	_, _ = Call(e, "shut down", e.WF.ShutdownWorker, request)
	describeWorker(e, "it is gone", e.ID("w"))
	_, _ = Call(e, "again", e.WF.ShutdownWorker, request)
}

func workersBadRequests(e *Env) {
	beat(e, "a worker", worker(e, "w"))
	describeWorker(e, "an unknown worker", "nobody")
	describeWorker(e, "no key", "")
	_, _ = Call(e, "a bad page token", e.WF.ListWorkers, &workflowservice.ListWorkersRequest{
		Namespace: e.Namespace, PageSize: 1, NextPageToken: []byte("?"),
		Query: fmt.Sprintf("TaskQueue = '%s'", e.Queue().Name),
	})
	_, _ = Call(e, "a bad page token for nothing", e.WF.ListWorkers, &workflowservice.ListWorkersRequest{
		Namespace: e.Namespace, PageSize: 1, NextPageToken: []byte("?"), Query: "TaskQueue = 'nowhere'",
	})
	for _, namespace := range []string{"", "no-such-namespace"} {
		_, _ = Call(e, "heartbeat in "+namespace, e.WF.RecordWorkerHeartbeat, &workflowservice.RecordWorkerHeartbeatRequest{Namespace: namespace})
		_, _ = Call(e, "list in "+namespace, e.WF.ListWorkers, &workflowservice.ListWorkersRequest{Namespace: namespace})
		_, _ = Call(e, "count in "+namespace, e.WF.CountWorkers, &workflowservice.CountWorkersRequest{Namespace: namespace})
		_, _ = Call(e, "describe in "+namespace, e.WF.DescribeWorker, &workflowservice.DescribeWorkerRequest{Namespace: namespace})
		_, _ = Call(e, "shut down in "+namespace, e.WF.ShutdownWorker, &workflowservice.ShutdownWorkerRequest{Namespace: namespace})
	}
	_, _ = Call(e, "fetch a config", e.WF.FetchWorkerConfig, &workflowservice.FetchWorkerConfigRequest{Namespace: e.Namespace})
	_, _ = Call(e, "update a config", e.WF.UpdateWorkerConfig, &workflowservice.UpdateWorkerConfigRequest{Namespace: e.Namespace})
}
