package workload

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"sync"
	"testing"
	"time"
)

// recorded notes which operations have come to which run.
type recorded struct {
	guard                            sync.Mutex
	busy                             map[string]bool
	starts, updates, signals, resets map[string]int
}

func newRecorded() *recorded {
	return &recorded{busy: map[string]bool{}, starts: map[string]int{}, updates: map[string]int{}, signals: map[string]int{}, resets: map[string]int{}}
}

func (r *recorded) add(to map[string]int, run string) error {
	if !r.claim(run, true) {
		return fmt.Errorf("%s has two operations at a time", run)
	}
	runtime.Gosched() // to the others
	r.guard.Lock()
	to[run]++
	r.guard.Unlock()
	r.claim(run, false)
	return nil
}

// claim says that the run is busy or not any more, and whether that is new.
func (r *recorded) claim(run string, busy bool) bool {
	r.guard.Lock()
	defer r.guard.Unlock()
	is := r.busy[run] != busy
	r.busy[run] = busy
	return is
}

func (r *recorded) Start(_ context.Context, run string) error     { return r.add(r.starts, run) }
func (r *recorded) Update(_ context.Context, run, _ string) error { return r.add(r.updates, run) }
func (r *recorded) Signal(_ context.Context, run, _ string) error { return r.add(r.signals, run) }
func (r *recorded) Reset(_ context.Context, run, _ string) error  { return r.add(r.resets, run) }

func each(operation string) *Options {
	return &Options{Each: operation, Runs: 4, Count: 36, Warmup: 4, InFlight: 3, Timeout: time.Minute}
}

// operate measures an operation of recorded runs and gives how many came to each run.
func operate(t *testing.T, operation string, inFlight int) (counts map[string]int) {
	t.Helper()
	operations := newRecorded()
	counts = map[string]map[string]int{"update": operations.updates, "signal": operations.signals, "reset": operations.resets}[operation]
	options := each(operation)
	options.InFlight = inFlight
	if err := options.MeasureEach("test", operations); err != nil {
		t.Fatal(err)
	}
	if len(operations.starts) != 4 || len(counts) != 4 {
		t.Fatalf("%s: runs %v, operations %v", operation, operations.starts, counts)
	}
	for run, starts := range operations.starts {
		if starts != 1 {
			t.Errorf("%s: %s was started %d times", operation, run, starts)
		}
	}
	return counts
}

func TestIdleRunsTakeTurns(t *testing.T) {
	for _, operation := range []string{"update", "signal", "reset"} {
		counts := operate(t, operation, 1)
		for run, count := range counts {
			if count != 10 {
				t.Errorf("%s: %s got %d operations", operation, run, count)
			}
		}
	}
}

// How many operations each run gets depends on how long the others take. That
// none has two at a time is an error of the operation itself, see add.
func TestIdleRunsInFlightGetAllOperations(t *testing.T) {
	for _, operation := range []string{"update", "signal", "reset"} {
		counts := operate(t, operation, 3)
		all := 0
		for _, count := range counts {
			all += count
		}
		if all != 40 {
			t.Errorf("%s: %v", operation, counts)
		}
	}
}

func TestIdleRunsGetTheirSignalsBefore(t *testing.T) {
	options, operations := each("reset"), newRecorded()
	options.Signals = 5
	if err := options.MeasureEach("test", operations); err != nil {
		t.Fatal(err)
	}
	for _, count := range operations.signals {
		if count != 5 {
			t.Errorf("got %v", operations.signals)
		}
	}
	if len(operations.signals) != 4 || !maps.Equal(operations.updates, map[string]int{}) {
		t.Errorf("signals %v, updates %v", operations.signals, operations.updates)
	}
}

func TestWhatCannotBeMeasuredIsRefused(t *testing.T) {
	for _, options := range []*Options{each("queries"), {Each: "update", Count: 1, InFlight: 2, Runs: 1}} {
		if err := options.MeasureEach("test", newRecorded()); err == nil {
			t.Errorf("%+v was taken", options)
		}
	}
}

func TestANoteIsFoundWheneverItComes(t *testing.T) {
	var handled Handled
	handled.Note("before")
	handled.Note("before")
	if err := handled.Await(t.Context(), "before"); err != nil {
		t.Error(err)
	}
	found := make(chan error)
	for n := range 10 {
		go func() { found <- handled.Await(t.Context(), fmt.Sprint(n)) }()
	}
	for n := range 10 {
		handled.Note(fmt.Sprint(n))
	}
	for range 10 {
		if err := <-found; err != nil {
			t.Error(err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := handled.Await(ended, "never"); err == nil {
		t.Error("what nobody has handled was found")
	}
	if len(handled.notes) != 1 {
		t.Errorf("notes are left: %v", handled.notes)
	}
}
