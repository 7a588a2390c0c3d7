package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"klamm.dev/bench/internal/measure"
)

// query is a filter that is asked for again and again, each time with other values.
type query struct {
	name string
	// counts tells whether it is counted instead of listed.
	counts bool
	// text is the filter, given how many runs there are and when the measuring began.
	text func(runs int, now time.Time) string
}

// The runs are open, of 50 types and 20 queues, with ids that say their number.
var queries = []query{
	{"list, no filter", false, func(int, time.Time) string { return "" }},
	{"list by id", false, func(runs int, _ time.Time) string { return fmt.Sprintf("WorkflowId = 'run-%07d'", rand.IntN(runs)) }},
	{"list by beginning of id", false, func(runs int, _ time.Time) string {
		return fmt.Sprintf("WorkflowId STARTS_WITH 'run-%05d'", rand.IntN(runs)/100)
	}},
	{"list by type", false, byType},
	{"list by type, queue and status", false, func(runs int, now time.Time) string {
		number := rand.IntN(types)
		return fmt.Sprintf("WorkflowType = 'Type%d' AND TaskQueue = '%s%d' AND ExecutionStatus = 'Running'", number, queuePrefix, number%queues)
	}},
	{"list of a status that none has", false, func(int, time.Time) string { return "ExecutionStatus = 'Failed'" }},
	{"list of ten seconds", false, func(_ int, now time.Time) string {
		until := now.Add(-time.Duration(rand.IntN(60)) * time.Second)
		return fmt.Sprintf("StartTime BETWEEN '%s' AND '%s'", until.Add(-10*time.Second).UTC().Format(time.RFC3339), until.UTC().Format(time.RFC3339))
	}},
	{"count of all", true, func(int, time.Time) string { return "" }},
	{"count by status", true, func(int, time.Time) string { return "GROUP BY ExecutionStatus" }},
	{"count by type", true, byType},
	{"count of two types that are open", true, func(int, time.Time) string {
		return fmt.Sprintf("WorkflowType IN ('Type%d', 'Type%d') AND ExecutionStatus = 'Running'", rand.IntN(types), rand.IntN(types))
	}},
}

func byType(int, time.Time) string { return fmt.Sprintf("WorkflowType = 'Type%d'", rand.IntN(types)) }

// queryReport is what is printed of a query.
type queryReport struct {
	Server string  `json:"server"`
	Query  string  `json:"query"`
	Asked  int     `json:"asked"`
	P50    float64 `json:"p50_ms"`
	P99    float64 `json:"p99_ms"`
	Max    float64 `json:"max_ms"`
	// The most runs that one answer listed or counted.
	Found int64 `json:"found"`
}

// ask asks one query so often, one call after the other.
func ask(o *options, client workflowservice.WorkflowServiceClient, query query) (*queryReport, error) {
	report := &queryReport{Server: o.server, Query: query.name, Asked: o.samples}
	now := time.Now()
	var latencies []time.Duration
	for range o.samples {
		text := query.text(o.count, now)
		began := time.Now()
		found, err := one(client, query.counts, text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		latencies = append(latencies, time.Since(began))
		report.Found = max(report.Found, found)
	}
	slices.Sort(latencies)
	report.P50, report.P99 = ms(measure.Percentile(latencies, 50)), ms(measure.Percentile(latencies, 99))
	report.Max = ms(latencies[len(latencies)-1])
	return report, nil
}

func one(client workflowservice.WorkflowServiceClient, counts bool, text string) (int64, error) {
	if counts {
		return count(client, text)
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	listed, err := client.ListWorkflowExecutions(ctx, &workflowservice.ListWorkflowExecutionsRequest{Namespace: namespace, PageSize: 100, Query: text})
	return int64(len(listed.GetExecutions())), err
}
