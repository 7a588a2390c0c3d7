package scenarios

import (
	"time"

	commandpb "go.temporal.io/api/command/v1"
	enumspb "go.temporal.io/api/enums/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var startPolicies = []Scenario{
	{Name: "start_duplicate", Run: startDuplicate},
	{Name: "start_request_id", Run: startRequestID},
	{Name: "reuse_after_completed", Run: func(e *Env) { reuseAfter(e, CompleteWorkflow("first")) }},
	{Name: "reuse_after_failed", Run: func(e *Env) { reuseAfter(e, FailWorkflow("Broken")) }},
	{Name: "reuse_terminate_if_running", Run: reuseTerminateIfRunning},
	{Name: "conflict_use_existing", Run: conflictUseExisting},
	{Name: "conflict_terminate_existing", Run: conflictTerminateExisting},
}

func otherRequest(e *Env, name string) func(*startRequest) {
	return func(r *startRequest) { r.RequestId = e.ID(name) }
}

func startDuplicate(e *Env) {
	e.Start("wf")
	e.StartRecorded("policies left open", "wf", otherRequest(e, "second"))
	e.StartRecorded("conflict policy fail", "wf", otherRequest(e, "third"), func(r *startRequest) {
		r.WorkflowIdConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL
	})
	e.StartRecorded("reject duplicate", "wf", otherRequest(e, "fourth"), func(r *startRequest) {
		r.WorkflowIdReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	})
}

func startRequestID(e *Env) {
	e.StartRecorded("start", "wf")
	e.StartRecorded("same request again", "wf")
	e.Step("workflow task", CompleteWorkflow("done"))
	e.StartRecorded("same request after the close", "wf")
}

func reuseAfter(e *Env, closing *commandpb.Command) {
	e.Start("wf")
	e.Step("first run", closing)
	for _, policy := range []enumspb.WorkflowIdReusePolicy{
		enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
		enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	} {
		e.StartRecorded(policy.String(), "wf", otherRequest(e, policy.String()), func(r *startRequest) {
			r.WorkflowIdReusePolicy = policy
		})
	}
}

func reuseTerminateIfRunning(e *Env) {
	e.Start("wf")
	time.Sleep(1100 * time.Millisecond) // a run younger than a second is not replaced at once
	e.StartRecorded("terminate if running", "wf", otherRequest(e, "second"), func(r *startRequest) {
		r.WorkflowIdReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING
	})
}

func conflictUseExisting(e *Env) {
	e.Start("wf")
	use := func(r *startRequest) {
		r.WorkflowIdConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
	}
	e.StartRecorded("use existing", "wf", otherRequest(e, "second"), use)
	e.StartRecorded("the same request again", "wf", otherRequest(e, "second"), use)
	e.Step("workflow task", CompleteWorkflow("done"))
	e.StartRecorded("use existing after the close", "wf", otherRequest(e, "third"), use)
}

func conflictTerminateExisting(e *Env) {
	e.Start("wf")
	e.PollWorkflow("first run's task")
	time.Sleep(1100 * time.Millisecond) // a run younger than a second is not replaced at once
	e.StartRecorded("terminate existing", "wf", otherRequest(e, "second"), func(r *startRequest) {
		r.WorkflowIdConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
	})
	e.Step("second run's task", CompleteWorkflow("done"))
}
