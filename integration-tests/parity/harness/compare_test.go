package harness

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// story is a recording with a response, an error and a history.
func story() Recording {
	return Recording{Scenario: "story", Steps: []Step{
		{Name: "start", Answer: object{"response": object{"run_id": "<uuid-1>", "started": true}}},
		{Name: "signal", Answer: object{"error": plainError(status.Error(codes.NotFound, "workflow not found"))}},
		{Name: "history", Answer: object{"events": []any{
			object{"event_id": "1", "event_type": "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED", "attributes": object{"attempt": 1}},
			object{"event_id": "2", "event_type": "EVENT_TYPE_WORKFLOW_TASK_SCHEDULED", "attributes": object{"attempt": 1}},
			object{"event_id": "3", "event_type": "EVENT_TYPE_WORKFLOW_TASK_STARTED", "attributes": object{}},
		}}},
	}}
}

func answerOf(r Recording, step int, kind string) object {
	return r.Steps[step].Answer.(object)[kind].(object)
}

func events(r Recording) []any { return r.Steps[2].Answer.(object)["events"].([]any) }

func TestEqualRecordingsDoNotDiffer(t *testing.T) {
	if diffs := Compare(story(), story()); len(diffs) != 0 {
		t.Errorf("equal recordings differ: %v", diffs)
	}
}

func TestEveryKindOfChangeIsFoundAtItsPath(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Recording)
		path   string
	}{
		"a changed field of a response": {func(r *Recording) { answerOf(*r, 0, "response")["started"] = false }, "start/response/started"},
		"a field too many":              {func(r *Recording) { answerOf(*r, 0, "response")["extra"] = 1 }, "start/response/extra"},
		"a field too few":               {func(r *Recording) { delete(answerOf(*r, 0, "response"), "run_id") }, "start/response/run_id"},
		"another message":               {func(r *Recording) { answerOf(*r, 1, "error")["message"] = "no such workflow" }, "signal/error/message"},
		"another code":                  {func(r *Recording) { answerOf(*r, 1, "error")["code"] = "Internal" }, "signal/error/code"},
		"an error instead of a response": {func(r *Recording) {
			r.Steps[0].Answer = object{"error": plainError(status.Error(codes.Internal, "x"))}
		}, "start/error"},
		"a changed attribute of an event": {func(r *Recording) {
			events(*r)[1].(object)["attributes"].(object)["attempt"] = 2
		}, "history/events/2/attributes/attempt"},
		"events in another order": {func(r *Recording) {
			list := events(*r)
			list[1], list[2] = list[2], list[1]
		}, "history/events"},
		"an event too few": {func(r *Recording) {
			r.Steps[2].Answer.(object)["events"] = events(*r)[:2]
		}, "history/events"},
		"a step too few":       {func(r *Recording) { r.Steps = r.Steps[:2] }, "steps"},
		"steps in other order": {func(r *Recording) { r.Steps[0], r.Steps[1] = r.Steps[1], r.Steps[0] }, "step 1"},
		"an abort":             {func(r *Recording) { r.Aborted = "no task came" }, "aborted"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := story()
			test.change(&changed)
			for _, diff := range Compare(story(), changed) {
				if diff.Path == test.path {
					return
				}
			}
			t.Errorf("no difference at %s: %v", test.path, Compare(story(), changed))
		})
	}
}

func TestAMissingHistoryEventNamesTheEventTypes(t *testing.T) {
	changed := story()
	changed.Steps[2].Answer.(object)["events"] = events(changed)[:2]
	diffs := Compare(story(), changed)
	if len(diffs) != 1 || !strings.Contains(diffs[0].Want, "3 WORKFLOW_TASK_STARTED") || strings.Contains(diffs[0].Got, "3 ") {
		t.Errorf("got %v", diffs)
	}
}

// Whatever scalar of a golden file changes, the comparer finds it.
func TestNoScalarOfAGoldenFileCanChangeUnnoticed(t *testing.T) {
	files, err := filepath.Glob("../golden/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		golden, err := ReadRecording("../golden", name)
		if err != nil {
			t.Fatal(err)
		}
		if diffs := Compare(golden, golden); len(diffs) != 0 {
			t.Errorf("%s differs from itself: %v", name, diffs)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		const changes = 10
		for i := range changes {
			var changed Recording
			if err := json.Unmarshal(text, &changed); err != nil {
				t.Fatal(err)
			}
			if step := len(changed.Steps) * i / changes; change(&changed.Steps[step].Answer, i) {
				if len(Compare(golden, changed)) == 0 {
					t.Errorf("%s: a change in step %q went unnoticed", name, changed.Steps[step].Name)
				}
			}
		}
	}
}

// change spoils one scalar below the value, another one for each n.
func change(value *any, n int) bool {
	switch v := (*value).(type) {
	case map[string]any:
		for key, inner := range v {
			if change(&inner, n) {
				v[key] = inner
				return true
			}
		}
		return false
	case []any:
		if len(v) == 0 {
			return false
		}
		return change(&v[n%len(v)], n)
	case string:
		*value = v + " changed"
	case float64:
		*value = v + 1
	case bool:
		*value = !v
	default:
		*value = "changed"
	}
	return true
}
