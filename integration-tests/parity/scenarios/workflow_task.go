package scenarios

import (
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var workflowTasks = []Scenario{
	{Name: "workflow_task_failed", Run: workflowTaskFailed},
	{Name: "workflow_task_failed_signal_between", Run: workflowTaskFailedSignalBetween},
	{Name: "workflow_task_timeout", Run: workflowTaskTimeout},
	{Name: "workflow_task_heartbeat", Run: workflowTaskHeartbeat},
	{Name: "workflow_task_forced_with_commands", Run: workflowTaskForcedWithCommands},
	{Name: "workflow_task_bad_tokens", Run: workflowTaskBadTokens},
	{Name: "workflow_task_metadata", Run: workflowTaskMetadata},
	{Name: "workflow_task_eager_activity", Run: workflowTaskEagerActivity},
}

func workflowTaskFailed(e *Env) {
	run := e.Start("wf")
	_ = e.Fail("fail", e.PollWorkflow("first attempt"), enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE)
	second := e.PollWorkflow("second attempt")
	e.RecordHistory("history during the second attempt", run)
	e.RecordDescription("description during the second attempt", run)
	_ = e.Fail("fail again", second, enumspb.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR)
	third := e.PollWorkflow("third attempt")
	_, _ = e.Complete("complete", third, StartTimer("t1", 0.1))
	e.Step("next task", CompleteWorkflow("done"))
}

func workflowTaskFailedSignalBetween(e *Env) {
	run := e.Start("wf")
	_ = e.Fail("fail", e.PollWorkflow("first attempt"), enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE)
	second := e.PollWorkflow("second attempt")
	_ = e.Signal("signal during it", run, "s", 1)
	_ = e.Fail("fail again", second, enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE)
	e.RecordHistory("history after the second failure", run)
	e.Step("third attempt", CompleteWorkflow("done"))
}

func workflowTaskTimeout(e *Env) {
	run := e.Start("wf", func(r *startRequest) { r.WorkflowTaskTimeout = Seconds(1) })
	first := e.PollWorkflow("first attempt")
	second := e.PollWorkflow("second attempt, after the timeout")
	_, _ = e.Complete("complete the first attempt", first, CompleteWorkflow("late"))
	e.RecordHistory("history during the second attempt", run)
	_, _ = e.Complete("complete the second attempt", second, CompleteWorkflow("done"))
}

func workflowTaskHeartbeat(e *Env) {
	e.Start("wf")
	task := e.PollWorkflow("first task")
	for _, step := range []string{"first heartbeat", "second heartbeat"} {
		request := e.CompleteRequest(task)
		request.ForceCreateNewWorkflowTask = true
		request.ReturnNewWorkflowTask = true
		response, err := Call(e, step, e.WF.RespondWorkflowTaskCompleted, request)
		if err != nil || response.GetWorkflowTask() == nil {
			e.Abort("%s brought no task", step)
		}
		task = response.GetWorkflowTask()
	}
	_, _ = e.Complete("complete", task, RecordMarker("LocalActivity"), CompleteWorkflow("done"))
}

func workflowTaskForcedWithCommands(e *Env) {
	e.Start("wf")
	task := e.PollWorkflow("first task")
	request := e.CompleteRequest(task, StartTimer("t1", 100))
	request.ForceCreateNewWorkflowTask = true
	_, _ = Call(e, "complete and force a new task", e.WF.RespondWorkflowTaskCompleted, request)
	e.Step("the forced task", CompleteWorkflow("done"))
}

func workflowTaskBadTokens(e *Env) {
	run := e.Start("wf")
	task := e.PollWorkflow("")
	_, _ = e.Complete("no token", &WorkflowTask{})
	_, _ = e.Complete("malformed token", &WorkflowTask{TaskToken: []byte("garbage")})
	_ = e.Fail("fail with a malformed token", &WorkflowTask{TaskToken: []byte("garbage")}, enumspb.WORKFLOW_TASK_FAILED_CAUSE_UNSPECIFIED)
	elsewhere := e.CompleteRequest(task, CompleteWorkflow("done"))
	elsewhere.Namespace = "temporal-system"
	_, _ = Call(e, "token of another namespace", e.WF.RespondWorkflowTaskCompleted, elsewhere)
	fromToken := e.CompleteRequest(task, StartTimer("t1", 100))
	fromToken.Namespace = ""
	_, _ = Call(e, "namespace left to the token", e.WF.RespondWorkflowTaskCompleted, fromToken)
	_, _ = e.Complete("complete once more", task, CompleteWorkflow("done"))
	_ = e.Fail("fail once completed", task, enumspb.WORKFLOW_TASK_FAILED_CAUSE_UNSPECIFIED)
	_ = e.Terminate("terminate", run)
	_, _ = e.Complete("complete in a closed run", task, CompleteWorkflow("done"))
}

func workflowTaskMetadata(e *Env) {
	e.Start("wf")
	task := e.PollWorkflow("first task")
	request := e.CompleteRequest(task, StartTimer("t1", 0.1))
	request.Commands[0].UserMetadata = &sdkpb.UserMetadata{Summary: Payload("the timer's summary")}
	request.SdkMetadata = &sdkpb.WorkflowTaskCompletedMetadata{
		CoreUsedFlags: []uint32{1, 2}, LangUsedFlags: []uint32{3}, SdkName: "parity", SdkVersion: "1.2.3",
	}
	request.MeteringMetadata = &commonpb.MeteringMetadata{NonfirstLocalActivityExecutionAttempts: 4}
	_, _ = Call(e, "complete", e.WF.RespondWorkflowTaskCompleted, request)
	e.Step("second task shows it", CompleteWorkflow("done"))
}

func workflowTaskEagerActivity(e *Env) {
	e.Start("wf")
	task := e.PollWorkflow("first task")
	response, err := e.Complete("complete with an eager activity", task, e.ScheduleActivity("a1", func(a *activityAttributes) {
		a.RequestEagerExecution = true
	}))
	if err != nil {
		return
	}
	activity := &ActivityTask{}
	if len(response.GetActivityTasks()) > 0 {
		activity = response.GetActivityTasks()[0]
	} else {
		activity = e.PollActivity("")
	}
	_ = e.CompleteActivity("complete the activity", activity, "result")
	e.Step("second task", CompleteWorkflow("done"))
}
