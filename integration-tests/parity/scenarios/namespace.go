package scenarios

import (
	"strings"

	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/workflowservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var namespaces = []Scenario{
	{Name: "namespace_register", Run: namespaceRegister},
	{Name: "namespace_update", Run: namespaceUpdate},
	{Name: "namespace_bad_requests", Run: namespaceBadRequests},
	{Name: "namespace_isolation", Run: namespaceIsolation},
}

type registerRequest = workflowservice.RegisterNamespaceRequest

func registration(e *Env, name string) *registerRequest {
	return &registerRequest{
		Namespace: e.ID(name), Description: "a description", OwnerEmail: "owner@example.com",
		WorkflowExecutionRetentionPeriod: Seconds(3 * 86400), Data: map[string]string{"k": "v"},
	}
}

func describeNamespace(e *Env, step, name string) *workflowservice.DescribeNamespaceResponse {
	response, _ := Call(e, step, e.WF.DescribeNamespace, &workflowservice.DescribeNamespaceRequest{Namespace: name})
	return response
}

func namespaceRegister(e *Env) {
	_, _ = Call(e, "register", e.WF.RegisterNamespace, registration(e, "ns"))
	described := describeNamespace(e, "describe", e.ID("ns"))
	_, _ = Call(e, "describe by id", e.WF.DescribeNamespace, &workflowservice.DescribeNamespaceRequest{Id: described.GetNamespaceInfo().GetId()})
	_, _ = Call(e, "register again", e.WF.RegisterNamespace, registration(e, "ns"))
	var token []byte
	for {
		page := Quiet(e, e.WF.ListNamespaces, &workflowservice.ListNamespacesRequest{PageSize: 100, NextPageToken: token})
		for _, namespace := range page.GetNamespaces() {
			if namespace.GetNamespaceInfo().GetName() == e.ID("ns") {
				e.Note("listed with state", namespace.GetNamespaceInfo().GetState().String())
			}
		}
		if token = page.GetNextPageToken(); len(token) == 0 {
			break
		}
	}
	describeNamespace(e, "describe default", "default")
}

func namespaceUpdate(e *Env) {
	Quiet(e, e.WF.RegisterNamespace, registration(e, "ns"))
	type request = workflowservice.UpdateNamespaceRequest
	for _, update := range []struct {
		step    string
		request *request
	}{
		{"description and owner", &request{UpdateInfo: &namespacepb.UpdateNamespaceInfo{Description: "another", OwnerEmail: "next@example.com"}}},
		{"data is merged", &request{UpdateInfo: &namespacepb.UpdateNamespaceInfo{Data: map[string]string{"k2": "v2"}}}},
		{"retention", &request{Config: &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: Seconds(7 * 86400)}}},
		{"retention too short", &request{Config: &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: Seconds(60)}}},
		{"negative retention", &request{Config: &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: Seconds(-60)}}},
		{"nothing", &request{}},
	} {
		update.request.Namespace = e.ID("ns")
		_, _ = Call(e, update.step, e.WF.UpdateNamespace, update.request)
	}
	describeNamespace(e, "describe afterwards", e.ID("ns"))
	_, _ = Call(e, "unknown namespace", e.WF.UpdateNamespace, &request{
		Namespace: e.ID("nowhere"), UpdateInfo: &namespacepb.UpdateNamespaceInfo{Description: "x"},
	})
}

func namespaceBadRequests(e *Env) {
	for _, bad := range []struct {
		step   string
		change func(*registerRequest)
	}{
		{"no name", func(r *registerRequest) { r.Namespace = "" }},
		{"long name", func(r *registerRequest) { r.Namespace = strings.Repeat("n", 1001) }},
		{"no retention", func(r *registerRequest) { r.WorkflowExecutionRetentionPeriod = nil }},
		{"zero retention", func(r *registerRequest) { r.WorkflowExecutionRetentionPeriod = Seconds(0) }},
		{"negative retention", func(r *registerRequest) { r.WorkflowExecutionRetentionPeriod = Seconds(-1) }},
		{"retention below an hour", func(r *registerRequest) { r.WorkflowExecutionRetentionPeriod = Seconds(60) }},
		{"default", func(r *registerRequest) { r.Namespace = "default" }},
	} {
		request := registration(e, "ns")
		bad.change(request)
		_, _ = Call(e, "register: "+bad.step, e.WF.RegisterNamespace, request)
	}
	describeNamespace(e, "describe: unknown", e.ID("nowhere"))
	describeNamespace(e, "describe: no name", "")
	_, _ = Call(e, "describe: unknown id", e.WF.DescribeNamespace, &workflowservice.DescribeNamespaceRequest{Id: "11111111-2222-3333-4444-555555555555"})
}

func namespaceIsolation(e *Env) {
	Quiet(e, e.WF.RegisterNamespace, registration(e, "ns"))
	other := *e
	other.Namespace = e.ID("ns")
	e.Eventually("the new namespace is usable", func() bool {
		request := other.StartRequest("wf")
		_, err := Go(rpcWait, e.WF.StartWorkflowExecution, request).Wait()
		return err == nil
	})
	here := e.Start("wf")
	_ = e.Signal("signal here", here, "s", 1)
	_, _ = Call(e, "describe there, with the run id from here", e.WF.DescribeWorkflowExecution, &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: other.Namespace, Execution: Execution(here.ID, here.RunID),
	})
	_, _ = Call(e, "history there", e.WF.GetWorkflowExecutionHistory, &workflowservice.GetWorkflowExecutionHistoryRequest{
		Namespace: other.Namespace, Execution: Execution(here.ID, ""),
	})
	_, _ = Call(e, "poll there", e.WF.PollWorkflowTaskQueue, &workflowservice.PollWorkflowTaskQueueRequest{
		Namespace: other.Namespace, TaskQueue: e.Queue(), Identity: Identity,
	})
	e.Step("task here", CompleteWorkflow("done"))
}
