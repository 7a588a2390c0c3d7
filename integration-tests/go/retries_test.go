package integration

import (
	"context"
	"fmt"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

var fastRetries = &temporal.RetryPolicy{
	InitialInterval:        50 * time.Millisecond,
	BackoffCoefficient:     1,
	MaximumAttempts:        5,
	NonRetryableErrorTypes: []string{"Fatal"},
}

func succeedOnAttempt(ctx context.Context, wanted int32) (int32, error) {
	attempt := activity.GetInfo(ctx).Attempt
	if attempt < wanted {
		return 0, fmt.Errorf("attempt %d is too early", attempt)
	}
	return attempt, nil
}

func retryUntilWorkflow(ctx workflow.Context, wanted int32) (attempt int32, err error) {
	err = workflow.ExecuteActivity(inTenSeconds(ctx, fastRetries), succeedOnAttempt, wanted).Get(ctx, &attempt)
	return attempt, err
}

func failWithType(_ context.Context, kind string, nonRetryable bool) error {
	return temporal.NewApplicationErrorWithOptions("on purpose", kind, temporal.ApplicationErrorOptions{
		NonRetryable: nonRetryable,
		Details:      []any{"why", 7},
	})
}

func failWithTypeWorkflow(ctx workflow.Context, kind string, nonRetryable bool) error {
	return workflow.ExecuteActivity(inTenSeconds(ctx, fastRetries), failWithType, kind, nonRetryable).Get(ctx, nil)
}

func TestAnActivitySucceedsOnAttempt3(t *testing.T) {
	e := newEnv(t)
	e.work(retryUntilWorkflow, act(succeedOnAttempt))
	run := e.start(retryUntilWorkflow, int32(3))
	var attempt int32
	e.NoError(run.Get(e.ctx, &attempt))
	e.EqualValues(3, attempt)
	started := e.startedActivity(run)
	e.EqualValues(3, started.attempt)
	e.Equal("attempt 2 is too early", started.lastFailure)
}

func TestRetriesEndAsThePolicySays(t *testing.T) {
	for name, c := range map[string]struct {
		kind         string
		nonRetryable bool
		state        enumspb.RetryState
		attempts     int32
	}{
		"ListedTypeIsNotRetried":        {"Fatal", false, enumspb.RETRY_STATE_NON_RETRYABLE_FAILURE, 1},
		"MarkedFailureIsNotRetried":     {"Other", true, enumspb.RETRY_STATE_NON_RETRYABLE_FAILURE, 1},
		"OthersAreRetriedToMaxAttempts": {"Other", false, enumspb.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED, 5},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			e.work(failWithTypeWorkflow, act(failWithType))
			run := e.start(failWithTypeWorkflow, c.kind, c.nonRetryable)
			var failed *temporal.ActivityError
			e.ErrorAs(run.Get(e.ctx, nil), &failed)
			e.Equal(c.state, failed.RetryState())
			var cause *temporal.ApplicationError
			e.ErrorAs(failed, &cause)
			e.Equal(c.kind, cause.Type())
			var why string
			var number int
			e.NoError(cause.Details(&why, &number))
			e.Equal("why", why)
			e.Equal(7, number)
			e.Equal(c.attempts, e.startedActivity(run).attempt)
		})
	}
}

type startedActivity struct {
	attempt     int32
	lastFailure string
}

// startedActivity is the one ActivityTaskStarted event of a run.
func (e *env) startedActivity(run client.WorkflowRun) startedActivity {
	e.t.Helper()
	var found []startedActivity
	for _, event := range e.history(run.GetID(), run.GetRunID()) {
		if a := event.GetActivityTaskStartedEventAttributes(); a != nil {
			found = append(found, startedActivity{a.Attempt, a.LastFailure.GetMessage()})
		}
	}
	e.Len(found, 1)
	return found[0]
}
