package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"klamm.dev/bench/internal/measure"
)

const (
	// steadyFor is how long the index is watched under a steady load.
	steadyFor = 20 * time.Second
	// watchEvery is the pause between two runs whose appearance is timed.
	watchEvery = 100 * time.Millisecond
	// lookEvery is the pause between two looks for such a run.
	lookEvery = 5 * time.Millisecond
	// callTimeout bounds every call.
	callTimeout = 30 * time.Second
	// types and queues are how many workflow types and task queues the runs have.
	types, queues = 50, 20
)

// startsReport is what is printed of the starts.
type startsReport struct {
	Server    string  `json:"server"`
	Runs      int     `json:"runs"`
	PerSecond float64 `json:"starts_per_second"`
	// From the answer of a start until the list shows the run, with so many starts per second beside it.
	SteadyPerSecond float64 `json:"steady_per_second"`
	LagP50          float64 `json:"lag_p50_ms"`
	LagP99          float64 `json:"lag_p99_ms"`
	LagMax          float64 `json:"lag_max_ms"`
	// What the list took to know of all, from the last start's answer.
	BehindAtEnd float64 `json:"behind_at_end_ms"`
	ResidentMiB int64   `json:"server_rss_mib"`
}

// start starts the runs: first so many per second while the index is watched, then the others as fast as the server takes them.
func start(o *options, client workflowservice.WorkflowServiceClient) (*startsReport, error) {
	report := &startsReport{Runs: o.count}
	steady := o.steady * int(steadyFor.Seconds())
	watched, stop := make(chan []time.Duration, 1), make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		lags, err := watch(client, stop)
		watched <- lags
		failed <- err
	}()
	began := time.Now()
	err := startAll(o, client, 0, steady, time.Second/time.Duration(o.steady))
	report.SteadyPerSecond = float64(steady) / time.Since(began).Seconds()
	close(stop)
	lags := <-watched
	if err == nil {
		err = <-failed
	}
	if err != nil {
		return nil, err
	}
	slices.Sort(lags)
	report.LagP50, report.LagP99, report.LagMax = ms(measure.Percentile(lags, 50)), ms(measure.Percentile(lags, 99)), ms(lags[len(lags)-1])

	began = time.Now()
	if err := startAll(o, client, steady, o.count, 0); err != nil {
		return nil, err
	}
	report.PerSecond = float64(o.count-steady) / time.Since(began).Seconds()
	began = time.Now()
	for {
		counted, err := count(client, fmt.Sprintf("TaskQueue STARTS_WITH '%s'", queuePrefix))
		if err != nil {
			return nil, err
		}
		if counted >= int64(o.count) {
			break
		}
		time.Sleep(lookEvery)
	}
	report.BehindAtEnd = ms(time.Since(began))
	return report, nil
}

const queuePrefix = "lists-"

// startAll starts the runs with the numbers [from, to), one each `every` (0: as fast as the server takes them).
func startAll(o *options, client workflowservice.WorkflowServiceClient, from, to int, every time.Duration) error {
	var next atomic.Int64
	next.Store(int64(from))
	began := time.Now()
	failures := make(chan error, o.inFlight)
	var callers sync.WaitGroup
	for range o.inFlight {
		callers.Go(func() {
			for {
				number := int(next.Add(1) - 1)
				if number >= to {
					return
				}
				if every > 0 {
					time.Sleep(time.Until(began.Add(every * time.Duration(number-from))))
				}
				if err := startOne(client, fmt.Sprintf("run-%07d", number), fmt.Sprintf("Type%d", number%types), fmt.Sprintf("%s%d", queuePrefix, number%queues)); err != nil {
					failures <- err
					return
				}
				if number%100_000 == 0 && number > 0 {
					fmt.Fprintf(os.Stderr, "%d runs\n", number)
				}
			}
		})
	}
	callers.Wait()
	close(failures)
	return <-failures
}

func startOne(client workflowservice.WorkflowServiceClient, id, kind, queue string) error {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	_, err := client.StartWorkflowExecution(ctx, &workflowservice.StartWorkflowExecutionRequest{
		Namespace: namespace, WorkflowId: id, RequestId: id, Identity: "bench",
		WorkflowType: &commonpb.WorkflowType{Name: kind},
		TaskQueue:    &taskqueuepb.TaskQueue{Name: queue},
	})
	return err
}

// watch starts a run now and then, and tells how long the list took to show each.
func watch(client workflowservice.WorkflowServiceClient, stop <-chan struct{}) ([]time.Duration, error) {
	var lags []time.Duration
	for number := 0; ; number++ {
		select {
		case <-stop:
			return lags, nil
		case <-time.After(watchEvery):
		}
		id := fmt.Sprintf("watched-%d", number)
		if err := startOne(client, id, "Watched", "watched"); err != nil {
			return lags, err
		}
		answered := time.Now()
		for {
			counted, err := count(client, fmt.Sprintf("WorkflowId = '%s'", id))
			if err != nil {
				return lags, err
			}
			if counted == 1 {
				break
			}
			time.Sleep(lookEvery)
		}
		lags = append(lags, time.Since(answered))
	}
}

func count(client workflowservice.WorkflowServiceClient, query string) (int64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	counted, err := client.CountWorkflowExecutions(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: namespace, Query: query})
	return counted.GetCount(), err
}

func ms(d time.Duration) float64 {
	return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
}
