package harness

import (
	"time"

	commandpb "go.temporal.io/api/command/v1"
	enumspb "go.temporal.io/api/enums/v1"
	querypb "go.temporal.io/api/query/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/proto"
)

// pollTimeout is how long one poll waits for a task that is known to come; an
// empty poll is repeated pollTries times.
const (
	pollTimeout = 5 * time.Second
	pollTries   = 3
)

// repeat polls until a task comes, an error does, or its tries are used up.
func repeat[Q proto.Message, R interface {
	proto.Message
	GetTaskToken() []byte
}](rpc RPC[Q, R], request Q) (R, error) {
	for try := 1; ; try++ {
		task, err := call(pollTimeout, rpc, request)
		if err != nil || len(task.GetTaskToken()) > 0 || try == pollTries {
			return task, err
		}
	}
}

// WorkflowTask is a task as a worker got it.
type WorkflowTask = workflowservice.PollWorkflowTaskQueueResponse

// ActivityTask is a task as a worker got it.
type ActivityTask = workflowservice.PollActivityTaskQueueResponse

// PollWorkflow takes the next workflow task of the scenario's queue and records
// it; the scenario ends if none comes.
func (e *Env) PollWorkflow(step string) *WorkflowTask { return e.PollWorkflowOn(step, e.Queue()) }

// PollWorkflowOn is PollWorkflow on another queue. An empty step records nothing.
func (e *Env) PollWorkflowOn(step string, queue *taskqueuepb.TaskQueue) *WorkflowTask {
	task, err := repeat(e.WF.PollWorkflowTaskQueue, &workflowservice.PollWorkflowTaskQueueRequest{
		Namespace: e.Namespace, TaskQueue: queue, Identity: Identity,
	})
	if step != "" {
		e.Note(step, answer(task, err))
	}
	if err != nil || len(task.GetTaskToken()) == 0 {
		e.Abort("%s: no workflow task came: %v", step, err)
	}
	return task
}

// CompleteRequest answers a workflow task with commands.
func (e *Env) CompleteRequest(task *WorkflowTask, commands ...*commandpb.Command) *workflowservice.RespondWorkflowTaskCompletedRequest {
	return &workflowservice.RespondWorkflowTaskCompletedRequest{
		Namespace: e.Namespace, TaskToken: task.GetTaskToken(), Identity: Identity, Commands: commands,
	}
}

// Complete answers a workflow task with commands and records the answer.
func (e *Env) Complete(step string, task *WorkflowTask, commands ...*commandpb.Command) (*workflowservice.RespondWorkflowTaskCompletedResponse, error) {
	return Call(e, step, e.WF.RespondWorkflowTaskCompleted, e.CompleteRequest(task, commands...))
}

// Step takes the next workflow task and completes it; only the task is recorded.
func (e *Env) Step(step string, commands ...*commandpb.Command) *WorkflowTask {
	task := e.PollWorkflow(step)
	Quiet(e, e.WF.RespondWorkflowTaskCompleted, e.CompleteRequest(task, commands...))
	return task
}

// Fail reports a workflow task as failed and records the answer.
func (e *Env) Fail(step string, task *WorkflowTask, cause enumspb.WorkflowTaskFailedCause) error {
	_, err := Call(e, step, e.WF.RespondWorkflowTaskFailed, &workflowservice.RespondWorkflowTaskFailedRequest{
		Namespace: e.Namespace, TaskToken: task.GetTaskToken(), Identity: Identity,
		Cause: cause, Failure: ApplicationFailure("the workflow's code failed", "Panic", false),
	})
	return err
}

// PollActivity takes the next activity task of the scenario's queue and records it.
func (e *Env) PollActivity(step string) *ActivityTask {
	task, err := repeat(e.WF.PollActivityTaskQueue, &workflowservice.PollActivityTaskQueueRequest{
		Namespace: e.Namespace, TaskQueue: e.Queue(), Identity: Identity,
	})
	if step != "" {
		e.Note(step, answer(task, err))
	}
	if err != nil || len(task.GetTaskToken()) == 0 {
		e.Abort("%s: no activity task came: %v", step, err)
	}
	return task
}

// CompleteActivity reports an activity's result and records the answer.
func (e *Env) CompleteActivity(step string, task *ActivityTask, result any) error {
	_, err := Call(e, step, e.WF.RespondActivityTaskCompleted, &workflowservice.RespondActivityTaskCompletedRequest{
		Namespace: e.Namespace, TaskToken: task.GetTaskToken(), Identity: Identity, Result: Payloads(result),
	})
	return err
}

// FailActivity reports an activity's failure and records the answer.
func (e *Env) FailActivity(step string, task *ActivityTask, kind string, nonRetryable bool) error {
	_, err := Call(e, step, e.WF.RespondActivityTaskFailed, &workflowservice.RespondActivityTaskFailedRequest{
		Namespace: e.Namespace, TaskToken: task.GetTaskToken(), Identity: Identity,
		Failure: ApplicationFailure("the activity's code failed", kind, nonRetryable),
	})
	return err
}

// Heartbeat reports progress and records the answer.
func (e *Env) Heartbeat(step string, task *ActivityTask, details any) error {
	_, err := Call(e, step, e.WF.RecordActivityTaskHeartbeat, &workflowservice.RecordActivityTaskHeartbeatRequest{
		Namespace: e.Namespace, TaskToken: task.GetTaskToken(), Identity: Identity, Details: Payloads(details),
	})
	return err
}

// CancelActivity reports that an activity let itself be canceled, recorded.
func (e *Env) CancelActivity(step string, task *ActivityTask, details any) error {
	_, err := Call(e, step, e.WF.RespondActivityTaskCanceled, &workflowservice.RespondActivityTaskCanceledRequest{
		Namespace: e.Namespace, TaskToken: task.GetTaskToken(), Identity: Identity, Details: Payloads(details),
	})
	return err
}

// QueryRequest asks a workflow something.
func (e *Env) QueryRequest(run Run, kind string) *workflowservice.QueryWorkflowRequest {
	return &workflowservice.QueryWorkflowRequest{
		Namespace: e.Namespace, Execution: Execution(run.ID, run.RunID),
		Query: &querypb.WorkflowQuery{QueryType: kind, QueryArgs: Payloads("argument")},
	}
}
