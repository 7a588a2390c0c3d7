package scenarios

import (
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var searchAttributes = []Scenario{
	{Name: "search_attributes", Run: searchAttributesChanged},
}

func searchAttributesChanged(e *Env) {
	Quiet(e, e.WF.RegisterNamespace, registration(e, "ns"))
	namespace := e.ID("ns")
	add := func(step string, attributes map[string]enumspb.IndexedValueType) {
		_, _ = Call(e, step, e.Operator.AddSearchAttributes, &operatorservice.AddSearchAttributesRequest{
			Namespace: namespace, SearchAttributes: attributes,
		})
	}
	remove := func(step string, names ...string) {
		_, _ = Call(e, step, e.Operator.RemoveSearchAttributes, &operatorservice.RemoveSearchAttributesRequest{
			Namespace: namespace, SearchAttributes: names,
		})
	}
	listed := func(step string) {
		_, _ = Call(e, step, e.Operator.ListSearchAttributes, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	}
	keyword := enumspb.INDEXED_VALUE_TYPE_KEYWORD
	e.Eventually("the new namespace is usable", func() bool {
		_, err := Go(rpcWait, e.Operator.ListSearchAttributes, &operatorservice.ListSearchAttributesRequest{Namespace: namespace}).Wait()
		return err == nil
	})
	listed("none yet")
	add("add two", map[string]enumspb.IndexedValueType{"Colour": keyword, "Size": enumspb.INDEXED_VALUE_TYPE_INT})
	listed("two")
	add("add one again", map[string]enumspb.IndexedValueType{"Colour": keyword})
	add("again with another type", map[string]enumspb.IndexedValueType{"Colour": enumspb.INDEXED_VALUE_TYPE_TEXT})
	add("a system name", map[string]enumspb.IndexedValueType{"WorkflowId": keyword})
	add("no type", map[string]enumspb.IndexedValueType{"Shape": enumspb.INDEXED_VALUE_TYPE_UNSPECIFIED})
	add("none", nil)
	remove("remove one", "Size")
	remove("remove it again", "Size")
	remove("remove a system name", "WorkflowId")
	remove("remove none")
	listed("one left")
	_, _ = Call(e, "add in an unknown namespace", e.Operator.AddSearchAttributes, &operatorservice.AddSearchAttributesRequest{
		Namespace: e.ID("nowhere"), SearchAttributes: map[string]enumspb.IndexedValueType{"Colour": keyword},
	})
	_, _ = Call(e, "list in an unknown namespace", e.Operator.ListSearchAttributes, &operatorservice.ListSearchAttributesRequest{Namespace: e.ID("nowhere")})
	_, _ = Call(e, "list without a namespace", e.Operator.ListSearchAttributes, &operatorservice.ListSearchAttributesRequest{})
}
