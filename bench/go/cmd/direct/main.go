// Direct loads a server through gRPC alone. Its worker keeps a few counters per
// run instead of replaying code, so that the server's cost is what is measured.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"klamm.dev/bench/internal/workload"
)

func main() {
	options := workload.ParseFlags()
	if err := run(options); err != nil {
		fmt.Fprintln(os.Stderr, "bench direct:", err)
		os.Exit(1)
	}
}

func run(options *workload.Options) error {
	if options.Pollers < 1 {
		return errors.New("--pollers must be at least 1: this driver has no SDK with a default of its own")
	}
	client, err := connect(options)
	if err != nil {
		return err
	}
	queue := fmt.Sprintf("bench-direct-%d", os.Getpid())
	handled := &workload.Handled{}
	stop := startWorker(client, options, queue, handled)
	defer stop()

	if options.Each != "" {
		return options.MeasureEach("direct", &idleRuns{client, options, queue, handled})
	}
	return options.Measure("direct", func(ctx context.Context, id string) error {
		return execute(ctx, client, options, queue, id)
	})
}

// connect waits for the server for as long as one may take to start.
func connect(options *workload.Options) (workflowservice.WorkflowServiceClient, error) {
	connection, err := grpc.NewClient(options.Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	client := workflowservice.NewWorkflowServiceClient(connection)
	deadline := time.Now().Add(30 * time.Second)
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		_, err = client.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: options.Namespace})
		cancel()
		if err == nil {
			return client, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("no server answers at %s: %w", options.Address, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// start starts a workflow and gives its run id.
func start(
	ctx context.Context, client workflowservice.WorkflowServiceClient, options *workload.Options, queue, workflowType, id string,
) (string, error) {
	started, err := client.StartWorkflowExecution(ctx, &workflowservice.StartWorkflowExecutionRequest{
		Namespace: options.Namespace, WorkflowId: id, RequestId: id,
		WorkflowType: &commonpb.WorkflowType{Name: workflowType},
		TaskQueue:    &taskqueuepb.TaskQueue{Name: queue}, Input: smallPayloads, Identity: identity,
	})
	return started.GetRunId(), err
}

// execute starts a workflow, sends its signals and waits for its last event.
func execute(ctx context.Context, client workflowservice.WorkflowServiceClient, options *workload.Options, queue, id string) error {
	runID, err := start(ctx, client, options, queue, plannedType, id)
	if err != nil {
		return err
	}
	execution := &commonpb.WorkflowExecution{WorkflowId: id, RunId: runID}
	for range options.Signals {
		if _, err := client.SignalWorkflowExecution(ctx, &workflowservice.SignalWorkflowExecutionRequest{
			Namespace: options.Namespace, WorkflowExecution: execution,
			SignalName: "go-on", Input: smallPayloads, Identity: identity,
		}); err != nil {
			return err
		}
	}
	var token []byte
	for {
		page, err := client.GetWorkflowExecutionHistory(ctx, &workflowservice.GetWorkflowExecutionHistoryRequest{
			Namespace: options.Namespace, Execution: execution, WaitNewEvent: true, NextPageToken: token,
			HistoryEventFilterType: enumspb.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
		})
		if err != nil {
			return err
		}
		if events := page.GetHistory().GetEvents(); len(events) > 0 {
			if kind := events[len(events)-1].GetEventType(); kind != enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED {
				return fmt.Errorf("workflow %s ended with %s", id, kind)
			}
			return nil
		}
		if token = page.GetNextPageToken(); len(token) == 0 {
			return errors.New("the wait for the result ended without one")
		}
	}
}
