package scenarios

import "time"

// dueIn says yes once so many milliseconds have passed: the scenario is about
// what a server does of its own accord meanwhile, which no call can show.
func dueIn(milliseconds int) func() bool {
	at := time.Now().Add(time.Duration(milliseconds) * time.Millisecond)
	return func() bool { return !time.Now().Before(at) }
}
