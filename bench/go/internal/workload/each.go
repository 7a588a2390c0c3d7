package workload

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
)

// Operations are what a driver can do to idle runs. A run is named by its
// workflow id. Each function returns when the worker has handled the operation.
type Operations interface {
	// Start starts a run.
	Start(ctx context.Context, run string) error
	// Update sends an update of the given id and gets its result.
	Update(ctx context.Context, run, id string) error
	// Signal sends a signal of the given id.
	Signal(ctx context.Context, run, id string) error
	// Reset resets the run to its first workflow task, with the given request id.
	Reset(ctx context.Context, run, id string) error
}

// MeasureEach starts idle runs that have received their signals, then measures
// one operation again and again. The runs take turns, and none has two operations
// at a time: a reset ends the run that another operation waits for.
func (o *Options) MeasureEach(driver string, operations Operations) error {
	operate, err := o.operation(operations)
	if err != nil {
		return err
	}
	if o.Runs < o.InFlight {
		return fmt.Errorf("--each with %d in flight needs as many of --runs, not %d", o.InFlight, o.Runs)
	}
	idle := make(chan string, o.Runs)
	if err := o.startIdle(operations, fmt.Sprintf("bench-%s-idle-%08x", driver, rand.Uint32()), idle); err != nil {
		return fmt.Errorf("while starting idle runs: %w", err)
	}
	return o.Measure(driver, func(ctx context.Context, id string) error {
		run := <-idle
		defer func() { idle <- run }()
		return operate(ctx, run, id)
	})
}

func (o *Options) operation(operations Operations) (func(ctx context.Context, run, id string) error, error) {
	switch o.Each {
	case "update":
		return operations.Update, nil
	case "signal":
		return operations.Signal, nil
	case "reset":
		return operations.Reset, nil
	default:
		return nil, fmt.Errorf("no such operation: %q; there are update, signal and reset", o.Each)
	}
}

func (o *Options) startIdle(operations Operations, prefix string, idle chan<- string) error {
	ctx, cancel := context.WithTimeout(context.Background(), o.Timeout)
	defer cancel()
	for number := range o.Runs {
		run := fmt.Sprintf("%s-%d", prefix, number)
		if err := operations.Start(ctx, run); err != nil {
			return err
		}
		for signal := range o.Signals {
			if err := operations.Signal(ctx, run, fmt.Sprintf("%s-signal-%d", run, signal)); err != nil {
				return err
			}
		}
		idle <- run
	}
	return nil
}

// Handled is where a worker notes what it has handled and operations wait for
// it. A note may come before its operation waits.
type Handled struct {
	guard sync.Mutex
	notes map[string]chan struct{}
}

// Note says that the worker has handled what has this id.
func (h *Handled) Note(id string) {
	h.guard.Lock()
	defer h.guard.Unlock()
	note := h.note(id)
	select {
	case <-note: // by an earlier task that the server has given out again
	default:
		close(note)
	}
}

// Await waits until the worker has handled what has this id.
func (h *Handled) Await(ctx context.Context, id string) error {
	h.guard.Lock()
	note := h.note(id)
	h.guard.Unlock()
	select {
	case <-note:
		h.guard.Lock()
		defer h.guard.Unlock()
		delete(h.notes, id)
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the worker has not handled %s: %w", id, ctx.Err())
	}
}

func (h *Handled) note(id string) chan struct{} {
	if h.notes == nil {
		h.notes = map[string]chan struct{}{}
	}
	note := h.notes[id]
	if note == nil {
		note = make(chan struct{})
		h.notes[id] = note
	}
	return note
}
