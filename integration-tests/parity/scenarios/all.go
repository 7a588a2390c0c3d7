// Package scenarios holds the stories that are told to Temporal's server and to
// klamm. One file per subject; this one is their table of contents.
//
// A scenario polls and answers itself, so that every step happens in one known
// order. Ids come from Env.ID; what a scenario marks by a step name is compared.
package scenarios

import "klamm.dev/integration-tests/parity/harness"

// All lists every scenario.
func All() []harness.Scenario {
	var all []harness.Scenario
	for _, group := range [][]harness.Scenario{
		start, startPolicies, eagerStarts, signals, signalWithStart, cancelAndTerminate, deletions,
		externals, activities, activityRetries, activityTimeouts, activityCancellation, activityByID, badActivities, activityOperators,
		timers, markersAndProperties,
		workflowTasks, pauses, resets, badCommands, sticky, queries,
		closing, runTimeouts, chains, histories, callbacks, batches, children,
		schedules, scheduleRuns, scheduleOverlaps, scheduleSpecs, scheduleBadInput, scheduleLists,
		visibility, namespaces, searchAttributes, taskQueues, taskQueueConfigs, workers, system,
		updates, updatesWaiting, updatesTasks, updatesMessages, multiOperations,
		childEdges, runEdges,
	} {
		all = append(all, group...)
	}
	return all
}
