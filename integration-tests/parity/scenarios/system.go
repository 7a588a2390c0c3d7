package scenarios

import (
	"strings"

	"go.temporal.io/api/workflowservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var system = []Scenario{
	{Name: "system_info", Run: systemInfo},
}

// systemInfo compares what clients decide by; what names the installation itself
// is not part of it.
func systemInfo(e *Env) {
	info := Quiet(e, e.WF.GetSystemInfo, &workflowservice.GetSystemInfoRequest{})
	e.Note("capabilities", Plain(info.GetCapabilities()))
	e.Note("server version", version(info.GetServerVersion()))
	cluster := Quiet(e, e.WF.GetClusterInfo, &workflowservice.GetClusterInfoRequest{})
	e.Note("supported clients", cluster.GetSupportedClients())
	e.Note("cluster's server version", version(cluster.GetServerVersion()))
	e.Note("cluster name", cluster.GetClusterName())
	_, _ = Call(e, "search attributes by the older call", e.WF.GetSearchAttributes, &workflowservice.GetSearchAttributesRequest{})
}

// version is the part of a server's version that clients choose features by.
func version(text string) string {
	return strings.Join(strings.SplitN(text, ".", 3)[:2], ".")
}
