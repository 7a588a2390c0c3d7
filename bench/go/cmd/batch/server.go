package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"klamm.dev/bench/internal/measure"
)

// rpcTimeout bounds every call.
const rpcTimeout = 30 * time.Second

// server is a running `klamm dev` and a client of it.
type server struct {
	process    *exec.Cmd
	connection *grpc.ClientConn
	client     workflowservice.WorkflowServiceClient
}

// start waits until it answers.
func start(o *options) (*server, error) {
	arguments := []string{"dev", "--port", "0", "--http-port", "0", "--data-dir", o.dataDir, "--log-level", "error"}
	if o.perSecond > 0 {
		arguments = append(arguments, "--limit", "batch_per_second="+strconv.Itoa(o.perSecond))
	}
	process := exec.Command(o.klamm, arguments...)
	process.Stderr = os.Stderr
	output, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "gRPC:"); ok {
			address := strings.Fields(rest)[0]
			connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				return nil, err
			}
			return &server{process, connection, workflowservice.NewWorkflowServiceClient(connection)}, nil
		}
	}
	return nil, errors.Join(errors.New("klamm did not say where it listens"), process.Wait())
}

func (s *server) kill() {
	_ = s.connection.Close()
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

func (s *server) usage() (measure.Usage, error) {
	return measure.Processes([]int{s.process.Process.Pid})
}

func mib(kib int64) float64 { return rounded(float64(kib) / 1024) }

func rounded(value float64) float64 {
	rounded, _ := strconv.ParseFloat(fmt.Sprintf("%.2f", value), 64)
	return rounded
}

func call[Q, R any](rpc func(context.Context, Q, ...grpc.CallOption) (R, error), request Q) (R, error) {
	ctx, cancel := context.WithTimeout(context.Background(), rpcTimeout)
	defer cancel()
	return rpc(ctx, request)
}
