// Sdk loads a server through the Go SDK: one worker and one client in this
// process, as an ordinary program would have them.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"klamm.dev/bench/internal/workload"
)

const signalName = "go-on"

func main() {
	options := workload.ParseFlags()
	if err := run(options); err != nil {
		fmt.Fprintln(os.Stderr, "bench sdk:", err)
		os.Exit(1)
	}
}

func run(options *workload.Options) error {
	c, err := dial(options)
	if err != nil {
		return err
	}
	defer c.Close()

	queue := fmt.Sprintf("bench-sdk-%d", os.Getpid())
	// With 0 pollers the SDK takes its own default.
	w := worker.New(c, queue, worker.Options{
		MaxConcurrentWorkflowTaskPollers: options.Pollers,
		MaxConcurrentActivityTaskPollers: options.Pollers,
	})
	w.RegisterWorkflowWithOptions(planned, workflow.RegisterOptions{Name: "planned"})
	w.RegisterWorkflowWithOptions(child, workflow.RegisterOptions{Name: "child"})
	idle := &idleRuns{client: c, options: options, queue: queue}
	w.RegisterWorkflowWithOptions(idle.workflow, workflow.RegisterOptions{Name: "idle"})
	w.RegisterActivityWithOptions(echo, activity.RegisterOptions{Name: "echo"})
	if err := w.Start(); err != nil {
		return fmt.Errorf("while starting the worker: %w", err)
	}
	defer w.Stop()

	if options.Each != "" {
		return options.MeasureEach("sdk", idle)
	}
	return options.Measure("sdk", func(ctx context.Context, id string) error {
		handle, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: queue}, "planned", options.Plan)
		if err != nil {
			return err
		}
		for i := range options.Signals {
			if err := c.SignalWorkflow(ctx, id, handle.GetRunID(), signalName, i); err != nil {
				return err
			}
		}
		return handle.Get(ctx, nil)
	})
}

// dial waits for the server for as long as one may take to start.
func dial(options *workload.Options) (client.Client, error) {
	quiet := sdklog.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))
	deadline := time.Now().Add(30 * time.Second)
	for {
		c, err := client.Dial(client.Options{HostPort: options.Address, Namespace: options.Namespace, Logger: quiet})
		if err == nil {
			return c, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("no server answers at %s: %w", options.Address, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// planned is the measured workflow.
func planned(ctx workflow.Context, plan workload.Plan) (int, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	for i := range plan.Activities {
		if err := workflow.ExecuteActivity(ctx, "echo", i).Get(ctx, nil); err != nil {
			return 0, err
		}
	}
	if plan.Timer > 0 {
		if err := workflow.Sleep(ctx, plan.Timer); err != nil {
			return 0, err
		}
	}
	channel := workflow.GetSignalChannel(ctx, signalName)
	for range plan.Signals {
		channel.Receive(ctx, nil)
	}
	for i := range plan.Children {
		if err := workflow.ExecuteChildWorkflow(ctx, "child", i).Get(ctx, nil); err != nil {
			return 0, err
		}
	}
	return plan.Activities, nil
}

// child is what a measured workflow starts and waits for.
func child(_ workflow.Context, i int) (int, error) { return i, nil }

func echo(_ context.Context, i int) (int, error) { return i, nil }
