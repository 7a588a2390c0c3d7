package main

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	batchpb "go.temporal.io/api/batch/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
)

const (
	namespace = "default"
	queue     = "bench-batch"
	job       = "bench-batch-job"
	// how often it is asked how far the operation has come
	look = 100 * time.Millisecond
)

func workflowID(number int) string { return fmt.Sprintf("bench-batch-%d", number) }

// measureBatch does all of it.
func measureBatch(o *options) (*report, error) {
	made := &report{Operation: o.operation, Runs: o.count, PerSecondAllowed: o.perSecond, RestartAt: o.restartAt, Sample: min(o.sample, o.count)}
	s, err := start(o)
	if err != nil {
		return nil, err
	}
	defer func() { s.kill() }()
	began := time.Now()
	if err := startRuns(s, o); err != nil {
		return nil, err
	}
	made.StartsPerSecond = rounded(float64(o.count) / time.Since(began).Seconds())
	if _, err := awaitCount(s, fmt.Sprintf("TaskQueue = '%s'", queue), int64(o.count), o.timeout); err != nil {
		return nil, err
	}
	before, err := s.usage()
	if err != nil {
		return nil, err
	}
	made.BeforeMiB = mib(before.ResidentKiB)
	if err := begin(s, o); err != nil {
		return nil, err
	}
	if s, err = watch(s, o, made); err != nil {
		return nil, err
	}
	if o.operation == "terminate" {
		query := fmt.Sprintf("TaskQueue = '%s' AND ExecutionStatus = 'Terminated'", queue)
		behind, err := awaitCount(s, query, int64(o.count), o.timeout)
		if err != nil {
			return nil, err
		}
		made.ListBehindS = rounded(behind.Seconds())
	}
	after, err := s.usage()
	if err != nil {
		return nil, err
	}
	made.PeakMiB, made.AfterMiB = mib(after.PeakKiB), mib(after.ResidentKiB)
	made.CPU = rounded(made.CPU + after.CPU.Seconds())
	if o.restartAt == 0 {
		made.CPU = rounded(made.CPU - before.CPU.Seconds())
	}
	return made, sample(s, o, made)
}

// startRuns starts the runs, so many at a time.
func startRuns(s *server, o *options) error {
	var (
		next  atomic.Int64
		group sync.WaitGroup
		fail  atomic.Pointer[error]
	)
	for range o.inFlight {
		group.Go(func() {
			for number := int(next.Add(1)) - 1; number < o.count; number = int(next.Add(1)) - 1 {
				_, err := call(s.client.StartWorkflowExecution, &workflowservice.StartWorkflowExecutionRequest{
					Namespace: namespace, WorkflowId: workflowID(number), RequestId: workflowID(number),
					WorkflowType: &commonpb.WorkflowType{Name: "batched"}, TaskQueue: &taskqueuepb.TaskQueue{Name: queue},
				})
				if err != nil {
					fail.Store(&err)
					return
				}
			}
		})
	}
	group.Wait()
	if err := fail.Load(); err != nil {
		return fmt.Errorf("while starting runs: %w", *err)
	}
	return nil
}

// awaitCount waits until the list counts so many, and tells for how long.
func awaitCount(s *server, query string, count int64, timeout time.Duration) (time.Duration, error) {
	began := time.Now()
	for {
		counted, err := call(s.client.CountWorkflowExecutions, &workflowservice.CountWorkflowExecutionsRequest{Namespace: namespace, Query: query})
		if err != nil {
			return 0, err
		}
		if counted.GetCount() == count {
			return time.Since(began), nil
		}
		if time.Since(began) > timeout {
			return 0, fmt.Errorf("the list counts %d, not %d: %s", counted.GetCount(), count, query)
		}
		time.Sleep(look)
	}
}

