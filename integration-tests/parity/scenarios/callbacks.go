package scenarios

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var callbacks = []Scenario{
	{Name: "callback_bad_requests", Run: callbackBadRequests},
	{Name: "callback_too_many", Run: callbackTooMany},
	{Name: "callback_completed", Run: func(e *Env) { callbackOf(e, CompleteWorkflow("done")) }},
	{Name: "callback_completed_empty", Run: func(e *Env) { callbackOf(e, CompleteWorkflow(nil)) }},
	{Name: "callback_failed", Run: func(e *Env) { callbackOf(e, FailWorkflow("Broken")) }},
	{Name: "callback_canceled", Run: func(e *Env) { callbackOf(e, CancelWorkflow("why")) }},
	{Name: "callback_terminated", Run: callbackTerminated},
	{Name: "callback_timed_out", Run: callbackTimedOut},
	{Name: "callback_refused", Run: func(e *Env) { callbackAnswered(e, http.StatusNotFound, 1) }},
	{Name: "callback_retried", Run: func(e *Env) { callbackAnswered(e, http.StatusServiceUnavailable, 2) }},
	{Name: "callback_handler_error", Run: callbackHandlerError},
	{Name: "callback_continued_as_new", Run: callbackContinuedAsNew},
	{Name: "callback_attached", Run: callbackAttached},
	{Name: "callback_attached_while_task_runs", Run: callbackAttachedWhileTaskRuns},
	{Name: "callback_links", Run: callbackLinks},
}

// target is an HTTP server that callbacks go to. It notes the requests.
type target struct {
	url    string
	mutex  sync.Mutex
	got    []map[string]any
	answer func(attempt int) (int, string)
	close  func()
}

// ownHeaders differ between HTTP clients and from run to run.
var ownHeaders = map[string]bool{
	"User-Agent": true, "Accept-Encoding": true, "Content-Length": true, "Transfer-Encoding": true, "Host": true, "Accept": true,
	"Nexus-Operation-Start-Time": true, "Nexus-Operation-Close-Time": true, "Traceparent": true,
}

func newTarget(e *Env, answer func(attempt int) (int, string)) *target {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		e.Abort("no port for the callbacks: %v", err)
	}
	t := &target{url: "http://" + listener.Addr().String() + "/callback", answer: answer}
	server := &http.Server{Handler: t, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	t.close = func() { _ = server.Close() }
	return t
}

func (t *target) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	headers := map[string]any{}
	for name, values := range r.Header {
		if !ownHeaders[name] {
			headers[name] = strings.Join(values, ", ")
		}
	}
	times := []bool{r.Header.Get("Nexus-Operation-Start-Time") != "", r.Header.Get("Nexus-Operation-Close-Time") != ""}
	t.mutex.Lock()
	t.got = append(t.got, map[string]any{"method": r.Method, "path": r.URL.Path, "headers": headers, "times": times, "body": readable(body)})
	attempt := len(t.got)
	t.mutex.Unlock()
	status, text := t.answer(attempt)
	if strings.HasPrefix(text, "{") {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_, _ = io.Copy(w, bytes.NewBufferString(text))
}

// readable is the body as JSON, where it is some.
func readable(body []byte) any {
	var value any
	if json.Unmarshal(body, &value) == nil {
		return value
	}
	return string(body)
}

func (t *target) requests() []map[string]any {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return append([]map[string]any(nil), t.got...)
}

func (t *target) callback() *commonpb.Callback {
	return &commonpb.Callback{Variant: &commonpb.Callback_Nexus_{Nexus: &commonpb.Callback_Nexus{
		Url: t.url, Header: map[string]string{"Some-Token": "token"},
	}}}
}

func accept(int) (int, string) { return http.StatusOK, "" }

// callbackInfos are the callbacks as describe shows them.
func callbackInfos(e *Env, run Run) []*workflowpb.CallbackInfo {
	return Quiet(e, e.WF.DescribeWorkflowExecution, describeOf(e, run)).GetCallbacks()
}

func describeOf(e *Env, run Run) *workflowservice.DescribeWorkflowExecutionRequest {
	return &workflowservice.DescribeWorkflowExecutionRequest{Namespace: e.Namespace, Execution: Execution(run.ID, run.RunID)}
}

// untilState waits until every callback of the run is in this state, and gives them.
func untilState(e *Env, run Run, state enumspb.CallbackState) []*workflowpb.CallbackInfo {
	var infos []*workflowpb.CallbackInfo
	e.Eventually("callbacks are "+state.String(), func() bool {
		infos = callbackInfos(e, run)
		for _, info := range infos {
			if info.GetState() != state {
				return false
			}
		}
		return len(infos) > 0
	})
	return infos
}

