package harness

import (
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
)

// Events reads the whole history of a run, unrecorded.
func (e *Env) Events(workflowID, runID string) []*historypb.HistoryEvent {
	var events []*historypb.HistoryEvent
	var token []byte
	for {
		page := Quiet(e, e.WF.GetWorkflowExecutionHistory, &workflowservice.GetWorkflowExecutionHistoryRequest{
			Namespace: e.Namespace, Execution: Execution(workflowID, runID), NextPageToken: token,
		})
		events = append(events, page.GetHistory().GetEvents()...)
		token = page.GetNextPageToken()
		if len(token) == 0 {
			return events
		}
	}
}

// AwaitEvent waits until the run's history holds an event of the given type.
func (e *Env) AwaitEvent(run Run, kind enumspb.EventType) {
	e.Eventually(kind.String(), func() bool {
		for _, event := range e.Events(run.ID, run.RunID) {
			if event.GetEventType() == kind {
				return true
			}
		}
		return false
	})
}

// RecordHistory records every event of the run, and what its times must not do.
func (e *Env) RecordHistory(step string, run Run) {
	events := e.Events(run.ID, run.RunID)
	list := make([]any, len(events))
	for i, event := range events {
		list[i] = Plain(event)
	}
	value := map[string]any{"events": list}
	if broken := brokenTimes(events); broken != nil {
		value["broken_times"] = broken
	}
	e.Note(step, value)
}

// brokenTimes checks what placeholders would hide: event times never go back,
// and no timer fires before it is due.
func brokenTimes(events []*historypb.HistoryEvent) []string {
	var broken []string
	var last time.Time
	due := map[int64]time.Time{}
	for _, event := range events {
		at := event.GetEventTime().AsTime()
		// The started event of an activity carries the time the attempt really
		// started, which may lie before the events written since.
		lazy := event.GetEventType() == enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED
		if at.Before(last) && !lazy && !outOfOrder(event) {
			broken = append(broken, fmt.Sprintf("event %d is older than the one before it", event.GetEventId()))
		}
		if at.After(last) {
			last = at
		}
		if started := event.GetTimerStartedEventAttributes(); started != nil {
			due[event.GetEventId()] = at.Add(started.GetStartToFireTimeout().AsDuration())
		}
		if fired := event.GetTimerFiredEventAttributes(); fired != nil && at.Before(due[fired.GetStartedEventId()]) {
			broken = append(broken, fmt.Sprintf("event %d: the timer fired early", event.GetEventId()))
		}
	}
	return broken
}

// outOfOrder tells events that may have been buffered while a workflow task ran
// and keep the time at which they happened.
func outOfOrder(event *historypb.HistoryEvent) bool {
	switch event.GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED,
		enumspb.EVENT_TYPE_TIMER_FIRED,
		enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
		enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED,
		enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT,
		enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCELED:
		return true
	default:
		return false
	}
}

// RecordDescription records what DescribeWorkflowExecution says of the run.
func (e *Env) RecordDescription(step string, run Run) {
	_, _ = Call(e, step, e.WF.DescribeWorkflowExecution, &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: e.Namespace, Execution: Execution(run.ID, run.RunID),
	})
}

// finish records the touched runs and terminates those still open.
func (e *Env) finish() {
	for _, run := range e.runs {
		e.RecordHistory("history of "+run.label, Run{run.workflowID, run.runID})
		e.RecordDescription("description of "+run.label, Run{run.workflowID, run.runID})
	}
	for _, run := range e.runs {
		_, _ = call(rpcTimeout, e.WF.TerminateWorkflowExecution, &workflowservice.TerminateWorkflowExecutionRequest{
			Namespace: e.Namespace, WorkflowExecution: Execution(run.workflowID, run.runID), Reason: "the scenario is over",
		})
	}
}
