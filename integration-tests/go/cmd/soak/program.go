package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
)

// pauseMS is the length of the timer that every fourth workflow has.
const pauseMS = 250

// signals are what each workflow of the query loop gets.
const signals = 10

// program is the client's side.
type program struct {
	client client.Client
	queue  string

	guard sync.Mutex
}

// call is a line of the output: one attempt of one call, or a whole workflow.
type call struct {
	Op    string  `json:"op"`
	ID    string  `json:"id"`
	At    float64 `json:"at"`
	MS    float64 `json:"ms"`
	Error *string `json:"error"`
}

func (p *program) tell(op, id string, began time.Time, err error) {
	line := call{op, id, float64(began.UnixMicro()) / 1e6, float64(time.Since(began).Microseconds()) / 1e3, nil}
	if err != nil {
		text := err.Error()
		line.Error = &text
	}
	p.guard.Lock()
	defer p.guard.Unlock()
	_ = json.NewEncoder(os.Stdout).Encode(line)
}

// insist makes a call until it succeeds. Each attempt is told.
func (p *program) insist(op, id string, attempt func(repeated bool) error) {
	for repeated := false; ; repeated = true {
		began := time.Now()
		err := attempt(repeated)
		p.tell(op, id, began, err)
		if err == nil {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// load keeps `inFlight` workflows in flight until stdin ends, and then waits for the last of them.
func (p *program) load(inFlight int) {
	var (
		next   atomic.Int64
		ending atomic.Bool
		group  sync.WaitGroup
	)
	p.tell("ready", p.queue, time.Now(), nil)
	for range inFlight {
		group.Go(func() {
			for !ending.Load() {
				p.workflow(int(next.Add(1)))
			}
		})
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	ending.Store(true)
	group.Wait()
	p.tell("end", p.queue, time.Now(), nil)
}

// workflow runs one from its start to its result, as its number says.
func (p *program) workflow(number int) {
	ctx := context.Background()
	id := fmt.Sprintf("%s-%d", p.queue, number)
	plan, op := Plan{Number: number}, "workflow"
	switch number % 4 {
	case 2:
		plan.Signals, op = true, "workflow with signals"
	case 3:
		plan.PauseMS, op = pauseMS, "workflow with a timer"
	}
	began := time.Now()
	var run client.WorkflowRun
	p.insist("start", id, func(repeated bool) (err error) {
		options := client.StartWorkflowOptions{ID: id, TaskQueue: p.queue, WorkflowExecutionErrorWhenAlreadyStarted: true}
		run, err = p.client.ExecuteWorkflow(ctx, options, SoakWorkflow, plan)
		var already *serviceerror.WorkflowExecutionAlreadyStarted
		if repeated && errors.As(err, &already) { // the answer to an earlier attempt was lost
			run, err = p.client.GetWorkflow(ctx, id, ""), nil
		}
		return err
	})
	if plan.Signals {
		p.signal(ctx, id, "note")
		p.insist("query", id, func(bool) error { return p.notes(ctx, id, 1) })
		p.signal(ctx, id, "finish")
	}
	p.insist("result", id, func(bool) error {
		var result int
		if err := run.Get(ctx, &result); err != nil {
			return err
		}
		if result != number*number {
			return fmt.Errorf("wrong result: %d", result)
		}
		return nil
	})
	p.tell(op, id, began, nil)
}

func (p *program) signal(ctx context.Context, id, name string) {
	p.insist("signal", id, func(repeated bool) error {
		err := p.client.SignalWorkflow(ctx, id, "", name, nil)
		var notFound *serviceerror.NotFound
		if repeated && errors.As(err, &notFound) { // an earlier attempt was taken, and the run has ended since
			return nil
		}
		return err
	})
}

// notes asks how many notes the workflow has: all that were acknowledged.
func (p *program) notes(ctx context.Context, id string, least int) error {
	answer, err := p.client.QueryWorkflow(ctx, id, "", "notes")
	if err != nil {
		return err
	}
	var notes int
	if err := answer.Get(&notes); err != nil {
		return err
	}
	if notes < least {
		return fmt.Errorf("stale answer: %d notes, %d were acknowledged", notes, least)
	}
	return nil
}

// queryLoop starts so many workflows, one after another: each is queried right after its start and after each of ten signals.
func (p *program) queryLoop(ctx context.Context, count int) {
	for number := range count {
		id := fmt.Sprintf("%s-%d", p.queue, number)
		p.insist("start", id, func(bool) error {
			_, err := p.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: p.queue}, SoakWorkflow, Plan{Signals: true})
			return err
		})
		p.insist("query after start", id, func(bool) error { return p.notes(ctx, id, 0) })
		for round := range signals {
			p.signal(ctx, id, "note")
			p.insist("query after signal", id, func(bool) error { return p.notes(ctx, id, round+1) })
		}
		p.signal(ctx, id, "finish")
	}
	p.tell("end", p.queue, time.Now(), nil)
}
