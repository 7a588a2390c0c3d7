package scenarios

import "time"

// dueIn says yes once so many milliseconds have passed: the scenario is about
// what a server does of its own accord meanwhile, which no call can show.
func dueIn(milliseconds int) func() bool {
	at := time.Now().Add(time.Duration(milliseconds) * time.Millisecond)
	return func() bool { return !time.Now().Before(at) }
}

// rpcWait bounds a call that a scenario makes beside the recorded ones.
const rpcWait = 10 * time.Second
