package scenarios

import (
	"fmt"
	"sort"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	schedulepb "go.temporal.io/api/schedule/v1"
	"go.temporal.io/api/workflowservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var scheduleLists = []Scenario{
	{Name: "schedule_list_entries", Run: scheduleListEntries},
	{Name: "schedule_list_filters", Run: scheduleListFilters},
	{Name: "schedule_list_count", Run: scheduleListCount},
	{Name: "schedule_list_bad_queries", Run: scheduleListBadQueries},
	{Name: "schedule_runs_searched", Run: scheduleRunsSearched},
}

// listOfSchedules asks for the schedules that a query finds.
func listOfSchedules(e *Env, query string) *workflowservice.ListSchedulesRequest {
	return &workflowservice.ListSchedulesRequest{Namespace: e.Namespace, Query: query}
}

func countOfSchedules(e *Env, query string) *workflowservice.CountSchedulesRequest {
	return &workflowservice.CountSchedulesRequest{Namespace: e.Namespace, Query: query}
}

// threeSchedules makes three, the third paused, and waits until the index has them.
func threeSchedules(e *Env) (mine string, remove func()) {
	var removes []func()
	for n := 1; n <= 3; n++ {
		removes = append(removes, newSchedule(e, every(daily), func(r *createSchedule) {
			r.ScheduleId, r.RequestId = e.ID(fmt.Sprint(n)), e.ID(fmt.Sprint("request-", n))
			r.Schedule.State = &schedulepb.ScheduleState{Paused: n == 3, Notes: fmt.Sprint("number ", n)}
			r.Memo = Memo(map[string]any{"number": n})
			r.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{
				"ParityKeyword": Payload(e.ID("mine")), "ParityInt": Payload(n), "ParityList": Payload([]string{"a", fmt.Sprint(n)}),
			})
		}))
	}
	mine = fmt.Sprintf("ParityKeyword = '%s'", e.ID("mine"))
	awaitCount(e, mine, 3)
	awaitCount(e, mine+" AND TemporalSchedulePaused = true", 1)
	return mine, func() {
		for _, remove := range removes {
			remove()
		}
	}
}

func awaitCount(e *Env, query string, count int64) {
	e.Eventually("schedules in the index", func() bool {
		return Quiet(e, e.WF.CountSchedules, countOfSchedules(e, query)).GetCount() == count
	})
}

func scheduleListEntries(e *Env) {
	mine, remove := threeSchedules(e)
	defer remove()
	for n := 1; n <= 3; n++ {
		_, _ = Call(e, fmt.Sprint("entry ", n), e.WF.ListSchedules, listOfSchedules(e, fmt.Sprintf("%s AND ParityInt = %d", mine, n)))
	}
	// An entry follows what becomes of its schedule.
	one := e.ID("1")
	Quiet(e, e.WF.PatchSchedule, &workflowservice.PatchScheduleRequest{
		Namespace: e.Namespace, ScheduleId: one, Patch: backfill(1, 7, allowAll), RequestId: e.ID("backfill"),
	})
	e.Eventually("the entry shows actions", func() bool {
		listed := Quiet(e, e.WF.ListSchedules, listOfSchedules(e, mine+" AND ParityInt = 1")).GetSchedules()
		recent := listed[0].GetInfo().GetRecentActions()
		return len(recent) == 5 && recent[4].GetScheduleTime().AsTime().Equal(day(7).AsTime())
	})
	_, _ = Call(e, "entry 1 after seven actions", e.WF.ListSchedules, listOfSchedules(e, mine+" AND ParityInt = 1"))
	Quiet(e, e.WF.PatchSchedule, &workflowservice.PatchScheduleRequest{
		Namespace: e.Namespace, ScheduleId: one, Patch: &schedulepb.SchedulePatch{Pause: "enough"}, RequestId: e.ID("pause"),
	})
	awaitCount(e, mine+" AND TemporalSchedulePaused = true", 2)
	_, _ = Call(e, "entry 1 while paused", e.WF.ListSchedules, listOfSchedules(e, mine+" AND ParityInt = 1"))
	removeSchedule(e, one)
	awaitCount(e, mine, 2)
}

