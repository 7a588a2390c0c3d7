package scenarios

import (
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var histories = []Scenario{
	{Name: "history_paging", Run: historyPaging},
	{Name: "history_reverse", Run: historyReverse},
	{Name: "history_close_event", Run: historyCloseEvent},
	{Name: "history_long_poll", Run: historyLongPoll},
	{Name: "history_long_poll_times_out", Run: historyLongPollTimesOut},
	{Name: "history_bad_requests", Run: historyBadRequests},
}

type historyRequest = workflowservice.GetWorkflowExecutionHistoryRequest

func historyOf(e *Env, run Run, change ...func(*historyRequest)) *historyRequest {
	request := &historyRequest{Namespace: e.Namespace, Execution: Execution(run.ID, run.RunID)}
	for _, c := range change {
		c(request)
	}
	return request
}

// threeTasks brings a run to 13 events and closes it.
func threeTasks(e *Env) Run {
	run := e.Start("wf")
	e.Step("", RecordMarker("m1"), RecordMarker("m2"))
	_ = e.Signal("signal", run, "s", 1)
	e.Step("", RecordMarker("m3"))
	_ = e.Signal("another signal", run, "s", 2)
	e.Step("", CompleteWorkflow("done"))
	return run
}

func historyPaging(e *Env) {
	run := threeTasks(e)
	var token []byte
	for _, step := range []string{"page 1", "page 2", "page 3", "page 4", "page 5", "page 6", "page 7", "page 8"} {
		page, err := Call(e, step, e.WF.GetWorkflowExecutionHistory, historyOf(e, run, func(r *historyRequest) {
			r.MaximumPageSize = 3
			r.NextPageToken = token
		}))
		token = page.GetNextPageToken()
		if err != nil || len(token) == 0 {
			return
		}
	}
}

func historyReverse(e *Env) {
	run := threeTasks(e)
	var token []byte
	for _, step := range []string{"page 1", "page 2", "page 3", "page 4", "page 5", "page 6", "page 7", "page 8"} {
		page, err := Call(e, step, e.WF.GetWorkflowExecutionHistoryReverse, &workflowservice.GetWorkflowExecutionHistoryReverseRequest{
			Namespace: e.Namespace, Execution: Execution(run.ID, run.RunID), MaximumPageSize: 5, NextPageToken: token,
		})
		token = page.GetNextPageToken()
		if err != nil || len(token) == 0 {
			return
		}
	}
}

func closeEvent(r *historyRequest) {
	r.HistoryEventFilterType = enumspb.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT
}

func historyCloseEvent(e *Env) {
	run := e.Start("wf")
	_, _ = Call(e, "running", e.WF.GetWorkflowExecutionHistory, historyOf(e, run, closeEvent))
	waiting := Go(10*time.Second, e.WF.GetWorkflowExecutionHistory, historyOf(e, run, closeEvent, func(r *historyRequest) { r.WaitNewEvent = true }))
	e.Step("task", CompleteWorkflow("done"))
	_, _ = Join(e, "waiting for the close", waiting)
	_, _ = Call(e, "closed", e.WF.GetWorkflowExecutionHistory, historyOf(e, run, closeEvent))
	_, _ = Call(e, "closed, by id alone", e.WF.GetWorkflowExecutionHistory, historyOf(e, Run{ID: run.ID}, closeEvent))
}

func historyLongPoll(e *Env) {
	run := e.Start("wf")
	wait := func(token []byte) func(*historyRequest) {
		return func(r *historyRequest) { r.WaitNewEvent, r.NextPageToken = true, token }
	}
	first, err := Call(e, "first page", e.WF.GetWorkflowExecutionHistory, historyOf(e, run, wait(nil)))
	if err != nil {
		return
	}
	waiting := Go(10*time.Second, e.WF.GetWorkflowExecutionHistory, historyOf(e, run, wait(first.GetNextPageToken())))
	e.Eventually("the long poll has reached the server", dueIn(200))
	_ = e.Signal("signal", run, "s", 1)
	second, err := Join(e, "what the signal brought", waiting)
	if err != nil {
		return
	}
	_ = e.Terminate("terminate", run)
	third, err := Call(e, "what the end brought", e.WF.GetWorkflowExecutionHistory, historyOf(e, run, wait(second.GetNextPageToken())))
	if err == nil {
		e.Note("there is a further page", len(third.GetNextPageToken()) > 0)
	}
}

func historyLongPollTimesOut(e *Env) {
	run := e.Start("wf")
	first := Quiet(e, e.WF.GetWorkflowExecutionHistory, historyOf(e, run, func(r *historyRequest) { r.WaitNewEvent = true }))
	_, _ = CallWithin(e, "nothing happens", 3*time.Second, e.WF.GetWorkflowExecutionHistory, historyOf(e, run, func(r *historyRequest) {
		r.WaitNewEvent, r.NextPageToken = true, first.GetNextPageToken()
	}))
	_, _ = CallWithin(e, "close event of a running workflow", 3*time.Second, e.WF.GetWorkflowExecutionHistory, historyOf(e, run, closeEvent, func(r *historyRequest) {
		r.WaitNewEvent = true
	}))
}

func historyBadRequests(e *Env) {
	run := e.Start("wf")
	other := e.Start("other")
	paged := threeTasksNamed(e, "paged")
	page := Quiet(e, e.WF.GetWorkflowExecutionHistory, historyOf(e, paged, func(r *historyRequest) { r.MaximumPageSize = 1 }))
	withToken := func(token []byte) func(*historyRequest) {
		return func(r *historyRequest) { r.NextPageToken = token }
	}
	_, _ = Call(e, "malformed token", e.WF.GetWorkflowExecutionHistory, historyOf(e, run, withToken([]byte("garbage"))))
	_, _ = Call(e, "token of another run", e.WF.GetWorkflowExecutionHistory, historyOf(e, other, withToken(page.GetNextPageToken())))
	_, _ = Call(e, "negative page size", e.WF.GetWorkflowExecutionHistory, historyOf(e, run, func(r *historyRequest) { r.MaximumPageSize = -1 }))
	_, _ = Call(e, "reverse with a malformed token", e.WF.GetWorkflowExecutionHistoryReverse, &workflowservice.GetWorkflowExecutionHistoryReverseRequest{
		Namespace: e.Namespace, Execution: Execution(run.ID, run.RunID), NextPageToken: []byte("garbage"),
	})
}

// threeTasksNamed is a closed run with more events than one page of the tests holds.
func threeTasksNamed(e *Env, name string) Run {
	run := e.Start(name, func(r *startRequest) { r.TaskQueue = e.NamedQueue(name) })
	task := e.PollWorkflowOn("", e.NamedQueue(name))
	Quiet(e, e.WF.RespondWorkflowTaskCompleted, e.CompleteRequest(task, RecordMarker("m"), CompleteWorkflow("done")))
	return run
}
