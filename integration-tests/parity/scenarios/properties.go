package scenarios

import (
	commonpb "go.temporal.io/api/common/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var markersAndProperties = []Scenario{
	{Name: "marker", Run: marker},
	{Name: "upsert_search_attributes", Run: upsertSearchAttributes},
	{Name: "upsert_memo", Run: upsertMemo},
	{Name: "upsert_bad_commands", Run: upsertBadCommands},
}

func marker(e *Env) {
	e.Start("wf")
	failed := RecordMarker("with-failure")
	failed.GetRecordMarkerCommandAttributes().Failure = ApplicationFailure("local activity failed", "Local", false)
	failed.GetRecordMarkerCommandAttributes().Header = &commonpb.Header{Fields: map[string]*commonpb.Payload{"h": Payload(1)}}
	e.Step("task", RecordMarker("core_patch"), failed, CompleteWorkflow("done"))
}

func upsertSearchAttributes(e *Env) {
	run := e.Start("wf", func(r *startRequest) {
		r.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{"ParityKeyword": Payload("red"), "ParityInt": Payload(1)})
	})
	e.Step("first task", UpsertSearchAttributes(map[string]*commonpb.Payload{
		"ParityInt":    Typed(2, "Int"),
		"ParityDouble": Payload(2.5),
		"ParityList":   Payload([]string{"x", "y"}),
	}), StartTimer("t1", 100))
	e.RecordDescription("description after the upsert", run)
	_ = e.Signal("signal", run, "go", 1)
	e.Step("second task", UpsertSearchAttributes(map[string]*commonpb.Payload{
		"ParityInt":     Payload(nil),
		"ParityKeyword": Payload("blue"),
		"ParityList":    Payload([]string{}),
	}), CompleteWorkflow("done"))
}

func upsertMemo(e *Env) {
	run := e.Start("wf", func(r *startRequest) { r.Memo = Memo(map[string]any{"kept": "a", "changed": "b", "dropped": "c"}) })
	memo := Memo(map[string]any{"changed": "B", "added": 1})
	memo.Fields["dropped"] = &commonpb.Payload{Metadata: map[string][]byte{"encoding": []byte("binary/null")}}
	e.Step("first task", UpsertMemo(memo))
	e.RecordDescription("description after the upsert", run)
}

func upsertBadCommands(e *Env) {
	refuse(e, "unknown search attribute", UpsertSearchAttributes(map[string]*commonpb.Payload{"NobodyKnows": Payload(1)}))
	refuse(e, "system search attribute", UpsertSearchAttributes(map[string]*commonpb.Payload{"StartTime": Payload("2024-01-01T00:00:00Z")}))
	refuse(e, "wrong type", UpsertSearchAttributes(map[string]*commonpb.Payload{"ParityInt": Payload("seven")}))
	refuse(e, "no search attributes", UpsertSearchAttributes(nil))
	refuse(e, "no memo", UpsertMemo(nil))
}
