package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"klamm.dev/bench/internal/workload"
)

const (
	identity = "bench-direct"
	// pollTimeout is what SDKs give a poll.
	pollTimeout = 70 * time.Second
	// What the worker does with a workflow goes by its type.
	plannedType, childType, idleType = "planned", "child", "idle"
)

var smallPayloads = &commonpb.Payloads{Payloads: []*commonpb.Payload{{
	Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(`{"activities":1}`),
}}}

// progress is what the worker knows of a run, counted from its history's events.
type progress struct {
	scheduled, completed int
	timerStarted         time.Time
	timerFired           bool
	signals              int
	initiated, ended     int // children
}

type directWorker struct {
	client  workflowservice.WorkflowServiceClient
	options *workload.Options
	queue   *taskqueuepb.TaskQueue
	sticky  *taskqueuepb.TaskQueue
	handled *workload.Handled

	guard sync.Mutex
	runs  map[string]*progress
}

// startWorker polls for tasks until the returned function is called.
func startWorker(
	client workflowservice.WorkflowServiceClient, options *workload.Options, queue string, handled *workload.Handled,
) (stop func()) {
	w := &directWorker{
		client: client, options: options, handled: handled,
		queue:  &taskqueuepb.TaskQueue{Name: queue, Kind: enumspb.TASK_QUEUE_KIND_NORMAL},
		sticky: &taskqueuepb.TaskQueue{Name: queue + "-sticky", Kind: enumspb.TASK_QUEUE_KIND_STICKY, NormalName: queue},
		runs:   map[string]*progress{},
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	for range options.Pollers {
		group.Go(func() { w.pollWorkflows(ctx, w.queue) })
		group.Go(func() { w.pollWorkflows(ctx, w.sticky) })
		if options.Activities > 0 {
			group.Go(func() { w.pollActivities(ctx) })
		}
	}
	return func() {
		cancel()
		group.Wait()
	}
}

func (w *directWorker) pollWorkflows(ctx context.Context, queue *taskqueuepb.TaskQueue) {
	for ctx.Err() == nil {
		poll, cancel := context.WithTimeout(ctx, pollTimeout)
		task, err := w.client.PollWorkflowTaskQueue(poll, &workflowservice.PollWorkflowTaskQueueRequest{
			Namespace: w.options.Namespace, TaskQueue: queue, Identity: identity,
		})
		cancel()
		if err != nil {
			pause(ctx, "poll for workflow tasks", err)
			continue
		}
		if len(task.GetTaskToken()) == 0 {
			continue
		}
		completion := &workflowservice.RespondWorkflowTaskCompletedRequest{
			Namespace: w.options.Namespace, TaskToken: task.GetTaskToken(), Identity: identity,
			StickyAttributes: &taskqueuepb.StickyExecutionAttributes{
				WorkerTaskQueue: w.sticky, ScheduleToStartTimeout: durationpb.New(5 * time.Second),
			},
		}
		if task.GetWorkflowType().GetName() == idleType {
			w.answerIdle(ctx, task, completion)
			continue
		}
		completion.Commands = w.decide(task)
		if _, err = w.client.RespondWorkflowTaskCompleted(ctx, completion); err != nil && ctx.Err() == nil {
			// A signal that arrived while the run was closing: the server hands
			// the task out again, with that signal.
			w.forget(task)
		}
	}
}

// decide counts the new events and says what comes next in the plan.
func (w *directWorker) decide(task *workflowservice.PollWorkflowTaskQueueResponse) []*commandpb.Command {
	if task.GetWorkflowType().GetName() == childType {
		return []*commandpb.Command{completeWorkflow()}
	}
	p := w.progressOf(task)
	for _, event := range task.GetHistory().GetEvents() {
		switch event.GetEventType() {
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
			p.scheduled++
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
			p.completed++
		case enumspb.EVENT_TYPE_TIMER_STARTED:
			p.timerStarted = event.GetEventTime().AsTime()
		case enumspb.EVENT_TYPE_TIMER_FIRED:
			if !p.timerFired {
				w.options.Lateness.Add(event.GetEventTime().AsTime().Sub(p.timerStarted) - w.options.Timer)
			}
			p.timerFired = true
		case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
			p.signals++
		case enumspb.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
			p.initiated++
		case enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED:
			p.ended++
		}
	}
	switch {
	case p.completed < p.scheduled:
		return nil
	case p.scheduled < w.options.Activities:
		return []*commandpb.Command{w.scheduleActivity(p.scheduled)}
	case w.options.Timer > 0 && p.timerStarted.IsZero():
		return []*commandpb.Command{startTimer(w.options.Timer)}
	case w.options.Timer > 0 && !p.timerFired:
		return nil
	case p.signals < w.options.Signals || p.ended < p.initiated:
		return nil
	case p.initiated < w.options.Children:
		return []*commandpb.Command{w.startChild(fmt.Sprintf("%s-child-%d", task.GetWorkflowExecution().GetWorkflowId(), p.initiated))}
	default:
		w.forget(task)
		return []*commandpb.Command{completeWorkflow()}
	}
}

// progressOf finds what is known of the task's run. A history from its first
// event on says everything anew.
func (w *directWorker) progressOf(task *workflowservice.PollWorkflowTaskQueueResponse) *progress {
	w.guard.Lock()
	defer w.guard.Unlock()
	run := task.GetWorkflowExecution().GetRunId()
	events := task.GetHistory().GetEvents()
	p := w.runs[run]
	if p == nil || len(events) > 0 && events[0].GetEventId() == 1 {
		p = &progress{}
		w.runs[run] = p
	}
	return p
}

func (w *directWorker) forget(task *workflowservice.PollWorkflowTaskQueueResponse) {
	w.guard.Lock()
	defer w.guard.Unlock()
	delete(w.runs, task.GetWorkflowExecution().GetRunId())
}

func (w *directWorker) pollActivities(ctx context.Context) {
	for ctx.Err() == nil {
		poll, cancel := context.WithTimeout(ctx, pollTimeout)
		task, err := w.client.PollActivityTaskQueue(poll, &workflowservice.PollActivityTaskQueueRequest{
			Namespace: w.options.Namespace, TaskQueue: w.queue, Identity: identity,
		})
		cancel()
		if err != nil {
			pause(ctx, "poll for activity tasks", err)
			continue
		}
		if len(task.GetTaskToken()) == 0 {
			continue
		}
		if _, err := w.client.RespondActivityTaskCompleted(ctx, &workflowservice.RespondActivityTaskCompletedRequest{
			Namespace: w.options.Namespace, TaskToken: task.GetTaskToken(), Identity: identity, Result: smallPayloads,
		}); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "bench direct: an activity's result was refused:", err)
		}
	}
}

