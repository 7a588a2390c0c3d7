// Restate loads Restate's server through its ingress: it starts the workflows of
// bench/restate/handler.mjs by HTTP/1.1 with keep-alive and waits for their
// results. Each activity of the plan is one durable step there.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"klamm.dev/bench/internal/workload"
)

func main() {
	options := workload.ParseFlags()
	if err := run(options); err != nil {
		fmt.Fprintln(os.Stderr, "bench restate:", err)
		os.Exit(1)
	}
}

func run(options *workload.Options) error {
	if options.Timer > 0 || options.Signals > 0 {
		return errors.New("the workflows for Restate have steps only, neither timers nor signals")
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: options.InFlight, DisableCompression: true}}
	input := fmt.Appendf(nil, `{"steps":%d}`, options.Activities)
	return options.Measure("ingress", func(ctx context.Context, id string) error {
		return execute(ctx, client, options.Address, id, input)
	})
}

// execute starts a workflow; the answer comes when it has ended.
func execute(ctx context.Context, client *http.Client, address, id string, input []byte) error {
	target := fmt.Sprintf("http://%s/Planned/%s/run", address, url.PathEscape(id))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(input))
	if err != nil {
		return err
	}
	request.Header.Set("content-type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	// Read to its end, or the connection is not used again.
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("workflow %s: %s: %.200s", id, response.Status, answer)
	}
	return nil
}
