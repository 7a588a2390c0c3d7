// Package integration runs ordinary Go SDK programs against a running server.
//
// TEMPORAL_ADDRESS names the server (127.0.0.1:7233 when unset). Every test has
// a task queue and workflow ids of its own, so they run in parallel and may
// share the server with other suites.
package integration

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// testDeadline bounds everything one test does with the server. It is generous:
// 200 workflows take long on two busy cores.
const testDeadline = 150 * time.Second

// TestMain runs the tests, or, when asked by environment variable, is the
// worker process that a test is going to kill.
func TestMain(m *testing.M) {
	if queue := os.Getenv(doomedWorkerQueue); queue != "" {
		runDoomedWorker(queue)
		return
	}
	os.Exit(m.Run())
}

func serverAddress() string {
	if address := os.Getenv("TEMPORAL_ADDRESS"); address != "" {
		return address
	}
	return "127.0.0.1:7233"
}

// quiet drops the SDK's log: these programs fail on purpose.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}

var _ sdklog.Logger = quiet{}

var dial = sync.OnceValues(func() (client.Client, error) {
	return client.Dial(client.Options{HostPort: serverAddress(), Logger: quiet{}})
})

// env is one test's corner of the server.
type env struct {
	*require.Assertions
	t     *testing.T
	ctx   context.Context
	c     client.Client
	queue string
	// workflows are those that the test's workers know.
	workflows []any
	// ids are the workflow ids that the test has asked for.
	ids sync.Map
}

// newEnv lets its test run beside the others. When the test has passed and its
// workers have stopped, the SDK replays what it has produced.
func newEnv(t *testing.T) *env {
	t.Helper()
	t.Parallel()
	e := newLoneEnv(t)
	t.Cleanup(e.replay)
	return e
}

// newLoneEnv is for a test that loads the machine: it runs before the parallel
// ones, so that their short timeouts are not its victims.
func newLoneEnv(t *testing.T) *env {
	t.Helper()
	c, err := dial()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), testDeadline)
	t.Cleanup(cancel)
	queue := fmt.Sprintf("go-%s-%s", strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-")), uuid.NewString()[:8])
	return &env{Assertions: require.New(t), t: t, ctx: ctx, c: c, queue: queue}
}

// id is a workflow id of this test.
func (e *env) id(suffix string) string {
	id := e.queue + "-" + suffix
	e.ids.Store(id, true)
	return id
}

// work runs a worker with these workflows and activities until the test ends
// or the returned function is called.
func (e *env) work(things ...any) (stop func()) {
	e.t.Helper()
	w := worker.New(e.c, e.queue, worker.Options{
		MaxHeartbeatThrottleInterval: 50 * time.Millisecond,
		WorkerStopTimeout:            time.Second,
	})
	register(w, things...)
	for _, thing := range things {
		if _, ok := thing.(activityFunc); !ok {
			e.workflows = append(e.workflows, thing)
		}
	}
	e.NoError(w.Start())
	stop = sync.OnceFunc(w.Stop)
	e.t.Cleanup(stop)
	return stop
}

// activityFunc marks a function as an activity for register.
type activityFunc struct{ f any }

func act(f any) activityFunc { return activityFunc{f} }

func register(r worker.Registry, things ...any) {
	for _, thing := range things {
		if a, ok := thing.(activityFunc); ok {
			r.RegisterActivityWithOptions(a.f, activity.RegisterOptions{})
		} else {
			r.RegisterWorkflowWithOptions(thing, workflow.RegisterOptions{})
		}
	}
}

func (e *env) start(wf any, args ...any) client.WorkflowRun {
	e.t.Helper()
	return e.startWith(client.StartWorkflowOptions{}, wf, args...)
}

// startWith fills in this test's queue and, when none is given, its id.
func (e *env) startWith(o client.StartWorkflowOptions, wf any, args ...any) client.WorkflowRun {
	e.t.Helper()
	run, err := e.tryStart(o, wf, args...)
	e.NoError(err)
	return run
}

func (e *env) tryStart(o client.StartWorkflowOptions, wf any, args ...any) (client.WorkflowRun, error) {
	o.TaskQueue = e.queue
	if o.ID == "" {
		o.ID = e.id("wf")
	}
	if o.WorkflowExecutionTimeout == 0 {
		o.WorkflowExecutionTimeout = 3 * time.Minute
	}
	return e.c.ExecuteWorkflow(e.ctx, o, wf, args...)
}

// history is the whole history of a run; an empty run id means the latest.
// Its event ids must count from 1 without a gap.
func (e *env) history(workflowID, runID string) []*historypb.HistoryEvent {
	e.t.Helper()
	var events []*historypb.HistoryEvent
	pages := e.c.GetWorkflowHistory(e.ctx, workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for pages.HasNext() {
		event, err := pages.Next()
		e.NoError(err)
		events = append(events, event)
		e.EqualValues(len(events), event.EventId)
	}
	return events
}

// names is a run's history as event type names, e.g. "TimerStarted".
func (e *env) names(run client.WorkflowRun) []string {
	e.t.Helper()
	var names []string
	for _, event := range e.history(run.GetID(), run.GetRunID()) {
		names = append(names, event.EventType.String())
	}
	return names
}

// until calls probe, on the test's goroutine, until it is true, for 15 seconds.
func (e *env) until(what string, probe func() bool) {
	e.t.Helper()
	e.within(15*time.Second, what, probe)
}

// within calls probe, on the test's goroutine, until it is true.
func (e *env) within(deadline time.Duration, what string, probe func() bool) {
	e.t.Helper()
	for end := time.Now().Add(deadline); !probe(); time.Sleep(50 * time.Millisecond) {
		e.True(time.Now().Before(end), "not in time: %s", what)
	}
}

func (e *env) status(run client.WorkflowRun) enumspb.WorkflowExecutionStatus {
	e.t.Helper()
	described, err := e.c.DescribeWorkflowExecution(e.ctx, run.GetID(), run.GetRunID())
	e.NoError(err)
	return described.WorkflowExecutionInfo.Status
}

func count(names []string, wanted string) int {
	n := 0
	for _, name := range names {
		if name == wanted {
			n++
		}
	}
	return n
}

// inTenSeconds are the options of an activity that needs no more.
func inTenSeconds(ctx workflow.Context, retry *temporal.RetryPolicy) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second,
		RetryPolicy:         retry,
	})
}
