package harness

import (
	"reflect"
	"testing"
)

func normalized(answers ...any) []any {
	recording := Recording{Scenario: "s"}
	for _, a := range answers {
		recording.Steps = append(recording.Steps, Step{Name: "step", Answer: a})
	}
	var result []any
	for _, step := range Normalize(recording, "-x12345678").Steps {
		result = append(result, step.Answer)
	}
	return result
}

type object = map[string]any

const (
	uuidA = "0191a1b2-0000-7000-8000-00000000000a"
	uuidB = "0191a1b2-0000-7000-8000-00000000000b"
)

func TestUUIDsAreNumberedInOrderOfAppearanceAcrossSteps(t *testing.T) {
	got := normalized(object{"run_id": uuidB}, object{"first": uuidA, "message": "run " + uuidB + " is gone"})
	want := []any{object{"run_id": "<uuid-1>"}, object{"first": "<uuid-2>", "message": "run <uuid-1> is gone"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSuffixTimesTokensAndMeasuredValuesAreReplaced(t *testing.T) {
	got := normalized(object{
		"workflow_id":        "wf-x12345678",
		"event_time":         "2026-01-02T03:04:05.678Z",
		"close_time":         "1970-01-01T00:00:00Z",
		"task_token":         "AAAA",
		"history_size_bytes": "712",
		"request_id":         uuidA,
		"attempt":            2,
		"timeout":            "10s",
	})[0]
	want := object{
		"workflow_id":        "wf",
		"event_time":         "<time>",
		"close_time":         "<no time>",
		"task_token":         "<token>",
		"history_size_bytes": "<size>",
		"request_id":         "<request-id>",
		"attempt":            2.0,
		"timeout":            "10s",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestARequestIDThatTheScenarioGaveIsKept(t *testing.T) {
	got := normalized(object{"request_id": "wf-start-request-x12345678"})[0]
	if want := (object{"request_id": "wf-start-request"}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestExpirationIsShownRelativeToTheRunsStart(t *testing.T) {
	got := normalized(object{
		"event_time": "2026-01-02T03:04:05.100Z",
		"attributes": object{"workflow_execution_expiration_time": "2026-01-02T04:04:05.100Z"},
	})[0].(object)["attributes"]
	if want := (object{"workflow_execution_expiration_time": "<event time + 1h0m0s>"}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestARunThatGoesOnByItselfWaitsForWhatIsLeftOfASecond(t *testing.T) {
	const byWorkflow, byRetry = "CONTINUE_AS_NEW_INITIATOR_WORKFLOW", "CONTINUE_AS_NEW_INITIATOR_RETRY"
	for _, c := range []struct{ initiator, told, want string }{
		{byWorkflow, "0.981s", "<what is left of a second>"},
		{byWorkflow, "1s", "<what is left of a second>"},
		{byWorkflow, "2s", "2s"},
		{byRetry, "1s", "1s"},
	} {
		got := normalized(object{"initiator": c.initiator, "first_workflow_task_backoff": c.told})
		want := []any{object{"initiator": c.initiator, "first_workflow_task_backoff": c.want}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestPayloadsBecomeReadable(t *testing.T) {
	got := normalized(Plain(Payloads("hello")))[0]
	want := object{"payloads": []any{object{
		"metadata": object{"encoding": "json/plain"}, "data": `"hello"`,
	}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestListsWithoutAnOrderAreSorted(t *testing.T) {
	got := normalized(object{"pending_activities": []any{object{"activity_id": "b"}, object{"activity_id": "a"}}})[0]
	want := object{"pending_activities": []any{object{"activity_id": "a"}, object{"activity_id": "b"}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
