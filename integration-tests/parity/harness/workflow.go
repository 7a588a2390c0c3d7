package harness

import (
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"time"
)

// Run names one run of a workflow.
type Run struct{ ID, RunID string }

// Queue is the scenario's task queue.
func (e *Env) Queue() *taskqueuepb.TaskQueue { return e.NamedQueue("queue") }

// NamedQueue is a further task queue of the scenario.
func (e *Env) NamedQueue(name string) *taskqueuepb.TaskQueue {
	return &taskqueuepb.TaskQueue{Name: e.ID(name), Kind: enumspb.TASK_QUEUE_KIND_NORMAL}
}

// StickyQueue is a queue of one worker that stands for the scenario's queue.
func (e *Env) StickyQueue(name string) *taskqueuepb.TaskQueue {
	return &taskqueuepb.TaskQueue{Name: e.ID(name), Kind: enumspb.TASK_QUEUE_KIND_STICKY, NormalName: e.Queue().Name}
}

// StartRequest is a complete, valid start of workflow `name`; callers change
// what their scenario is about.
func (e *Env) StartRequest(name string) *workflowservice.StartWorkflowExecutionRequest {
	return &workflowservice.StartWorkflowExecutionRequest{
		Namespace:    e.Namespace,
		WorkflowId:   e.ID(name),
		WorkflowType: &commonpb.WorkflowType{Name: "ParityWorkflow"},
		TaskQueue:    e.Queue(),
		Identity:     Identity,
		RequestId:    e.ID(name + "-start-request"),
	}
}

// Start starts workflow `name`, unrecorded, and makes it a touched run.
func (e *Env) Start(name string, change ...func(*workflowservice.StartWorkflowExecutionRequest)) Run {
	request := e.StartRequest(name)
	for _, c := range change {
		c(request)
	}
	response := Quiet(e, e.WF.StartWorkflowExecution, request)
	e.Touch(name, request.WorkflowId, response.GetRunId())
	return Run{request.WorkflowId, response.GetRunId()}
}

// StartRecorded is Start with its answer recorded; a refused start is no touched run.
func (e *Env) StartRecorded(step, name string, change ...func(*workflowservice.StartWorkflowExecutionRequest)) Run {
	request := e.StartRequest(name)
	for _, c := range change {
		c(request)
	}
	response, err := Call(e, step, e.WF.StartWorkflowExecution, request)
	if err != nil {
		return Run{request.WorkflowId, ""}
	}
	for _, known := range e.runs {
		if known.runID == response.GetRunId() {
			return Run{request.WorkflowId, response.GetRunId()}
		}
	}
	e.Touch(step, request.WorkflowId, response.GetRunId())
	return Run{request.WorkflowId, response.GetRunId()}
}

// Signal signals the run and records the answer.
func (e *Env) Signal(step string, run Run, name string, input any) error {
	_, err := Call(e, step, e.WF.SignalWorkflowExecution, e.SignalRequest(run, name, input))
	return err
}

// SignalRequest is a complete, valid signal.
func (e *Env) SignalRequest(run Run, name string, input any) *workflowservice.SignalWorkflowExecutionRequest {
	return &workflowservice.SignalWorkflowExecutionRequest{
		Namespace: e.Namespace, WorkflowExecution: Execution(run.ID, run.RunID),
		SignalName: name, Input: Payloads(input), Identity: Identity,
	}
}

// Terminate terminates the run and records the answer.
func (e *Env) Terminate(step string, run Run) error {
	_, err := Call(e, step, e.WF.TerminateWorkflowExecution, e.TerminateRequest(run))
	return err
}

// TerminateRequest is a complete, valid termination.
func (e *Env) TerminateRequest(run Run) *workflowservice.TerminateWorkflowExecutionRequest {
	return &workflowservice.TerminateWorkflowExecutionRequest{
		Namespace: e.Namespace, WorkflowExecution: Execution(run.ID, run.RunID),
		Reason: "enough", Details: Payloads("details"), Identity: Identity,
	}
}

// Cancel requests cancellation of the run and records the answer.
func (e *Env) Cancel(step string, run Run) error {
	_, err := Call(e, step, e.WF.RequestCancelWorkflowExecution, e.CancelRequest(run))
	return err
}

// CancelRequest is a complete, valid request for cancellation.
func (e *Env) CancelRequest(run Run) *workflowservice.RequestCancelWorkflowExecutionRequest {
	return &workflowservice.RequestCancelWorkflowExecutionRequest{
		Namespace: e.Namespace, WorkflowExecution: Execution(run.ID, run.RunID),
		Identity: Identity, Reason: "not needed",
	}
}

// Seconds is a duration in seconds.
func Seconds(n float64) *durationpb.Duration {
	return durationpb.New(time.Duration(n * float64(time.Second)))
}
