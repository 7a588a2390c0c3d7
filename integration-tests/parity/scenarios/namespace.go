package scenarios

import (
	"strings"
	"time"

	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	. "klamm.dev/integration-tests/parity/harness"
)

var namespaces = []Scenario{
	{Name: "namespace_register", Run: namespaceRegister},
	{Name: "namespace_update", Run: namespaceUpdate},
	{Name: "namespace_bad_requests", Run: namespaceBadRequests},
	{Name: "namespace_isolation", Run: namespaceIsolation},
	{Name: "namespace_delete", Run: namespaceDelete},
	{Name: "namespace_delete_bad_requests", Run: namespaceDeleteBadRequests},
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

type deleteNamespaceRequest = operatorservice.DeleteNamespaceRequest

// namespaceDelete deletes a namespace that has a run. The delay keeps it for as long as the scenario looks at it.
func namespaceDelete(e *Env) {
	Quiet(e, e.WF.RegisterNamespace, registration(e, "ns"))
	other := *e
	other.Namespace = e.ID("ns")
	start := other.StartRequest("wf")
	e.Eventually("the new namespace is usable", func() bool {
		_, err := Go(rpcWait, e.WF.StartWorkflowExecution, start).Wait()
		return err == nil
	})
	id := Quiet(e, e.WF.DescribeNamespace, &workflowservice.DescribeNamespaceRequest{Namespace: other.Namespace}).GetNamespaceInfo().GetId()
	answer, err := Go(time.Minute, e.Operator.DeleteNamespace, &deleteNamespaceRequest{
		Namespace: other.Namespace, NamespaceDeleteDelay: durationpb.New(time.Hour),
	}).Wait()
	e.Note("deleted", status.Code(err).String())
	deleted := answer.GetDeletedNamespace()
	e.Note("the new name has the beginning of the id", deleted == other.Namespace+"-deleted-"+id[:5])
	describe := &workflowservice.DescribeNamespaceRequest{Id: id}
	info := Quiet(e, e.WF.DescribeNamespace, describe).GetNamespaceInfo()
	e.Note("state", info.GetState().String())
	e.Note("described by id under its new name", info.GetName() == deleted)
	describeNamespace(e, "describe the old name", other.Namespace)
	e.Eventually("the old name is unknown", func() bool {
		_, err := Go(rpcWait, e.WF.StartWorkflowExecution, start).Wait()
		return status.Code(err) == codes.NotFound
	})
	_, _ = Call(e, "start under the old name", e.WF.StartWorkflowExecution, start)
	_, _ = Call(e, "list under the old name", e.WF.ListWorkflowExecutions, &workflowservice.ListWorkflowExecutionsRequest{Namespace: other.Namespace})
	_, _ = Call(e, "update under the old name", e.WF.UpdateNamespace, &workflowservice.UpdateNamespaceRequest{Namespace: other.Namespace})
	_, _ = Call(e, "delete under the old name", e.Operator.DeleteNamespace, &deleteNamespaceRequest{Namespace: other.Namespace})
	under := other.StartRequest("wf")
	under.Namespace = deleted
	_, err = Go(rpcWait, e.WF.StartWorkflowExecution, under).Wait()
	e.Note("start under the new name", status.Code(err).String())
	for _, includes := range []bool{false, true} {
		e.Note("listed among all", listedNamespace(e, deleted, includes))
	}
}

func listedNamespace(e *Env, name string, includesDeleted bool) bool {
	var token []byte
	for {
		page := Quiet(e, e.WF.ListNamespaces, &workflowservice.ListNamespacesRequest{
			PageSize: 100, NextPageToken: token, NamespaceFilter: &namespacepb.NamespaceFilter{IncludeDeleted: includesDeleted},
		})
		for _, namespace := range page.GetNamespaces() {
			if namespace.GetNamespaceInfo().GetName() == name {
				return true
			}
		}
		if token = page.GetNextPageToken(); len(token) == 0 {
			return false
		}
	}
}

func namespaceDeleteBadRequests(e *Env) {
	for _, bad := range []struct {
		step    string
		request *deleteNamespaceRequest
	}{
		{"neither name nor id", &deleteNamespaceRequest{}},
		{"both name and id", &deleteNamespaceRequest{Namespace: "a", NamespaceId: "b"}},
		{"long name", &deleteNamespaceRequest{Namespace: strings.Repeat("n", 1001)}},
		{"unknown name", &deleteNamespaceRequest{Namespace: e.ID("nowhere")}},
		{"unknown id", &deleteNamespaceRequest{NamespaceId: "11111111-2222-3333-4444-555555555555"}},
		{"the system's", &deleteNamespaceRequest{Namespace: "temporal-system"}},
		{"the system's by id", &deleteNamespaceRequest{NamespaceId: "32049b68-7872-4094-8e63-d0dd59896a83"}},
	} {
		_, _ = CallWithin(e, "delete: "+bad.step, time.Minute, e.Operator.DeleteNamespace, bad.request)
	}
}
