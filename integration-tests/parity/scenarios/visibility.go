package scenarios

import (
	"context"
	"fmt"
	"sort"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var visibility = []Scenario{
	{Name: "visibility_filters", Run: visibilityFilters},
	{Name: "visibility_documents", Run: visibilityDocuments},
	{Name: "visibility_count", Run: visibilityCount},
	{Name: "visibility_bad_queries", Run: visibilityBadQueries},
	{Name: "visibility_paging", Run: visibilityPaging},
}

// population starts five runs in different states, all of one task queue, and
// waits until the index has them.
func population(e *Env) (mine string) {
	attributes := func(keyword string, number int, list ...string) func(*startRequest) {
		return func(r *startRequest) {
			r.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{
				"ParityKeyword": Payload(keyword),
				"ParityInt":     Payload(number),
				"ParityDouble":  Payload(float64(number) + 0.5),
				"ParityBool":    Payload(number%2 == 0),
				"ParityTime":    Payload(fmt.Sprintf("2024-01-0%dT00:00:00Z", number)),
				"ParityList":    Payload(list),
				"ParityText":    Payload("the " + keyword + " number"),
			})
		}
	}
	start := func(name string, change func(*startRequest)) Run {
		// Lists show the latest start first. klamm's times are the log's, in whole milliseconds: starts in the same one have no order.
		time.Sleep(2 * time.Millisecond)
		request := e.StartRequest(name)
		change(request)
		return Run{request.WorkflowId, Quiet(e, e.WF.StartWorkflowExecution, request).GetRunId()}
	}
	start("one", attributes("red", 1, "a", "b"))
	e.Step("", CompleteWorkflow("done"))
	start("two", attributes("green", 2, "b"))
	e.Step("", FailWorkflow("Broken"))
	Quiet(e, e.WF.TerminateWorkflowExecution, e.TerminateRequest(start("three", attributes("blue", 3, "c"))))
	start("four", attributes("red", 4, "a"))
	start("five", func(r *startRequest) { r.WorkflowType.Name = "OtherWorkflow" })

	mine = fmt.Sprintf("TaskQueue = '%s'", e.Queue().Name)
	e.Eventually("five runs in their final state", func() bool {
		closed := mine + " AND CloseTime IS NOT NULL"
		return count(e, mine) == 5 && count(e, closed) == 3
	})
	return mine
}

func count(e *Env, query string) int64 {
	return Quiet(e, e.WF.CountWorkflowExecutions, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: e.Namespace, Query: query,
	}).GetCount()
}

// cleanUp terminates what a population left open.
func cleanUp(e *Env) {
	for _, name := range []string{"four", "five"} {
		Quiet(e, e.WF.TerminateWorkflowExecution, e.TerminateRequest(Run{ID: e.ID(name)}))
	}
}

func listRequest(e *Env, query string) *workflowservice.ListWorkflowExecutionsRequest {
	return &workflowservice.ListWorkflowExecutionsRequest{Namespace: e.Namespace, Query: query}
}

func list(e *Env, query string) ([]*workflowpb.WorkflowExecutionInfo, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	response, err := e.WF.ListWorkflowExecutions(ctx, listRequest(e, query))
	return response.GetExecutions(), err
}

func visibilityFilters(e *Env) {
	mine := population(e)
	for _, filter := range []string{
		``,
		`ExecutionStatus = 'Running'`,
		`ExecutionStatus = "Completed"`,
		`ExecutionStatus = 2`,
		`ExecutionStatus = 'WORKFLOW_EXECUTION_STATUS_FAILED'`,
		`ExecutionStatus != 'Running'`,
		`ExecutionStatus IN ('Failed', 'Terminated')`,
		`ExecutionStatus NOT IN ('Failed', 'Terminated')`,
		`WorkflowType = 'OtherWorkflow'`,
		`WorkflowType STARTS_WITH 'Other'`,
		`WorkflowType NOT STARTS_WITH 'Other'`,
		`ParityKeyword = 'red'`,
		`ParityKeyword != 'red'`,
		`ParityKeyword > 'blue'`,
		`ParityKeyword BETWEEN 'b' AND 'h'`,
		`ParityKeyword IS NULL`,
		`ParityKeyword IS NOT NULL`,
		`ParityKeyword IN ('red', 'blue')`,
		"`ParityKeyword` = 'red'",
		`ParityInt = 2`,
		`ParityInt >= 2 AND ParityInt < 4`,
		`ParityInt BETWEEN 2 AND 3`,
		`ParityInt NOT BETWEEN 2 AND 3`,
		`ParityInt IN (1, 4)`,
		`ParityDouble > 2`,
		`ParityDouble <= 2.5`,
		`ParityBool = true`,
		`ParityBool != true`,
		`ParityTime > '2024-01-02T00:00:00Z'`,
		`ParityTime = '2024-01-02T01:00:00+01:00'`,
		`ParityTime BETWEEN '2024-01-01T00:00:00Z' AND '2024-01-02T00:00:00Z'`,
		`ParityList = 'b'`,
		`ParityList != 'b'`,
		`ParityList IN ('a', 'c')`,
		`ParityList NOT IN ('a', 'c')`,
		`ParityList IS NULL`,
		`ParityText = 'green'`,
		`ParityText = 'blue green'`,
		`ParityText != 'green'`,
		`CloseTime IS NULL`,
		`CloseTime IS NOT NULL`,
		`CloseTime > '2020-01-01T00:00:00Z'`,
		`StartTime > '2020-01-01T00:00:00Z' AND StartTime < '2020-01-02T00:00:00Z'`,
		`ExecutionDuration < '1h'`,
		`HistoryLength > 4`,
		`NOT ExecutionStatus = 'Running'`,
		`(ParityKeyword = 'red' OR ParityInt = 2) AND NOT (ExecutionStatus = 'Running')`,
		`paritykeyword = 'red'`,
		`ParityKeyword = 'red' and ParityInt = 1`,
		`TemporalNamespaceDivision IS NULL`,
		`TemporalScheduledById IS NULL`,
		`RootWorkflowId STARTS_WITH 'visibility'`,
		`ParentWorkflowId IS NULL`,
	} {
		query := mine
		if filter != "" {
			query += " AND (" + filter + ")"
		}
		found, err := list(e, query)
		if err != nil {
			_, _ = Call(e, filter, e.WF.ListWorkflowExecutions, listRequest(e, query))
			continue
		}
		ids := []string{}
		for _, execution := range found {
			ids = append(ids, execution.GetExecution().GetWorkflowId())
		}
		sort.Strings(ids)
		e.Note("filter "+filter, ids)
	}
	cleanUp(e)
}

