package integration

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

type climbResult struct {
	Attempt     int32
	ResumedFrom int
}

// climb takes three steps in attempt 1 and then stops as told; attempt 2
// reports what it was handed.
func climb(ctx context.Context, howItStops string) (climbResult, error) {
	if attempt := activity.GetInfo(ctx).Attempt; attempt > 1 {
		var step int
		err := activity.GetHeartbeatDetails(ctx, &step)
		return climbResult{attempt, step}, err
	}
	for step := 1; step <= 3; step++ {
		activity.RecordHeartbeat(ctx, step)
		time.Sleep(100 * time.Millisecond)
	}
	if howItStops == "fails" {
		return climbResult{}, errors.New("lost the grip")
	}
	<-ctx.Done()
	return climbResult{}, ctx.Err()
}

func climbWorkflow(ctx workflow.Context, howItStops string) (result climbResult, err error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 20 * time.Second,
		HeartbeatTimeout:    time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 50 * time.Millisecond, MaximumAttempts: 2},
	})
	err = workflow.ExecuteActivity(ctx, climb, howItStops).Get(ctx, &result)
	return result, err
}

func TestTheNextAttemptIsHandedTheLastHeartbeat(t *testing.T) {
	for _, howItStops := range []string{"fails", "goes silent"} {
		t.Run(howItStops, func(t *testing.T) {
			e := newEnv(t)
			e.work(climbWorkflow, act(climb))
			var result climbResult
			e.NoError(e.start(climbWorkflow, howItStops).Get(e.ctx, &result))
			e.Equal(climbResult{Attempt: 2, ResumedFrom: 3}, result)
		})
	}
}