// pause keeps a server that refuses polls from being asked without end.
func pause(ctx context.Context, what string, err error) {
	if ctx.Err() != nil {
		return
	}
	fmt.Fprintf(os.Stderr, "bench direct: %s: %v\n", what, err)
	select {
	case <-ctx.Done():
	case <-time.After(100 * time.Millisecond):
	}
}

func (w *directWorker) scheduleActivity(number int) *commandpb.Command {
	return &commandpb.Command{
		CommandType: enumspb.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
		Attributes: &commandpb.Command_ScheduleActivityTaskCommandAttributes{
			ScheduleActivityTaskCommandAttributes: &commandpb.ScheduleActivityTaskCommandAttributes{
				ActivityId:   fmt.Sprint(number),
				ActivityType: &commonpb.ActivityType{Name: "echo"},
				TaskQueue:    w.queue, Input: smallPayloads,
				StartToCloseTimeout: durationpb.New(time.Minute),
			},
		},
	}
}

func (w *directWorker) startChild(id string) *commandpb.Command {
	return &commandpb.Command{
		CommandType: enumspb.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION,
		Attributes: &commandpb.Command_StartChildWorkflowExecutionCommandAttributes{
			StartChildWorkflowExecutionCommandAttributes: &commandpb.StartChildWorkflowExecutionCommandAttributes{
				WorkflowId: id, WorkflowType: &commonpb.WorkflowType{Name: childType}, TaskQueue: w.queue, Input: smallPayloads,
			},
		},
	}
}

func startTimer(length time.Duration) *commandpb.Command {
	return &commandpb.Command{
		CommandType: enumspb.COMMAND_TYPE_START_TIMER,
		Attributes: &commandpb.Command_StartTimerCommandAttributes{
			StartTimerCommandAttributes: &commandpb.StartTimerCommandAttributes{
				TimerId: "timer", StartToFireTimeout: durationpb.New(length),
			},
		},
	}
}

func completeWorkflow() *commandpb.Command {
	return &commandpb.Command{
		CommandType: enumspb.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
		Attributes: &commandpb.Command_CompleteWorkflowExecutionCommandAttributes{
			CompleteWorkflowExecutionCommandAttributes: &commandpb.CompleteWorkflowExecutionCommandAttributes{Result: smallPayloads},
		},
	}
}
