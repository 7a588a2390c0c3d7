package harness

import (
	"fmt"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Scenario is one story told to a server.
type Scenario struct {
	// Name is the golden file's name: lower case, words joined by underscores.
	Name string
	Run  func(*Env)
}

// searchAttributes are what the scenarios find registered in `default`.
var searchAttributes = map[string]enumspb.IndexedValueType{
	"ParityKeyword": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"ParityText":    enumspb.INDEXED_VALUE_TYPE_TEXT,
	"ParityInt":     enumspb.INDEXED_VALUE_TYPE_INT,
	"ParityDouble":  enumspb.INDEXED_VALUE_TYPE_DOUBLE,
	"ParityBool":    enumspb.INDEXED_VALUE_TYPE_BOOL,
	"ParityTime":    enumspb.INDEXED_VALUE_TYPE_DATETIME,
	"ParityList":    enumspb.INDEXED_VALUE_TYPE_KEYWORD_LIST,
}

// Connect returns a connection to a server that answers and has the search
// attributes that scenarios use.
func Connect(address string) (*grpc.ClientConn, error) {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	client := workflowservice.NewWorkflowServiceClient(connection)
	deadline := time.Now().Add(30 * time.Second)
	for {
		_, err = call(2*time.Second, client.DescribeNamespace, &workflowservice.DescribeNamespaceRequest{Namespace: "default"})
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("no server answers at %s: %w", address, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	_, err = call(rpcTimeout, operatorservice.NewOperatorServiceClient(connection).AddSearchAttributes, &operatorservice.AddSearchAttributesRequest{
		Namespace: "default", SearchAttributes: searchAttributes,
	})
	if err != nil {
		return nil, fmt.Errorf("while adding the search attributes: %w", err)
	}
	return connection, nil
}

// Result is a scenario's normalized recording and how long it took.
type Result struct {
	Recording Recording
	Took      time.Duration
}

// RunAll runs the scenarios, so many side by side, and returns their recordings
// in the order given.
func RunAll(connection grpc.ClientConnInterface, scenarios []Scenario, parallel int) []Result {
	results := make([]Result, len(scenarios))
	slots := make(chan struct{}, parallel)
	var group sync.WaitGroup
	for i, scenario := range scenarios {
		group.Add(1)
		slots <- struct{}{}
		go func() {
			defer group.Done()
			defer func() { <-slots }()
			began := time.Now()
			results[i] = Result{Recording: runOne(connection, scenario), Took: time.Since(began)}
		}()
	}
	group.Wait()
	return results
}

func runOne(connection grpc.ClientConnInterface, scenario Scenario) Recording {
	env := newEnv(connection, scenario.Name)
	env.guard(scenario.Run)
	env.guard((*Env).finish)
	return Normalize(*env.recording, env.suffix)
}

// guard runs a part of a scenario and turns its abort into a line of the recording.
func (e *Env) guard(part func(*Env)) {
	defer func() {
		switch stop := recover().(type) {
		case nil:
		case aborted:
			if e.recording.Aborted == "" {
				e.recording.Aborted = stop.reason
			}
		default:
			panic(stop)
		}
	}()
	part(e)
}
