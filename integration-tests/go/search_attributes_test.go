package integration

import (
	"fmt"
	"slices"
	"testing"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// The same names and types as in the Python suite: SQL visibility stores have
// room for few custom attributes.
var (
	customerKey = temporal.NewSearchAttributeKeyKeyword("KlammItCustomer")
	amountKey   = temporal.NewSearchAttributeKeyInt64("KlammItAmount")
)

// orderWorkflow raises its amount by one and waits for "close".
func orderWorkflow(ctx workflow.Context) error {
	amount, _ := workflow.GetTypedSearchAttributes(ctx).GetInt64(amountKey)
	if err := workflow.UpsertTypedSearchAttributes(ctx, amountKey.ValueSet(amount+1)); err != nil {
		return err
	}
	workflow.GetSignalChannel(ctx, "close").Receive(ctx, nil)
	return nil
}

func (e *env) registerAttributes() {
	e.t.Helper()
	types := map[string]enumspb.IndexedValueType{
		customerKey.GetName(): enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		amountKey.GetName():   enumspb.INDEXED_VALUE_TYPE_INT,
	}
	_, err := e.c.OperatorService().AddSearchAttributes(e.ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: "default", SearchAttributes: types,
	})
	if err != nil {
		var exists *serviceerror.AlreadyExists
		e.ErrorAs(err, &exists)
	}
	e.until("the attributes are listed", func() bool {
		listed, err := e.c.OperatorService().ListSearchAttributes(e.ctx,
			&operatorservice.ListSearchAttributesRequest{Namespace: "default"})
		return err == nil && listed.CustomAttributes[customerKey.GetName()] != 0 && listed.CustomAttributes[amountKey.GetName()] != 0
	})
}

func TestListAndCountFilterByAttributes(t *testing.T) {
	e := newEnv(t)
	e.registerAttributes()
	e.work(orderWorkflow)
	all := []int64{10, 20, 30, 40}
	for _, amount := range all {
		run := e.startWith(client.StartWorkflowOptions{
			ID:                    e.id(fmt.Sprint(amount)),
			TypedSearchAttributes: temporal.NewSearchAttributes(customerKey.ValueSet(e.queue), amountKey.ValueSet(amount)),
		}, orderWorkflow)
		if amount == 10 {
			e.signal(run, "close", nil)
			e.NoError(run.Get(e.ctx, nil))
		}
	}
	for _, c := range []struct {
		filter   string
		expected []int64
	}{
		{"KlammItAmount > 0", all},
		{"KlammItAmount >= 31", []int64{30, 40}},
		{"KlammItAmount BETWEEN 11 AND 21", []int64{10, 20}},
		{"ExecutionStatus = 'Completed'", []int64{10}},
		{"ExecutionStatus = 'Running' AND KlammItAmount < 41", []int64{20, 30}},
		{"WorkflowType = 'orderWorkflow' AND NOT KlammItAmount IN (21, 31)", []int64{10, 40}},
		{"CloseTime IS NULL", []int64{20, 30, 40}},
	} {
		query := fmt.Sprintf("KlammItCustomer = '%s' AND %s", e.queue, c.filter)
		e.until(query, func() bool {
			listed, err := e.c.ListWorkflow(e.ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query})
			e.NoError(err)
			counted, err := e.c.CountWorkflow(e.ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: query})
			e.NoError(err)
			var found []string
			for _, info := range listed.Executions {
				found = append(found, info.Execution.WorkflowId)
			}
			var expected []string
			for _, amount := range c.expected {
				expected = append(expected, e.id(fmt.Sprint(amount)))
			}
			slices.Sort(found)
			return slices.Equal(found, expected) && counted.Count == int64(len(expected))
		})
	}
	e.until("the groups by status", func() bool {
		counted, err := e.c.CountWorkflow(e.ctx, &workflowservice.CountWorkflowExecutionsRequest{
			Query: fmt.Sprintf("KlammItCustomer = '%s' GROUP BY ExecutionStatus", e.queue),
		})
		e.NoError(err)
		groups := map[string]int64{}
		for _, group := range counted.Groups {
			groups[payloadText(group.GroupValues[0])] = group.Count
		}
		return len(groups) == 2 && groups[`"Running"`] == 3 && groups[`"Completed"`] == 1
	})
}

func payloadText(p *commonpb.Payload) string { return string(p.Data) }
