// Lists measures the list index over many runs: how far it is behind under a
// steady load of starts, and how long lists and counts with filters take.
//
// Nobody works on the runs. It prints one line of JSON for the starts and one for
// each query; progress goes to standard error.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"

	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"klamm.dev/bench/internal/measure"
)

const namespace = "default"

// options are the command line.
type options struct {
	address  string
	server   string
	pids     string
	count    int
	steady   int
	inFlight int
	samples  int
}

func main() {
	o := &options{}
	flag.StringVar(&o.address, "address", "127.0.0.1:7233", "the server's gRPC address")
	flag.StringVar(&o.server, "server", "klamm", "the server's name in the report")
	flag.StringVar(&o.pids, "server-pid", "", "the server's process ids, for memory: 12,34")
	flag.IntVar(&o.count, "count", 1_000_000, "runs that are in the index when lists are measured")
	flag.IntVar(&o.steady, "steady", 1000, "starts per second while the index is watched, for 20 seconds")
	flag.IntVar(&o.inFlight, "in-flight", 64, "starts at a time")
	flag.IntVar(&o.samples, "samples", 200, "how often each query is asked")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench lists:", err)
		os.Exit(1)
	}
}

func run(o *options) error {
	pids, err := measure.ParsePIDs(o.pids)
	if err != nil {
		return err
	}
	if o.count < o.steady*int(steadyFor.Seconds()) {
		return errors.New("--count is less than what --steady starts")
	}
	// The server may still be starting.
	ready := grpc.WithDefaultCallOptions(grpc.WaitForReady(true))
	connection, err := grpc.NewClient(o.address, grpc.WithTransportCredentials(insecure.NewCredentials()), ready)
	if err != nil {
		return err
	}
	defer connection.Close()
	client := workflowservice.NewWorkflowServiceClient(connection)
	print := json.NewEncoder(os.Stdout)

	starts, err := start(o, client)
	if err != nil {
		return err
	}
	usage, err := measure.Processes(pids)
	if err != nil {
		return err
	}
	starts.Server, starts.ResidentMiB = o.server, usage.ResidentKiB/1024
	if err := print.Encode(starts); err != nil {
		return err
	}
	for _, query := range queries {
		report, err := ask(o, client, query)
		if err != nil {
			return fmt.Errorf("%s: %w", query.name, err)
		}
		if err := print.Encode(report); err != nil {
			return err
		}
	}
	return nil
}
