package integration

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// doomedWorkerQueue names the environment variable that turns the test binary
// into a worker on that task queue, to be killed by the test that started it.
const doomedWorkerQueue = "KLAMM_IT_DOOMED_WORKER_QUEUE"

func runDoomedWorker(queue string) {
	// Its sticky tasks fall back to the common queue after 1 s.
	worker.SetStickyWorkflowCacheSize(100)
	c, err := client.Dial(client.Options{HostPort: serverAddress(), Logger: quiet{}})
	if err == nil {
		w := worker.New(c, queue, worker.Options{
			MaxHeartbeatThrottleInterval: 50 * time.Millisecond,
			StickyScheduleToStartTimeout: time.Second,
		})
		register(w, twoStepsWorkflow, hangingWorkflow, act(note), act(hangInProcess))
		err = w.Run(nil)
	}
	fmt.Fprintln(os.Stderr, "doomed worker:", err)
	os.Exit(1)
}

func note(_ context.Context, step string) (string, error) {
	return fmt.Sprintf("%s by %d", step, os.Getpid()), nil
}

// twoStepsWorkflow waits for "proceed" between its two activities.
func twoStepsWorkflow(ctx workflow.Context) ([]string, error) {
	ctx = inTenSeconds(ctx, nil)
	steps := make([]string, 2)
	if err := workflow.ExecuteActivity(ctx, note, "first").Get(ctx, &steps[0]); err != nil {
		return nil, err
	}
	workflow.GetSignalChannel(ctx, "proceed").Receive(ctx, nil)
	err := workflow.ExecuteActivity(ctx, note, "second").Get(ctx, &steps[1])
	return steps, err
}

// hangInProcess never ends in the doomed process; in another it reports what
// it was handed.
func hangInProcess(ctx context.Context, doomedPid int) (string, error) {
	for os.Getpid() == doomedPid {
		activity.RecordHeartbeat(ctx, "half way")
		time.Sleep(50 * time.Millisecond)
	}
	var details string
	err := activity.GetHeartbeatDetails(ctx, &details)
	return fmt.Sprintf("%s by %d", details, os.Getpid()), err
}

func hangingWorkflow(ctx workflow.Context, doomedPid int) (result string, err error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 30 * time.Second,
		HeartbeatTimeout:    time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 50 * time.Millisecond},
	})
	err = workflow.ExecuteActivity(ctx, hangInProcess, doomedPid).Get(ctx, &result)
	return result, err
}

// doomedWorker starts a worker process; kill ends it by SIGKILL.
func (e *env) doomedWorker() (pid int, kill func()) {
	e.t.Helper()
	process := exec.Command(os.Args[0])
	process.Env = append(os.Environ(), doomedWorkerQueue+"="+e.queue)
	process.Stderr = os.Stderr
	e.NoError(process.Start())
	kill = func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	}
	e.t.Cleanup(kill)
	return process.Process.Pid, kill
}

func TestAWorkerKilledBetweenStepsIsReplaced(t *testing.T) {
	e := newEnv(t)
	pid, kill := e.doomedWorker()
	run := e.startWith(client.StartWorkflowOptions{WorkflowTaskTimeout: 2 * time.Second}, twoStepsWorkflow)
	e.until("the first step is done and the workflow waits", func() bool {
		names := e.names(run)
		return count(names, "ActivityTaskCompleted") == 1 && names[len(names)-1] == "WorkflowTaskCompleted"
	})
	kill()
	e.signal(run, "proceed", nil)
	e.work(twoStepsWorkflow, hangingWorkflow, act(note), act(hangInProcess))
	var steps []string
	e.NoError(run.Get(e.ctx, &steps))
	e.Equal([]string{fmt.Sprintf("first by %d", pid), fmt.Sprintf("second by %d", os.Getpid())}, steps)
}

func TestAWorkerKilledInAnActivityIsReplaced(t *testing.T) {
	e := newEnv(t)
	pid, kill := e.doomedWorker()
	run := e.startWith(client.StartWorkflowOptions{WorkflowTaskTimeout: 2 * time.Second}, hangingWorkflow, pid)
	e.until("the doomed worker's heartbeat has arrived", func() bool {
		described, err := e.c.DescribeWorkflowExecution(e.ctx, run.GetID(), run.GetRunID())
		return err == nil && len(described.PendingActivities) == 1 && described.PendingActivities[0].HeartbeatDetails != nil
	})
	kill()
	e.work(twoStepsWorkflow, hangingWorkflow, act(note), act(hangInProcess))
	var result string
	e.NoError(run.Get(e.ctx, &result))
	e.Equal(fmt.Sprintf("half way by %d", os.Getpid()), result)
}