func startWithCallback(e *Env, t *target, change ...func(*startRequest)) Run {
	return e.Start("wf", append([]func(*startRequest){func(r *startRequest) {
		r.CompletionCallbacks = []*commonpb.Callback{t.callback()}
	}}, change...)...)
}

// callbackOf lets the workflow close by this command and shows what its callback gets.
func callbackOf(e *Env, closing *commandpb.Command) {
	t := newTarget(e, accept)
	defer t.close()
	run := startWithCallback(e, t)
	_, _ = Call(e, "describe before the close", e.WF.DescribeWorkflowExecution, describeOf(e, run))
	if closing.CommandType == enumspb.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION {
		_ = e.Cancel("cancel", run)
	}
	e.Step("workflow task", closing)
	untilState(e, run, enumspb.CALLBACK_STATE_SUCCEEDED)
	e.Note("requests", t.requests())
}

func callbackTerminated(e *Env) {
	t := newTarget(e, accept)
	defer t.close()
	run := startWithCallback(e, t)
	_ = e.Terminate("terminate", run)
	untilState(e, run, enumspb.CALLBACK_STATE_SUCCEEDED)
	e.Note("requests", t.requests())
}

func callbackTimedOut(e *Env) {
	t := newTarget(e, accept)
	defer t.close()
	run := startWithCallback(e, t, func(r *startRequest) { r.WorkflowRunTimeout = Seconds(1) })
	untilState(e, run, enumspb.CALLBACK_STATE_SUCCEEDED)
	e.Note("requests", t.requests())
}

// callbackAnswered lets the first attempt be answered by this status and all others by success.
func callbackAnswered(e *Env, status, attempts int) {
	t := newTarget(e, func(attempt int) (int, string) {
		if attempt == 1 {
			return status, "what a person would read"
		}
		return http.StatusOK, ""
	})
	defer t.close()
	run := startWithCallback(e, t)
	e.Step("workflow task", CompleteWorkflow("done"))
	if attempts == 1 {
		untilState(e, run, enumspb.CALLBACK_STATE_FAILED)
	} else {
		backingOff := untilState(e, run, enumspb.CALLBACK_STATE_BACKING_OFF)
		info := backingOff[0]
		e.Note("between the attempts", map[string]any{
			"attempt": info.GetAttempt(), "failure": Plain(info.GetLastAttemptFailure()),
			"next": info.GetNextAttemptScheduleTime().IsValid(), "complete": info.GetLastAttemptCompleteTime().IsValid(),
		})
		untilState(e, run, enumspb.CALLBACK_STATE_SUCCEEDED)
	}
	e.Note("requests", len(t.requests()))
}

func callbackHandlerError(e *Env) {
	failure := `{"message": "not today", "metadata": {"type": "nexus.HandlerError"}, "details": {"type": "CONFLICT"}}`
	t := newTarget(e, func(int) (int, string) { return http.StatusInternalServerError, failure })
	defer t.close()
	run := startWithCallback(e, t)
	e.Step("workflow task", CompleteWorkflow("done"))
	untilState(e, run, enumspb.CALLBACK_STATE_FAILED)
}

func callbackContinuedAsNew(e *Env) {
	t := newTarget(e, accept)
	defer t.close()
	run := startWithCallback(e, t)
	time.Sleep(1100 * time.Millisecond) // a run younger than a second is continued later
	e.Step("first run's task", ContinueAsNew(nil))
	next := Quiet(e, e.WF.DescribeWorkflowExecution, describeOf(e, Run{ID: run.ID})).GetWorkflowExecutionInfo().GetExecution()
	e.Touch("next", next.GetWorkflowId(), next.GetRunId())
	e.Step("second run's task", CompleteWorkflow("done"))
	untilState(e, Run{ID: run.ID, RunID: next.GetRunId()}, enumspb.CALLBACK_STATE_SUCCEEDED)
	e.Note("requests", t.requests())
}

func attaching(e *Env, t *target, name string) func(*startRequest) {
	return func(r *startRequest) {
		r.RequestId = e.ID(name)
		r.WorkflowIdConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
		r.CompletionCallbacks = []*commonpb.Callback{t.callback()}
		r.Links = []*commonpb.Link{jobLink("job")}
		r.OnConflictOptions = &workflowpb.OnConflictOptions{AttachRequestId: true, AttachCompletionCallbacks: true, AttachLinks: true}
	}
}

func jobLink(id string) *commonpb.Link {
	return &commonpb.Link{Variant: &commonpb.Link_BatchJob_{BatchJob: &commonpb.Link_BatchJob{JobId: id}}}
}

