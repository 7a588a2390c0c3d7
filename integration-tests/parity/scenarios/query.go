package scenarios

import (
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	querypb "go.temporal.io/api/query/v1"
	"go.temporal.io/api/workflowservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var queries = []Scenario{
	{Name: "query_direct", Run: queryDirect},
	{Name: "query_failed", Run: queryFailed},
	{Name: "query_attached", Run: queryAttached},
	{Name: "query_before_first_task", Run: queryBeforeFirstTask},
	{Name: "query_closed", Run: queryClosed},
	{Name: "query_rejected", Run: queryRejected},
	{Name: "query_bad_requests", Run: queryBadRequests},
}

// answerQuery answers a query task; the token itself is not compared.
func answerQuery(e *Env, step string, task *WorkflowTask, fail bool) {
	request := &workflowservice.RespondQueryTaskCompletedRequest{
		Namespace: e.Namespace, TaskToken: task.GetTaskToken(),
		CompletedType: enumspb.QUERY_RESULT_TYPE_ANSWERED, QueryResult: Payloads("the answer"),
	}
	if fail {
		request.CompletedType = enumspb.QUERY_RESULT_TYPE_FAILED
		request.QueryResult = nil
		request.ErrorMessage = "unknown query type"
		request.Failure = ApplicationFailure("unknown query type", "QueryError", true)
	}
	_, _ = Call(e, step, e.WF.RespondQueryTaskCompleted, request)
}

func queryDirect(e *Env) {
	run := e.Start("wf")
	e.Step("first task", StartTimer("t1", 100))
	pending := Go(10*time.Second, e.WF.QueryWorkflow, e.QueryRequest(run, "state"))
	task := e.PollWorkflow("query task")
	answerQuery(e, "answer", task, false)
	_, _ = Join(e, "query", pending)
	answerQuery(e, "answer once more", task, false)
}

func queryFailed(e *Env) {
	run := e.Start("wf")
	e.Step("first task", StartTimer("t1", 100))
	pending := Go(10*time.Second, e.WF.QueryWorkflow, e.QueryRequest(run, "nonsense"))
	answerQuery(e, "answer", e.PollWorkflow("query task"), true)
	_, _ = Join(e, "query", pending)
}

func queryAttached(e *Env) {
	run := e.Start("wf")
	e.Step("first task")
	_ = e.Signal("signal", run, "s", 1)
	pending := Go(10*time.Second, e.WF.QueryWorkflow, e.QueryRequest(run, "state"))
	e.Eventually("the query has reached the server", dueIn(1000))
	task := e.PollWorkflow("")
	e.Note("queries that came with the task", len(task.GetQueries()))
	request := e.CompleteRequest(task)
	request.QueryResults = map[string]*querypb.WorkflowQueryResult{}
	for id, query := range task.GetQueries() {
		e.Note("query type", query.GetQueryType())
		request.QueryResults[id] = &querypb.WorkflowQueryResult{
			ResultType: enumspb.QUERY_RESULT_TYPE_ANSWERED, Answer: Payloads("attached answer"),
		}
	}
	_, _ = Call(e, "complete with the answer", e.WF.RespondWorkflowTaskCompleted, request)
	_, _ = Join(e, "query", pending)
}

func queryBeforeFirstTask(e *Env) {
	run := e.Start("wf")
	pending := Go(10*time.Second, e.WF.QueryWorkflow, e.QueryRequest(run, "state"))
	e.Eventually("the query has reached the server", dueIn(1000))
	task := e.PollWorkflow("")
	e.Note("queries that came with the first task", len(task.GetQueries()))
	request := e.CompleteRequest(task, StartTimer("t1", 100))
	request.QueryResults = map[string]*querypb.WorkflowQueryResult{}
	for id := range task.GetQueries() {
		request.QueryResults[id] = &querypb.WorkflowQueryResult{
			ResultType: enumspb.QUERY_RESULT_TYPE_FAILED, ErrorMessage: "not yet",
		}
	}
	_, _ = Call(e, "complete with the answer", e.WF.RespondWorkflowTaskCompleted, request)
	if len(task.GetQueries()) == 0 {
		answerQuery(e, "answer", e.PollWorkflow("query task"), true)
	}
	_, _ = Join(e, "query", pending)
}

func queryClosed(e *Env) {
	run := e.Start("wf")
	e.Step("task", CompleteWorkflow("done"))
	pending := Go(10*time.Second, e.WF.QueryWorkflow, e.QueryRequest(run, "state"))
	answerQuery(e, "answer", e.PollWorkflow("query task"), false)
	_, _ = Join(e, "query", pending)
}

func queryRejected(e *Env) {
	for _, closing := range []struct {
		name string
		step func(Run)
	}{
		{"completed", func(Run) { e.Step("", CompleteWorkflow("done")) }},
		{"failed", func(Run) { e.Step("", FailWorkflow("Broken")) }},
		{"terminated", func(run Run) { _ = e.Terminate("terminate", run) }},
	} {
		run := e.Start(closing.name)
		closing.step(run)
		for _, condition := range []enumspb.QueryRejectCondition{
			enumspb.QUERY_REJECT_CONDITION_NOT_OPEN, enumspb.QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY,
		} {
			if closing.name == "completed" && condition == enumspb.QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY {
				continue // it would wait for a worker
			}
			request := e.QueryRequest(run, "state")
			request.QueryRejectCondition = condition
			_, _ = Call(e, closing.name+": "+condition.String(), e.WF.QueryWorkflow, request)
		}
	}
}

func queryBadRequests(e *Env) {
	run := e.Start("wf")
	none := e.QueryRequest(run, "state")
	none.Query = nil
	_, _ = Call(e, "no query", e.WF.QueryWorkflow, none)
	_, _ = Call(e, "no query type", e.WF.QueryWorkflow, e.QueryRequest(run, ""))
	_, _ = Call(e, "no namespace", e.WF.QueryWorkflow, &workflowservice.QueryWorkflowRequest{Execution: Execution(run.ID, "")})
	answerQuery(e, "answer with a malformed token", &WorkflowTask{TaskToken: []byte("garbage")}, false)
	answerQuery(e, "answer without a token", &WorkflowTask{}, false)
}