// begin starts the operation.
func begin(s *server, o *options) error {
	request := &workflowservice.StartBatchOperationRequest{
		Namespace: namespace, JobId: job, Reason: "bench", VisibilityQuery: fmt.Sprintf("TaskQueue = '%s'", queue),
	}
	switch o.operation {
	case "signal":
		request.Operation = &workflowservice.StartBatchOperationRequest_SignalOperation{
			SignalOperation: &batchpb.BatchOperationSignal{Signal: "bench"},
		}
	case "terminate":
		request.Operation = &workflowservice.StartBatchOperationRequest_TerminationOperation{
			TerminationOperation: &batchpb.BatchOperationTermination{},
		}
	default:
		return fmt.Errorf("no such operation: %q; there are signal and terminate", o.operation)
	}
	_, err := call(s.client.StartBatchOperation, request)
	return err
}

// watch follows the operation to its end, and kills the server once on the way. It gives the server that lives then.
func watch(s *server, o *options, made *report) (*server, error) {
	var (
		began      = time.Now()
		step       = began
		tenth      = began
		done       int64
		restarted  time.Time
		wasKilled  bool
		nextToTell = int64(o.count / 10)
	)
	for {
		described, err := call(s.client.DescribeBatchOperation, &workflowservice.DescribeBatchOperationRequest{Namespace: namespace, JobId: job})
		if err != nil {
			return s, err
		}
		now, complete := time.Now(), described.GetCompleteOperationCount()
		if complete > done {
			if !restarted.IsZero() {
				made.RestartPauseS = rounded(now.Sub(restarted).Seconds())
				restarted = time.Time{}
			} else {
				made.LongestStepS = max(made.LongestStepS, rounded(now.Sub(step).Seconds()))
			}
			step, done = now, complete
		}
		if done >= int64((len(made.Tenths)+1)*o.count/10) {
			made.Tenths = append(made.Tenths, rounded(float64(o.count)/10/now.Sub(tenth).Seconds()))
			tenth = now
		}
		if done >= nextToTell {
			usage, _ := s.usage()
			fmt.Fprintf(os.Stderr, "%d of %d after %.0f s, %.0f MiB\n", done, o.count, time.Since(began).Seconds(), mib(usage.ResidentKiB))
			nextToTell = done + int64(o.count/10)
		}
		if described.GetState() != enumspb.BATCH_OPERATION_STATE_RUNNING {
			made.Complete, made.Failed = described.GetCompleteOperationCount(), described.GetFailureOperationCount()
			made.Seconds = rounded(described.GetCloseTime().AsTime().Sub(described.GetStartTime().AsTime()).Seconds())
			made.PerSecond = rounded(float64(o.count) / made.Seconds)
			return s, nil
		}
		if o.restartAt > 0 && !wasKilled && float64(done) >= o.restartAt*float64(o.count) {
			wasKilled = true
			usage, err := s.usage()
			if err != nil {
				return s, err
			}
			made.CPU = usage.CPU.Seconds()
			restarted = time.Now()
			s.kill()
			again, err := start(o)
			if err != nil {
				return s, err
			}
			fmt.Fprintf(os.Stderr, "killed at %d, answers again after %.2f s\n", done, time.Since(restarted).Seconds())
			s = again
		}
		if now.Sub(began) > o.timeout {
			return s, fmt.Errorf("%d of %d are done after %v", done, o.count, o.timeout)
		}
		time.Sleep(look)
	}
}

// sample looks at histories of runs from everywhere: it has happened to each once.
func sample(s *server, o *options, made *report) error {
	kind := enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
	if o.operation == "terminate" {
		kind = enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED
	}
	for n := range made.Sample {
		history, err := call(s.client.GetWorkflowExecutionHistory, &workflowservice.GetWorkflowExecutionHistoryRequest{
			Namespace: namespace, Execution: &commonpb.WorkflowExecution{WorkflowId: workflowID(n * o.count / made.Sample)},
		})
		if err != nil {
			return err
		}
		times := 0
		for _, event := range history.GetHistory().GetEvents() {
			if event.GetEventType() == kind {
				times++
			}
		}
		if times == 1 {
			made.SampleOnce++
		}
	}
	return nil
}
