package scenarios

import (
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var taskQueueConfigs = []Scenario{
	{Name: "task_queue_config", Run: taskQueueConfig},
	{Name: "task_queue_config_bad_requests", Run: taskQueueConfigBadRequests},
}

type (
	configRequest = workflowservice.UpdateTaskQueueConfigRequest
	limitUpdate   = workflowservice.UpdateTaskQueueConfigRequest_RateLimitUpdate
)

func rateLimit(perSecond float32, reason string) *limitUpdate {
	return &limitUpdate{RateLimit: &taskqueuepb.RateLimit{RequestsPerSecond: perSecond}, Reason: reason}
}

// configure sends the request for this scenario's activity queue, unless the request names another.
func configure(e *Env, step string, request *configRequest) {
	if request.Namespace == "" {
		request.Namespace = e.Namespace
	}
	if request.TaskQueue == "" {
		request.TaskQueue = e.Queue().Name
	}
	if request.TaskQueueType == enumspb.TASK_QUEUE_TYPE_UNSPECIFIED {
		request.TaskQueueType = enumspb.TASK_QUEUE_TYPE_ACTIVITY
	}
	request.Identity = Identity
	_, _ = Call(e, step, e.WF.UpdateTaskQueueConfig, request)
}

func taskQueueConfig(e *Env) {
	describe := func(step string) {
		_, _ = Call(e, step, e.WF.DescribeTaskQueue, &workflowservice.DescribeTaskQueueRequest{
			Namespace: e.Namespace, TaskQueue: e.Queue(), TaskQueueType: enumspb.TASK_QUEUE_TYPE_ACTIVITY, ReportConfig: true,
		})
	}
	configure(e, "limit", &configRequest{UpdateQueueRateLimit: rateLimit(5, "night")})
	describe("with a limit")
	configure(e, "of keys", &configRequest{UpdateFairnessKeyRateLimitDefault: rateLimit(2.5, "")})
	configure(e, "weights", &configRequest{SetFairnessWeightOverrides: map[string]float32{"a": 2, "b": 0.5}})
	configure(e, "other weights", &configRequest{
		SetFairnessWeightOverrides: map[string]float32{"a": 3}, UnsetFairnessWeightOverrides: []string{"b", "unknown"},
	})
	describe("with all")
	configure(e, "no limit", &configRequest{UpdateQueueRateLimit: &limitUpdate{Reason: "day"}})
	configure(e, "nothing passes", &configRequest{UpdateQueueRateLimit: rateLimit(0, "stop")})
	configure(e, "no change", &configRequest{})
	configure(e, "weights of workflow tasks", &configRequest{
		TaskQueueType: enumspb.TASK_QUEUE_TYPE_WORKFLOW, SetFairnessWeightOverrides: map[string]float32{"a": 2},
	})
	configure(e, "limit lifted for workflow tasks", &configRequest{
		TaskQueueType: enumspb.TASK_QUEUE_TYPE_WORKFLOW, UpdateQueueRateLimit: &limitUpdate{Reason: "none"},
	})
}

func taskQueueConfigBadRequests(e *Env) {
	long := strings.Repeat("x", 1001)
	configure(e, "unknown namespace", &configRequest{Namespace: e.ID("nowhere"), UpdateQueueRateLimit: rateLimit(1, "")})
	configure(e, "limit of workflow tasks", &configRequest{
		TaskQueueType: enumspb.TASK_QUEUE_TYPE_WORKFLOW, UpdateQueueRateLimit: rateLimit(1, ""),
	})
	configure(e, "key limit of workflow tasks", &configRequest{
		TaskQueueType: enumspb.TASK_QUEUE_TYPE_WORKFLOW, UpdateFairnessKeyRateLimitDefault: rateLimit(1, ""),
	})
	configure(e, "negative limit", &configRequest{UpdateQueueRateLimit: rateLimit(-1, "")})
	configure(e, "negative key limit", &configRequest{UpdateFairnessKeyRateLimitDefault: rateLimit(-1, "")})
	configure(e, "long reason", &configRequest{UpdateQueueRateLimit: rateLimit(1, long)})
	configure(e, "long key reason", &configRequest{UpdateFairnessKeyRateLimitDefault: rateLimit(1, long)})
	configure(e, "empty key", &configRequest{SetFairnessWeightOverrides: map[string]float32{"": 1}})
	configure(e, "long key", &configRequest{SetFairnessWeightOverrides: map[string]float32{strings.Repeat("k", 65): 1}})
	configure(e, "weight of nothing", &configRequest{SetFairnessWeightOverrides: map[string]float32{"a": 0}})
	configure(e, "empty key to unset", &configRequest{UnsetFairnessWeightOverrides: []string{""}})
	configure(e, "set and unset", &configRequest{
		SetFairnessWeightOverrides: map[string]float32{"a": 1}, UnsetFairnessWeightOverrides: []string{"a"},
	})
	configure(e, "too many", &configRequest{UnsetFairnessWeightOverrides: make([]string, 1001)})
}
