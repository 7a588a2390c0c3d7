package main

import (
	"context"
	"time"

	"go.temporal.io/sdk/workflow"
)

// Plan says what one workflow does beside its activity.
type Plan struct {
	Number  int  `json:"number"`
	Signals bool `json:"signals"`
	PauseMS int  `json:"pauseMs"`
}

func square(_ context.Context, number int) (int, error) { return number * number, nil }

// SoakWorkflow runs an activity, then sleeps if it has a pause, then gathers
// notes until the signal `finish` if it waits for signals. It returns the square.
func SoakWorkflow(ctx workflow.Context, plan Plan) (int, error) {
	notes := 0
	if err := workflow.SetQueryHandler(ctx, "notes", func() (int, error) { return notes, nil }); err != nil {
		return 0, err
	}
	workflow.Go(ctx, func(ctx workflow.Context) {
		for {
			workflow.GetSignalChannel(ctx, "note").Receive(ctx, nil)
			notes++
		}
	})
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Second})
	var squared int
	if err := workflow.ExecuteActivity(ctx, square, plan.Number).Get(ctx, &squared); err != nil {
		return 0, err
	}
	if plan.PauseMS > 0 {
		if err := workflow.Sleep(ctx, time.Duration(plan.PauseMS)*time.Millisecond); err != nil {
			return 0, err
		}
	}
	if plan.Signals {
		workflow.GetSignalChannel(ctx, "finish").Receive(ctx, nil)
	}
	return squared, nil
}