func scheduleListFilters(e *Env) {
	mine, remove := threeSchedules(e)
	defer remove()
	for n, filter := range []string{
		``,
		`ParityInt = 2`,
		`ParityInt > 1`,
		`ParityInt BETWEEN 1 AND 2`,
		`ParityInt IN (1, 3)`,
		`ParityList = '2'`,
		`NOT ParityInt = 2`,
		`TemporalSchedulePaused = true`,
		`TemporalSchedulePaused = false`,
		`TemporalSchedulePaused != true`,
		`SchedulePaused = true`,
		fmt.Sprintf(`ScheduleId = '%s'`, e.ID("2")),
		fmt.Sprintf("`ScheduleId` = '%s'", e.ID("2")),
		fmt.Sprintf(`ScheduleId != '%s'`, e.ID("2")),
		fmt.Sprintf(`ScheduleId IN ('%s', '%s')`, e.ID("1"), e.ID("3")),
		`ScheduleId STARTS_WITH 'schedule_list'`,
		fmt.Sprintf(`TemporalScheduleId = '%s'`, e.ID("2")),
		`(ParityInt = 1 OR ParityInt = 2) AND TemporalSchedulePaused = false`,
		`ParityInt IS NULL`,
		`ParityDouble IS NULL`,
	} {
		query := mine
		if filter != "" {
			query += " AND (" + filter + ")"
		}
		// Without the ids that filters hold, which differ from run to run.
		step := fmt.Sprintf("filter %d: %s", n+1, strings.Split(filter, "'schedule_list_filters")[0])
		found, err := Go(rpcWait, e.WF.ListSchedules, listOfSchedules(e, query)).Wait()
		if err != nil {
			_, _ = Call(e, step, e.WF.ListSchedules, listOfSchedules(e, query))
			continue
		}
		ids := []string{}
		for _, entry := range found.GetSchedules() {
			ids = append(ids, entry.GetScheduleId())
		}
		sort.Strings(ids)
		e.Note(step, ids)
	}
	var token []byte
	sizes := []int{}
	for page := 1; page <= 4; page++ {
		request := listOfSchedules(e, mine)
		request.MaximumPageSize, request.NextPageToken = 2, token
		response := Quiet(e, e.WF.ListSchedules, request)
		sizes = append(sizes, len(response.GetSchedules()))
		if token = response.GetNextPageToken(); len(token) == 0 {
			break
		}
	}
	e.Note("sizes of pages", sizes)
	e.Note("schedules are no workflows", count(e, mine))
}

func scheduleListCount(e *Env) {
	mine, remove := threeSchedules(e)
	defer remove()
	for _, query := range []struct{ step, text string }{
		{"all", mine},
		{"none", mine + " AND ParityInt = 99"},
		{"paused", mine + " AND TemporalSchedulePaused = true"},
		{"grouped by an attribute", mine + " GROUP BY ParityInt"},
		{"grouped by status", mine + " GROUP BY ExecutionStatus"},
		{"grouped by pause", mine + " GROUP BY TemporalSchedulePaused"},
		{"malformed", "ParityInt ="},
		{"reserved", "ExecutionStatus = 'Running'"},
	} {
		_, _ = Call(e, query.step, e.WF.CountSchedules, countOfSchedules(e, query.text))
	}
}

func scheduleListBadQueries(e *Env) {
	for _, query := range []string{
		`WorkflowId = 'x'`,
		`WorkflowType = 'x'`,
		`RunId = 'x'`,
		`ExecutionStatus = 'Running'`,
		`TaskQueue = 'x'`,
		`StartTime > '2024-01-01T00:00:00Z'`,
		`CloseTime IS NULL`,
		`HistoryLength > 1`,
		`ExecutionTime > '2024-01-01T00:00:00Z'`,
		`ExecutionDuration > 1`,
		`TemporalNamespaceDivision = 'TemporalScheduler'`,
		`TemporalScheduledById = 'x'`,
		`NobodyKnows = 1`,
		`ParityInt =`,
		`ParityInt = 'seven'`,
		`TemporalSchedulePaused = 'maybe'`,
		`ParityInt = 1 ORDER BY ParityInt`,
		`this is no query`,
		`ScheduleId > 'a'`,
		`ScheduleId LIKE 'a%'`,
	} {
		found, err := Go(rpcWait, e.WF.ListSchedules, listOfSchedules(e, query)).Wait()
		if err == nil {
			e.Note(query, len(found.GetSchedules()) >= 0)
			continue
		}
		_, _ = Call(e, query, e.WF.ListSchedules, listOfSchedules(e, query))
	}
	_, _ = Call(e, "no namespace", e.WF.ListSchedules, &workflowservice.ListSchedulesRequest{})
	_, _ = Call(e, "count: no namespace", e.WF.CountSchedules, &workflowservice.CountSchedulesRequest{})
	negative := listOfSchedules(e, "ParityInt = 77")
	negative.MaximumPageSize = -1
	_, _ = Call(e, "negative page size", e.WF.ListSchedules, negative)
}

// scheduleRunsSearched: the runs carry whose they are and for when.
func scheduleRunsSearched(e *Env) {
	defer newSchedule(e, every(daily), func(r *createSchedule) { r.InitialPatch = backfill(1, 3, allowAll) })()
	actionsTaken(e, 3)
	mine := fmt.Sprintf("TemporalScheduledById = '%s'", e.ID("schedule"))
	e.Eventually("three runs in the index", func() bool { return count(e, mine) == 3 })
	for _, filter := range []string{
		``,
		` AND TemporalScheduledStartTime > '2024-01-01T12:00:00Z'`,
		` AND TemporalScheduledStartTime BETWEEN '2024-01-01T12:00:00Z' AND '2024-01-02T12:00:00Z'`,
		` AND ScheduledById = 'nobody'`,
	} {
		e.Note("runs"+filter, count(e, mine+filter))
	}
	_, _ = Call(e, "one run", e.WF.ListWorkflowExecutions, listRequest(e, fmt.Sprintf("%s AND WorkflowId = '%s-2024-01-02T00:00:00Z'", mine, e.ID("run"))))
	found, _ := list(e, mine)
	for _, run := range found {
		Quiet(e, e.WF.TerminateWorkflowExecution, e.TerminateRequest(Run{ID: run.GetExecution().GetWorkflowId()}))
	}
}