func visibilityDocuments(e *Env) {
	mine := population(e)
	for _, name := range []string{"one", "two", "three", "four", "five"} {
		_, _ = Call(e, name, e.WF.ListWorkflowExecutions, listRequest(e, mine+fmt.Sprintf(" AND WorkflowId = '%s'", e.ID(name))))
	}
	order, _ := list(e, mine)
	ids := []string{}
	for _, execution := range order {
		ids = append(ids, execution.GetExecution().GetWorkflowId())
	}
	e.Note("order of a list", ids)
	_, _ = Call(e, "scan", e.WF.ScanWorkflowExecutions, &workflowservice.ScanWorkflowExecutionsRequest{
		Namespace: e.Namespace, Query: mine + " AND ParityInt = 1",
	})
	cleanUp(e)
}

func visibilityCount(e *Env) {
	mine := population(e)
	for _, query := range []struct{ step, text string }{
		{"all", mine},
		{"none", mine + " AND ParityInt = 99"},
		{"grouped", mine + " GROUP BY ExecutionStatus"},
		{"grouped, no rows", mine + " AND ParityInt = 99 GROUP BY ExecutionStatus"},
		{"grouped by another attribute", mine + " GROUP BY ParityKeyword"},
		{"grouped by two", mine + " GROUP BY ExecutionStatus, ParityKeyword"},
		{"grouped by an unknown one", mine + " GROUP BY NobodyKnows"},
		{"malformed", "ParityInt ="},
	} {
		_, _ = Call(e, query.step, e.WF.CountWorkflowExecutions, &workflowservice.CountWorkflowExecutionsRequest{
			Namespace: e.Namespace, Query: query.text,
		})
	}
	cleanUp(e)
}

func visibilityBadQueries(e *Env) {
	for _, query := range []string{
		`NobodyKnows = 1`,
		`ParityInt`,
		`ParityInt =`,
		`ParityInt = 'seven'`,
		`ParityInt = 1.5`,
		`ParityBool = 'yes'`,
		`ParityDouble = 'many'`,
		`ParityTime = 'yesterday'`,
		`ParityKeyword = 1`,
		`ParityKeyword LIKE 'r%'`,
		`ParityText > 'a'`,
		`ParityText STARTS_WITH 'a'`,
		`ParityList > 'a'`,
		`ParityInt STARTS_WITH 'a'`,
		`ParityKeyword = ParityText`,
		`'red' = ParityKeyword`,
		`ExecutionStatus = 'Sleeping'`,
		`ExecutionStatus = 99`,
		`ExecutionStatus > 'Running'`,
		`ExecutionDuration = 'long'`,
		`StartTime = 'noon'`,
		`ParityInt = 1 ORDER BY StartTime`,
		`ORDER BY StartTime`,
		`ParityInt = 1 GROUP BY ExecutionStatus`,
		`ParityInt = 1 LIMIT 5`,
		`upper(ParityKeyword) = 'RED'`,
		`ParityInt + 1 = 2`,
		`ParityKeyword = 'red`,
		`ParityKeyword = 'red' AND`,
		`(ParityKeyword = 'red'`,
		`SELECT * FROM x`,
		`ParityInt IN ()`,
		`ParityInt BETWEEN 1`,
		`1 = 1`,
		`ParityKeyword = NULL`,
		`ParityKeyword IS TRUE`,
		`ParityInt = 1; ParityInt = 2`,
	} {
		// What a query finds is another scenario's matter: here others' runs show.
		if _, err := list(e, query); err == nil {
			e.Note(query, "accepted")
			continue
		}
		_, _ = Call(e, query, e.WF.ListWorkflowExecutions, listRequest(e, query))
	}
	_, _ = Call(e, "no namespace", e.WF.ListWorkflowExecutions, &workflowservice.ListWorkflowExecutionsRequest{})
	badToken := listRequest(e, "")
	badToken.NextPageToken = []byte("garbage")
	_, _ = Call(e, "malformed page token", e.WF.ListWorkflowExecutions, badToken)
}

func visibilityPaging(e *Env) {
	mine := population(e)
	var token []byte
	for page := 1; page <= 4; page++ {
		request := listRequest(e, mine)
		request.PageSize = 2
		request.NextPageToken = token
		response := Quiet(e, e.WF.ListWorkflowExecutions, request)
		ids := []string{}
		for _, execution := range response.GetExecutions() {
			ids = append(ids, execution.GetExecution().GetWorkflowId())
		}
		e.Note(fmt.Sprintf("page %d", page), ids)
		token = response.GetNextPageToken()
		if len(token) == 0 {
			break
		}
	}
	cleanUp(e)
}
