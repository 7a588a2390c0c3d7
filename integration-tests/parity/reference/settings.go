package main

import (
	"time"

	"go.temporal.io/server/chasm/lib/callback"
	"go.temporal.io/server/common/dynamicconfig"
)

// settings are the dynamic-config values the reference server runs with.
//
// Everything that decides an answer (limits, defaults, policies) stays at its
// default. What is changed here only makes the server answer sooner, or lifts
// rate limits that a test run in parallel would hit.
func settings() dynamicconfig.StaticClient {
	one := func(value any) []dynamicconfig.ConstrainedValue {
		return []dynamicconfig.ConstrainedValue{{Value: value}}
	}
	return dynamicconfig.StaticClient{
		// New search attributes and namespaces are usable at once.
		dynamicconfig.ForceSearchAttributesCacheRefreshOnRead.Key(): one(true),
		dynamicconfig.NamespaceCacheRefreshInterval.Key():           one(200 * time.Millisecond),

		// Workflows can be paused.
		dynamicconfig.WorkflowPauseEnabled.Key(): one(true),

		// Timers fire when they are due, not up to a second later.
		dynamicconfig.TimerProcessorMaxTimeShift.Key(): one(time.Millisecond),

		// One queue partition: a poll meets its task without forwarding.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  one(1),
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): one(1),

		// Scenarios have callbacks made to servers of their own.
		callback.AllowedAddresses.Key(): one([]any{map[string]any{"Pattern": "127.0.0.1:*", "AllowInsecure": true}}),

		// No rate limit stands in the way of scenarios that run side by side.
		dynamicconfig.FrontendNamespaceReplicationInducingAPIsRPS.Key():                        one(1000),
		dynamicconfig.FrontendMaxNamespaceNamespaceReplicationInducingAPIsRPSPerInstance.Key(): one(1000),
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key():                       one(1000),
		dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key():                                 one(100000),
		dynamicconfig.FrontendRPS.Key():                                                        one(100000),
		dynamicconfig.HistoryRPS.Key():                                                         one(100000),
		dynamicconfig.MatchingRPS.Key():                                                        one(100000),
		dynamicconfig.FrontendPersistenceMaxQPS.Key():                                          one(100000),
		dynamicconfig.HistoryPersistenceMaxQPS.Key():                                           one(100000),
		dynamicconfig.MatchingPersistenceMaxQPS.Key():                                          one(100000),
		dynamicconfig.FrontendMaxConcurrentLongRunningRequestsPerInstance.Key():                one(10000),
	}
}