func callbackAttached(e *Env) {
	t := newTarget(e, accept)
	defer t.close()
	run := e.Start("wf")
	e.StartRecorded("attach", "wf", attaching(e, t, "second"))
	e.StartRecorded("the same again", "wf", attaching(e, t, "second"))
	e.StartRecorded("attach without the request id", "wf", attaching(e, t, "third"), func(r *startRequest) {
		r.OnConflictOptions.AttachRequestId = false
	})
	e.StartRecorded("attach links alone", "wf", attaching(e, t, "fourth"), func(r *startRequest) {
		r.OnConflictOptions = &workflowpb.OnConflictOptions{AttachLinks: true}
	})
	e.Step("workflow task", CompleteWorkflow("done"))
	untilState(e, run, enumspb.CALLBACK_STATE_SUCCEEDED)
	e.Note("requests", t.requests())
}

func callbackAttachedWhileTaskRuns(e *Env) {
	t := newTarget(e, accept)
	defer t.close()
	run := e.Start("wf")
	task := e.PollWorkflow("workflow task")
	e.StartRecorded("attach", "wf", attaching(e, t, "second"))
	_, _ = Call(e, "describe while the event waits", e.WF.DescribeWorkflowExecution, describeOf(e, run))
	_, _ = e.Complete("complete", task, e.ScheduleActivity("a1"))
	_, _ = Call(e, "describe afterwards", e.WF.DescribeWorkflowExecution, describeOf(e, run))
	_ = e.Terminate("terminate", run)
	untilState(e, run, enumspb.CALLBACK_STATE_SUCCEEDED)
}

func callbackLinks(e *Env) {
	t := newTarget(e, accept)
	defer t.close()
	run := startWithCallback(e, t, func(r *startRequest) {
		r.CompletionCallbacks[0].Links = []*commonpb.Link{jobLink("shared"), jobLink("of the callback")}
		r.Links = []*commonpb.Link{jobLink("shared"), jobLink("of the start")}
	})
	e.StartRecorded("too many links", "other", func(r *startRequest) {
		r.CompletionCallbacks = []*commonpb.Callback{t.callback()}
		for i := 0; i < 6; i++ {
			r.CompletionCallbacks[0].Links = append(r.CompletionCallbacks[0].Links, jobLink("c"+strings.Repeat("x", i)))
			r.Links = append(r.Links, jobLink("s"+strings.Repeat("x", i)))
		}
	})
	_ = e.Terminate("terminate", run)
	untilState(e, run, enumspb.CALLBACK_STATE_SUCCEEDED)
}

func callbackBadRequests(e *Env) {
	url := func(text string) func(*startRequest) {
		return func(r *startRequest) {
			r.CompletionCallbacks = []*commonpb.Callback{{Variant: &commonpb.Callback_Nexus_{Nexus: &commonpb.Callback_Nexus{Url: text}}}}
		}
	}
	for _, bad := range []struct {
		step   string
		change func(*startRequest)
	}{
		{"no variant", func(r *startRequest) { r.CompletionCallbacks = []*commonpb.Callback{{}} }},
		{"internal", func(r *startRequest) {
			r.CompletionCallbacks = []*commonpb.Callback{{Variant: &commonpb.Callback_Internal_{Internal: &commonpb.Callback_Internal{}}}}
		}},
		{"no url", url("")},
		{"unknown scheme", url("ftp://127.0.0.1:80")},
		{"no host", url("http:///path")},
		{"address that is not allowed", url("http://example.com/path")},
		{"long url", url("http://127.0.0.1:80/" + strings.Repeat("x", 1000))},
		{"large header", func(r *startRequest) {
			url("http://127.0.0.1:80/")(r)
			r.CompletionCallbacks[0].GetNexus().Header = map[string]string{"large": strings.Repeat("x", 8192)}
		}},
		{"more than an execution takes", func(r *startRequest) {
			url("http://127.0.0.1:80/")(r)
			for len(r.CompletionCallbacks) < 2001 {
				r.CompletionCallbacks = append(r.CompletionCallbacks, r.CompletionCallbacks[0])
			}
		}},
		{"callbacks without the request id", func(r *startRequest) {
			url("http://127.0.0.1:80/")(r)
			r.OnConflictOptions = &workflowpb.OnConflictOptions{AttachCompletionCallbacks: true}
		}},
	} {
		e.StartRecorded(bad.step, "wf", bad.change)
	}
}

func callbackTooMany(e *Env) {
	t := newTarget(e, accept)
	defer t.close()
	many := func(count int) func(*startRequest) {
		return func(r *startRequest) {
			r.CompletionCallbacks = nil
			for i := 0; i < count; i++ {
				r.CompletionCallbacks = append(r.CompletionCallbacks, t.callback())
			}
		}
	}
	e.StartRecorded("33 with the start", "other", many(33))
	run := e.Start("wf", many(31))
	e.StartRecorded("two more", "wf", attaching(e, t, "second"), many(2))
	_ = e.Terminate("terminate", run)
	untilState(e, run, enumspb.CALLBACK_STATE_SUCCEEDED)
}
