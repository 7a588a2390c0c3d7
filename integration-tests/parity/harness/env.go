package harness

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// Identity is what every scenario gives as its identity.
const Identity = "parity"

// rpcTimeout bounds every call that says nothing else.
const rpcTimeout = 10 * time.Second

// Env is what a scenario works with: clients of the server under test, names
// that no other run uses, and the recording it fills.
type Env struct {
	WF        workflowservice.WorkflowServiceClient
	Operator  operatorservice.OperatorServiceClient
	Namespace string

	scenario  string
	suffix    string
	recording *Recording
	runs      []touchedRun
}

type touchedRun struct {
	label      string
	workflowID string
	runID      string
}

// aborted is how a scenario that cannot go on unwinds to its runner.
type aborted struct{ reason string }

func newEnv(connection grpc.ClientConnInterface, scenario string) *Env {
	return &Env{
		WF:        workflowservice.NewWorkflowServiceClient(connection),
		Operator:  operatorservice.NewOperatorServiceClient(connection),
		Namespace: "default",
		scenario:  scenario,
		suffix:    "-x" + randomHex(),
		recording: &Recording{Scenario: scenario},
	}
}

func randomHex() string {
	raw := make([]byte, 4)
	_, _ = rand.Read(raw) // never fails, says crypto/rand
	return hex.EncodeToString(raw)
}

// ID makes a name unique to this run; the recording shows it without what makes
// it unique.
func (e *Env) ID(name string) string {
	return e.scenario + "-" + name + e.suffix
}

// Abort ends the scenario; what was recorded up to here is kept.
func (e *Env) Abort(format string, args ...any) {
	panic(aborted{fmt.Sprintf(format, args...)})
}

// Note records a value that the scenario worked out itself.
func (e *Env) Note(step string, value any) {
	e.recording.Steps = append(e.recording.Steps, Step{Name: step, Answer: value})
}

// RPC is the shape of every method of the generated clients.
type RPC[Q, R proto.Message] func(context.Context, Q, ...grpc.CallOption) (R, error)

// Call makes one RPC and records its response or error under the step's name.
func Call[Q, R proto.Message](e *Env, step string, rpc RPC[Q, R], request Q) (R, error) {
	return CallWithin(e, step, rpcTimeout, rpc, request)
}

// CallWithin is Call with a deadline of its own; 0 sends none.
func CallWithin[Q, R proto.Message](e *Env, step string, timeout time.Duration, rpc RPC[Q, R], request Q) (R, error) {
	response, err := call(timeout, rpc, request)
	e.Note(step, answer(response, err))
	return response, err
}

// Quiet makes one RPC that is only a means: it is not recorded, and the scenario
// ends if it fails.
func Quiet[Q, R proto.Message](e *Env, rpc RPC[Q, R], request Q) R {
	response, err := call(rpcTimeout, rpc, request)
	if err != nil {
		e.Abort("%T: %v", request, err)
	}
	return response
}

// Pending is a call that runs beside the scenario.
type Pending[R proto.Message] struct {
	done     chan struct{}
	response R
	err      error
}

// Go starts one RPC beside the scenario, for calls that wait for what the
// scenario does next.
func Go[Q, R proto.Message](timeout time.Duration, rpc RPC[Q, R], request Q) *Pending[R] {
	p := &Pending[R]{done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.response, p.err = call(timeout, rpc, request)
	}()
	return p
}

// Wait returns what a call started by Go was answered, without recording it.
func (p *Pending[R]) Wait() (R, error) {
	<-p.done
	return p.response, p.err
}

// Join waits for a call started by Go and records it under the step's name.
func Join[R proto.Message](e *Env, step string, p *Pending[R]) (R, error) {
	<-p.done
	e.Note(step, answer(p.response, p.err))
	return p.response, p.err
}

func call[Q, R proto.Message](timeout time.Duration, rpc RPC[Q, R], request Q) (R, error) {
	ctx := context.Background()
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	response, err := rpc(ctx, request)
	untilNextMillisecond()
	return response, err
}

// untilNextMillisecond waits for the clock to go on. Times in histories tell
// which of two calls came first only if they are not within one millisecond.
func untilNextMillisecond() {
	now := time.Now()
	time.Sleep(time.Until(now.Truncate(time.Millisecond).Add(time.Millisecond)))
}

// Eventually repeats check until it says yes, for what a server may do a moment
// later; the scenario ends if it has not within 10 s.
func (e *Env) Eventually(what string, check func() bool) {
	deadline := time.Now().Add(rpcTimeout)
	for !check() {
		if time.Now().After(deadline) {
			e.Abort("never seen: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Touch makes the run's history and description part of the recording, taken
// when the scenario ends.
func (e *Env) Touch(label, workflowID, runID string) {
	e.runs = append(e.runs, touchedRun{label, workflowID, runID})
}

// Execution names a run.
func Execution(workflowID, runID string) *commonpb.WorkflowExecution {
	return &commonpb.WorkflowExecution{WorkflowId: workflowID, RunId: runID}
}
