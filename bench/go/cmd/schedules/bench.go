package main

import (
	"context"
	"fmt"
	"math/rand"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	schedulepb "go.temporal.io/api/schedule/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"klamm.dev/bench/internal/measure"
)

// connections share the calls, for one of HTTP/2 is served by one core.
const connections = 4

// rpcTimeout bounds every call.
const rpcTimeout = 30 * time.Second

// bench is one measure under way.
type bench struct {
	*options
	clients []workflowservice.WorkflowServiceClient
	// prefix makes ids that no other run has; it names the task queue too.
	prefix string
	report report
}

// connect waits for the server for as long as one may take to start.
func connect(o *options) (*bench, error) {
	b := &bench{
		options: o, prefix: fmt.Sprintf("bench-schedules-%08x", rand.Uint32()),
		report: report{Server: o.server, Driver: "schedules", Name: o.name, Measure: o.measure, InFlight: o.inFlight},
	}
	for range connections {
		connection, err := grpc.NewClient(o.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return nil, err
		}
		b.clients = append(b.clients, workflowservice.NewWorkflowServiceClient(connection))
	}
	deadline := time.Now().Add(rpcTimeout)
	for {
		_, err := call(b.clients[0].DescribeNamespace, &workflowservice.DescribeNamespaceRequest{Namespace: o.namespace})
		if err == nil {
			return b, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("no server answers at %s: %w", o.address, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func call[Q, R any](rpc func(context.Context, Q, ...grpc.CallOption) (R, error), request Q) (R, error) {
	ctx, cancel := context.WithTimeout(context.Background(), rpcTimeout)
	defer cancel()
	return rpc(ctx, request)
}

// client is one of them, in turn.
func (b *bench) client(turn int) workflowservice.WorkflowServiceClient {
	return b.clients[turn%len(b.clients)]
}

func (b *bench) scheduleID(number int) string { return fmt.Sprintf("%s-%d", b.prefix, number) }

// create makes `count` schedules, so many at a time, with the spec of each number.
func (b *bench) create(count int, spec func(number int) *schedulepb.ScheduleSpec) error {
	began := time.Now()
	latencies, err := inParallel(b.inFlight, count, func(number int) error {
		id := b.scheduleID(number)
		_, err := call(b.client(number).CreateSchedule, &workflowservice.CreateScheduleRequest{
			Namespace: b.namespace, ScheduleId: id, RequestId: id, Identity: "bench-schedules",
			Schedule: &schedulepb.Schedule{
				Spec: spec(number),
				Action: &schedulepb.ScheduleAction{Action: &schedulepb.ScheduleAction_StartWorkflow{
					StartWorkflow: &workflowpb.NewWorkflowExecutionInfo{
						WorkflowId: id + "-run", WorkflowType: &commonpb.WorkflowType{Name: "scheduled"},
						TaskQueue: &taskqueuepb.TaskQueue{Name: b.prefix},
					},
				}},
				// Nobody ends the runs.
				Policies: &schedulepb.SchedulePolicies{OverlapPolicy: enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL},
			},
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("while making schedules: %w", err)
	}
	b.report.Schedules = count
	b.report.CreatesPerSecond = rounded(float64(count) / time.Since(began).Seconds())
	b.report.CreateP50, b.report.CreateP99, b.report.CreateMax = b.percentiles("create", latencies)
	return nil
}

// describeUntil describes schedules at random, one caller after another, until it is told to stop.
func (b *bench) describeUntil(stop <-chan struct{}, count int) error {
	var (
		group     sync.WaitGroup
		guard     sync.Mutex
		latencies []time.Duration
		failure   error
	)
	for caller := range b.describes {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(10 * time.Millisecond):
				}
				began := time.Now()
				_, err := call(b.client(caller).DescribeSchedule, &workflowservice.DescribeScheduleRequest{
					Namespace: b.namespace, ScheduleId: b.scheduleID(rand.Intn(count)),
				})
				took := time.Since(began)
				guard.Lock()
				latencies = append(latencies, took)
				if err != nil {
					failure = err
				}
				guard.Unlock()
			}
		})
	}
	group.Wait()
	if len(latencies) > 0 {
		b.report.Describes = len(latencies)
		b.report.DescribeP50, b.report.DescribeP99, b.report.DescribeMax = b.percentiles("describe", latencies)
	}
	return failure
}

// inParallel calls `each` with 0, 1, … count-1, so many at a time; the first failure ends it.
func inParallel(atOnce, count int, each func(number int) error) ([]time.Duration, error) {
	var (
		next      atomic.Int64
		group     sync.WaitGroup
		guard     sync.Mutex
		latencies []time.Duration
		failure   error
	)
	for range min(atOnce, count) {
		group.Go(func() {
			for {
				number := int(next.Add(1)) - 1
				if number >= count {
					return
				}
				began := time.Now()
				err := each(number)
				took := time.Since(began)
				guard.Lock()
				latencies = append(latencies, took)
				if err != nil {
					failure = err
					next.Store(int64(count))
				}
				guard.Unlock()
			}
		})
	}
	group.Wait()
	return latencies, failure
}

// percentiles are the 50th, the 99th and the maximum, in milliseconds; a maximum far above the 50th is noted in the report.
func (b *bench) percentiles(what string, values []time.Duration) (p50, p99, maximum float64) {
	slices.Sort(values)
	p50, p99 = milliseconds(measure.Percentile(values, 50)), milliseconds(measure.Percentile(values, 99))
	maximum = milliseconds(values[len(values)-1])
	if measure.IsOutlier(p50, maximum) {
		b.report.Outliers = append(b.report.Outliers, what)
	}
	return p50, p99, maximum
}

func milliseconds(d time.Duration) float64 { return rounded(float64(d) / float64(time.Millisecond)) }

func rounded(x float64) float64 { return float64(int64(x*1000+0.5)) / 1000 }
