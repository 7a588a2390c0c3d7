// Reference starts Temporal's own server on one port, with SQLite in memory or
// in a file, and runs until it is interrupted. The parity harness records its
// answers; the bench measures it beside klamm.
//
// When it is ready it prints one line of JSON: {"address": ..., "pid": ...}.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ip := flag.String("ip", "127.0.0.1", "address to listen on")
	port := flag.Int("port", 0, "gRPC port; 0 takes a free one")
	file := flag.String("db-file", "", "SQLite file; empty keeps everything in memory")
	namespace := flag.String("namespace", "default", "namespace registered at start")
	flag.Parse()

	if err := run(*ip, *port, *file, *namespace); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

func run(ip string, port int, file, namespace string) error {
	server, address, err := newServer(ip, port, file, namespace)
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("while starting the server: %w", err)
	}
	if err := awaitServing(address, namespace); err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]any{"address": address, "pid": os.Getpid()}); err != nil {
		return err
	}

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
	return server.Stop()
}
