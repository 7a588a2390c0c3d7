package scenarios

import (
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var taskQueues = []Scenario{
	{Name: "poll_bad_requests", Run: pollBadRequests},
	{Name: "poll_empty", Run: pollEmpty},
	{Name: "describe_task_queue", Run: describeTaskQueue},
	{Name: "describe_task_queue_enhanced", Run: describeTaskQueueEnhanced},
	{Name: "shutdown_worker", Run: shutdownWorker},
}

func pollBadRequests(e *Env) {
	for _, bad := range []struct {
		step      string
		namespace string
		queue     *taskqueuepb.TaskQueue
		identity  string
	}{
		{"no queue", e.Namespace, nil, Identity},
		{"empty queue", e.Namespace, &taskqueuepb.TaskQueue{}, Identity},
		{"long queue", e.Namespace, &taskqueuepb.TaskQueue{Name: strings.Repeat("q", 1001)}, Identity},
		{"reserved queue", e.Namespace, &taskqueuepb.TaskQueue{Name: "/_sys/x/y"}, Identity},
		{"sticky without normal name", e.Namespace, &taskqueuepb.TaskQueue{Name: e.ID("s"), Kind: enumspb.TASK_QUEUE_KIND_STICKY}, Identity},
		{"no namespace", "", e.Queue(), Identity},
		{"unknown namespace", e.ID("nowhere"), e.Queue(), Identity},
		{"long identity", e.Namespace, e.Queue(), strings.Repeat("i", 1001)},
	} {
		_, _ = CallWithin(e, "workflow: "+bad.step, 2500*time.Millisecond, e.WF.PollWorkflowTaskQueue, &workflowservice.PollWorkflowTaskQueueRequest{
			Namespace: bad.namespace, TaskQueue: bad.queue, Identity: bad.identity,
		})
		_, _ = CallWithin(e, "activity: "+bad.step, 2500*time.Millisecond, e.WF.PollActivityTaskQueue, &workflowservice.PollActivityTaskQueueRequest{
			Namespace: bad.namespace, TaskQueue: bad.queue, Identity: bad.identity,
		})
	}
	_, _ = CallWithin(e, "no deadline", 0, e.WF.PollWorkflowTaskQueue, &workflowservice.PollWorkflowTaskQueueRequest{
		Namespace: e.Namespace, TaskQueue: e.Queue(), Identity: Identity,
	})
	_, _ = CallWithin(e, "short deadline", time.Second, e.WF.PollActivityTaskQueue, &workflowservice.PollActivityTaskQueueRequest{
		Namespace: e.Namespace, TaskQueue: e.Queue(), Identity: Identity,
	})
}

func pollEmpty(e *Env) {
	_, _ = CallWithin(e, "workflow", 2500*time.Millisecond, e.WF.PollWorkflowTaskQueue, &workflowservice.PollWorkflowTaskQueueRequest{
		Namespace: e.Namespace, TaskQueue: e.Queue(), Identity: Identity,
	})
	_, _ = CallWithin(e, "activity", 2500*time.Millisecond, e.WF.PollActivityTaskQueue, &workflowservice.PollActivityTaskQueueRequest{
		Namespace: e.Namespace, TaskQueue: e.Queue(), Identity: Identity,
	})
}

func describeTaskQueue(e *Env) {
	describe := func(step string, queue *taskqueuepb.TaskQueue, kind enumspb.TaskQueueType) {
		_, _ = Call(e, step, e.WF.DescribeTaskQueue, &workflowservice.DescribeTaskQueueRequest{
			Namespace: e.Namespace, TaskQueue: queue, TaskQueueType: kind,
		})
	}
	describe("never used", e.Queue(), enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	e.Start("wf")
	e.Step("task", CompleteWorkflow("done"))
	describe("after a poll", e.Queue(), enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	describe("its activities", e.Queue(), enumspb.TASK_QUEUE_TYPE_ACTIVITY)
	describe("no type", e.Queue(), enumspb.TASK_QUEUE_TYPE_UNSPECIFIED)
	describe("no queue", nil, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	describe("empty queue", &taskqueuepb.TaskQueue{}, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
}

func describeTaskQueueEnhanced(e *Env) {
	// Each has a queue of its own, because the reference keeps its answers for a while.
	for _, asked := range []struct {
		step    string
		request *workflowservice.DescribeTaskQueueRequest
	}{
		{"nothing", &workflowservice.DescribeTaskQueueRequest{}},
		{"pollers", &workflowservice.DescribeTaskQueueRequest{ReportPollers: true}},
		{"stats", &workflowservice.DescribeTaskQueueRequest{ReportStats: true}},
		{"reachability", &workflowservice.DescribeTaskQueueRequest{ReportTaskReachability: true}},
		{"activities only", &workflowservice.DescribeTaskQueueRequest{
			ReportPollers: true, ReportStats: true, TaskQueueTypes: []enumspb.TaskQueueType{enumspb.TASK_QUEUE_TYPE_ACTIVITY},
		}},
		{"no version", &workflowservice.DescribeTaskQueueRequest{Versions: &taskqueuepb.TaskQueueVersionSelection{}}},
		{"unversioned", &workflowservice.DescribeTaskQueueRequest{
			ReportPollers: true, Versions: &taskqueuepb.TaskQueueVersionSelection{Unversioned: true},
		}},
		{"a version", &workflowservice.DescribeTaskQueueRequest{
			ReportPollers: true, ReportStats: true, ReportTaskReachability: true,
			Versions: &taskqueuepb.TaskQueueVersionSelection{Unversioned: true, BuildIds: []string{"a-build"}},
		}},
		{"all active", &workflowservice.DescribeTaskQueueRequest{Versions: &taskqueuepb.TaskQueueVersionSelection{AllActive: true}}},
		{"too many versions", &workflowservice.DescribeTaskQueueRequest{
			ReportTaskReachability: true, Versions: &taskqueuepb.TaskQueueVersionSelection{BuildIds: []string{"1", "2", "3", "4", "5", "6"}},
		}},
	} {
		queue := e.NamedQueue(asked.step)
		_ = Quiet(e, e.WF.StartWorkflowExecution, func() *startRequest {
			request := e.StartRequest(asked.step)
			request.TaskQueue = queue
			return request
		}())
		_ = Quiet(e, e.WF.PollWorkflowTaskQueue, &workflowservice.PollWorkflowTaskQueueRequest{
			Namespace: e.Namespace, TaskQueue: queue, Identity: Identity,
		})
		asked.request.Namespace, asked.request.TaskQueue = e.Namespace, queue
		asked.request.ApiMode = enumspb.DESCRIBE_TASK_QUEUE_MODE_ENHANCED
		_, _ = Call(e, asked.step, e.WF.DescribeTaskQueue, asked.request)
	}
}

func shutdownWorker(e *Env) {
	_, _ = Call(e, "shutdown", e.WF.ShutdownWorker, &workflowservice.ShutdownWorkerRequest{
		Namespace: e.Namespace, StickyTaskQueue: e.ID("sticky"), Identity: Identity, Reason: "done",
	})
	_, _ = Call(e, "unknown namespace", e.WF.ShutdownWorker, &workflowservice.ShutdownWorkerRequest{
		Namespace: e.ID("nowhere"), StickyTaskQueue: e.ID("sticky"), Identity: Identity,
	})
}
