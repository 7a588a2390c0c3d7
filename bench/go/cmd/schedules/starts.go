package main

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/api/workflowservice/v1"
)

// awaitStarts waits until so many runs are listed, and reports how late they started.
func (b *bench) awaitStarts(expected int, first, last time.Time) error {
	time.Sleep(time.Until(last))
	query := fmt.Sprintf("TaskQueue = '%s'", b.prefix)
	for deadline := last.Add(b.timeout); ; time.Sleep(500 * time.Millisecond) {
		counted, err := call(b.clients[0].CountWorkflowExecutions, &workflowservice.CountWorkflowExecutionsRequest{
			Namespace: b.namespace, Query: query,
		})
		if err != nil {
			return fmt.Errorf("while counting starts: %w", err)
		}
		if counted.GetCount() >= int64(expected) {
			break
		}
		if time.Now().After(deadline) {
			b.report.Missing = expected - int(counted.GetCount())
			break
		}
	}
	due, err := b.dueTimes()
	if err != nil {
		return err
	}
	newest, err := b.reportLateness(query, due)
	if first.Equal(last) {
		b.report.AllStarted = rounded(newest.Sub(first).Seconds())
	}
	return err
}

// dueTimes are those of each run when there is jitter, as the descriptions tell them; else nil: the runs themselves tell.
func (b *bench) dueTimes() (map[string]time.Time, error) {
	if b.jitter == 0 {
		return nil, nil
	}
	due := map[string]time.Time{}
	var guard sync.Mutex
	_, err := inParallel(b.inFlight, b.report.Schedules, func(number int) error {
		described, err := call(b.client(number).DescribeSchedule, &workflowservice.DescribeScheduleRequest{
			Namespace: b.namespace, ScheduleId: b.scheduleID(number),
		})
		guard.Lock()
		defer guard.Unlock()
		for _, action := range described.GetInfo().GetRecentActions() {
			due[action.GetStartWorkflowResult().GetRunId()] = action.GetScheduleTime().AsTime()
		}
		return err
	})
	return due, err
}

// reportLateness reads every run from the list and returns when the last one started.
func (b *bench) reportLateness(query string, due map[string]time.Time) (newest time.Time, err error) {
	var (
		token    []byte
		lateness []time.Duration
	)
	for {
		page, err := call(b.clients[0].ListWorkflowExecutions, &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: b.namespace, Query: query, PageSize: 1000, NextPageToken: token,
		})
		if err != nil {
			return newest, fmt.Errorf("while listing starts: %w", err)
		}
		for _, run := range page.GetExecutions() {
			at, known := due[run.GetExecution().GetRunId()]
			if !known {
				if due != nil {
					return newest, fmt.Errorf("no description shows the run of %s", run.GetExecution().GetWorkflowId())
				}
				payload := run.GetSearchAttributes().GetIndexedFields()["TemporalScheduledStartTime"]
				if err := json.Unmarshal(payload.GetData(), &at); err != nil {
					return newest, fmt.Errorf("%s does not say when it was due: %w", run.GetExecution().GetWorkflowId(), err)
				}
			}
			started := run.GetStartTime().AsTime()
			lateness = append(lateness, started.Sub(at))
			if started.After(newest) {
				newest = started
			}
		}
		if token = page.GetNextPageToken(); len(token) == 0 {
			break
		}
	}
	b.report.Starts = len(lateness)
	if len(lateness) > 0 {
		b.report.LatenessP50, b.report.LatenessP99, b.report.LatenessMax = b.percentiles("lateness", lateness)
	}
	return newest, nil
}
