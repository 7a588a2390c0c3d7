package scenarios

import (
	"strings"

	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var badActivities = []Scenario{
	{Name: "activity_bad_attributes", Run: activityBadAttributes},
	{Name: "activity_duplicate_id", Run: activityDuplicateID},
	{Name: "activity_cancel_unknown", Run: activityCancelUnknown},
}

// refuse answers one workflow task with commands that the server refuses, in a
// workflow and on a queue of its own. What became of the task shows in the
// history and the description that are taken at the end.
func refuse(e *Env, name string, commands ...*commandpb.Command) {
	queue := e.NamedQueue("queue-of-" + name)
	e.Start(name, func(r *startRequest) {
		r.TaskQueue = queue
		r.WorkflowTaskTimeout = Seconds(100) // a task that stays started does not time out meanwhile
	})
	_, _ = e.Complete(name, e.PollWorkflowOn("", queue), commands...)
}

func activityBadAttributes(e *Env) {
	for _, bad := range []struct {
		name   string
		change func(*activityAttributes)
	}{
		{"no timeouts", func(a *activityAttributes) { a.StartToCloseTimeout = nil }},
		{"no id", func(a *activityAttributes) { a.ActivityId = "" }},
		{"long id", func(a *activityAttributes) { a.ActivityId = strings.Repeat("a", 1001) }},
		{"no type", func(a *activityAttributes) { a.ActivityType = nil }},
		{"negative timeout", func(a *activityAttributes) { a.ScheduleToCloseTimeout = Seconds(-1) }},
		{"negative heartbeat", func(a *activityAttributes) { a.HeartbeatTimeout = Seconds(-1) }},
		{"coefficient below 1", func(a *activityAttributes) {
			a.RetryPolicy = &commonpb.RetryPolicy{BackoffCoefficient: 0.5}
		}},
		{"maximum interval below the first", func(a *activityAttributes) {
			a.RetryPolicy = &commonpb.RetryPolicy{InitialInterval: Seconds(10), MaximumInterval: Seconds(5)}
		}},
		{"negative attempts", func(a *activityAttributes) {
			a.RetryPolicy = &commonpb.RetryPolicy{MaximumAttempts: -1}
		}},
		{"reserved queue", func(a *activityAttributes) { a.TaskQueue.Name = "/_sys/x/1" }},
	} {
		refuse(e, bad.name, e.ScheduleActivity("a1", bad.change))
	}
}

func activityDuplicateID(e *Env) {
	refuse(e, "same task", e.ScheduleActivity("a1"), e.ScheduleActivity("a1"))
}

func activityCancelUnknown(e *Env) {
	refuse(e, "unknown event", RequestCancelActivity(77))
	refuse(e, "no event", RequestCancelActivity(0))
}
