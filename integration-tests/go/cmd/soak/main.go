// Soak is the Go program of the suite `soak` (integration-tests/soak): a worker
// and a client with default options in one process.
//
//	soak load ADDRESS QUEUE IN_FLIGHT   keeps so many workflows in flight until stdin ends
//	soak query-loop ADDRESS QUEUE COUNT queries so many workflows right after their start and their signals
//
// It prints one line of JSON per call; integration-tests/soak/calls.py reads them.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
)

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: soak load|query-loop ADDRESS QUEUE NUMBER")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func run(mode, address, queue, number string) error {
	count, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	c, err := client.Dial(client.Options{HostPort: address})
	if err != nil {
		return err
	}
	defer c.Close()
	w := worker.New(c, queue, worker.Options{})
	w.RegisterWorkflow(SoakWorkflow)
	w.RegisterActivity(square)
	if err := w.Start(); err != nil {
		return err
	}
	defer w.Stop()
	p := &program{client: c, queue: queue}
	switch mode {
	case "load":
		p.load(count)
	case "query-loop":
		p.queryLoop(context.Background(), count)
	default:
		return fmt.Errorf("no such mode: %s", mode)
	}
	return nil
}
