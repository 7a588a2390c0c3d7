package harness

import (
	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
)

// CompleteWorkflow closes the run with a result.
func CompleteWorkflow(result any) *commandpb.Command {
	return &commandpb.Command{
		CommandType: enumspb.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
		Attributes: &commandpb.Command_CompleteWorkflowExecutionCommandAttributes{
			CompleteWorkflowExecutionCommandAttributes: &commandpb.CompleteWorkflowExecutionCommandAttributes{Result: Payloads(result)},
		},
	}
}

// FailWorkflow closes the run with a failure.
func FailWorkflow(kind string) *commandpb.Command {
	return &commandpb.Command{
		CommandType: enumspb.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION,
		Attributes: &commandpb.Command_FailWorkflowExecutionCommandAttributes{
			FailWorkflowExecutionCommandAttributes: &commandpb.FailWorkflowExecutionCommandAttributes{
				Failure: ApplicationFailure("the workflow failed", kind, false),
			},
		},
	}
}

// CancelWorkflow closes the run as canceled.
func CancelWorkflow(details any) *commandpb.Command {
	return &commandpb.Command{
		CommandType: enumspb.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION,
		Attributes: &commandpb.Command_CancelWorkflowExecutionCommandAttributes{
			CancelWorkflowExecutionCommandAttributes: &commandpb.CancelWorkflowExecutionCommandAttributes{Details: Payloads(details)},
		},
	}
}

// ContinueAsNew closes the run and starts the next one of its chain.
func ContinueAsNew(change func(*commandpb.ContinueAsNewWorkflowExecutionCommandAttributes)) *commandpb.Command {
	attributes := &commandpb.ContinueAsNewWorkflowExecutionCommandAttributes{Input: Payloads("again")}
	if change != nil {
		change(attributes)
	}
	return &commandpb.Command{
		CommandType: enumspb.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION,
		Attributes: &commandpb.Command_ContinueAsNewWorkflowExecutionCommandAttributes{
			ContinueAsNewWorkflowExecutionCommandAttributes: attributes,
		},
	}
}

// ScheduleActivity schedules an activity with a start-to-close timeout of a
// minute; callers change what their scenario is about.
func (e *Env) ScheduleActivity(id string, change ...func(*commandpb.ScheduleActivityTaskCommandAttributes)) *commandpb.Command {
	attributes := &commandpb.ScheduleActivityTaskCommandAttributes{
		ActivityId:          id,
		ActivityType:        &commonpb.ActivityType{Name: "ParityActivity"},
		TaskQueue:           e.Queue(),
		Input:               Payloads("input of " + id),
		StartToCloseTimeout: Seconds(60),
	}
	for _, c := range change {
		c(attributes)
	}
	return &commandpb.Command{
		CommandType: enumspb.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
		Attributes:  &commandpb.Command_ScheduleActivityTaskCommandAttributes{ScheduleActivityTaskCommandAttributes: attributes},
	}
}

// RequestCancelActivity asks for an activity's cancellation.
func RequestCancelActivity(scheduledEventID int64) *commandpb.Command {
	return &commandpb.Command{
		CommandType: enumspb.COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK,
		Attributes: &commandpb.Command_RequestCancelActivityTaskCommandAttributes{
			RequestCancelActivityTaskCommandAttributes: &commandpb.RequestCancelActivityTaskCommandAttributes{ScheduledEventId: scheduledEventID},
		},
	}
}

// StartTimer starts a timer of so many seconds.
func StartTimer(id string, seconds float64) *commandpb.Command {
	return &commandpb.Command{
		CommandType: enumspb.COMMAND_TYPE_START_TIMER,
		Attributes: &commandpb.Command_StartTimerCommandAttributes{
			StartTimerCommandAttributes: &commandpb.StartTimerCommandAttributes{TimerId: id, StartToFireTimeout: Seconds(seconds)},
		},
	}
}

// CancelTimer cancels a timer.
func CancelTimer(id string) *commandpb.Command {
	return &commandpb.Command{
		CommandType: enumspb.COMMAND_TYPE_CANCEL_TIMER,
		Attributes: &commandpb.Command_CancelTimerCommandAttributes{
			CancelTimerCommandAttributes: &commandpb.CancelTimerCommandAttributes{TimerId: id},
		},
	}
}

// RecordMarker records a marker with details.
func RecordMarker(name string) *commandpb.Command {
	return &commandpb.Command{
		CommandType: enumspb.COMMAND_TYPE_RECORD_MARKER,
		Attributes: &commandpb.Command_RecordMarkerCommandAttributes{
			RecordMarkerCommandAttributes: &commandpb.RecordMarkerCommandAttributes{
				MarkerName: name,
				Details:    map[string]*commonpb.Payloads{"data": Payloads(name, 1)},
			},
		},
	}
}

// UpsertSearchAttributes changes the run's search attributes.
func UpsertSearchAttributes(fields map[string]*commonpb.Payload) *commandpb.Command {
	return &commandpb.Command{
		CommandType: enumspb.COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
		Attributes: &commandpb.Command_UpsertWorkflowSearchAttributesCommandAttributes{
			UpsertWorkflowSearchAttributesCommandAttributes: &commandpb.UpsertWorkflowSearchAttributesCommandAttributes{
				SearchAttributes: SearchAttributes(fields),
			},
		},
	}
}

// UpsertMemo changes the run's memo.
func UpsertMemo(memo *commonpb.Memo) *commandpb.Command {
	return &commandpb.Command{
		CommandType: enumspb.COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES,
		Attributes: &commandpb.Command_ModifyWorkflowPropertiesCommandAttributes{
			ModifyWorkflowPropertiesCommandAttributes: &commandpb.ModifyWorkflowPropertiesCommandAttributes{UpsertedMemo: memo},
		},
	}
}
