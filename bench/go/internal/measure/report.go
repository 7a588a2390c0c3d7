package measure

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// Report is what one run of a driver prints, as one line of JSON.
type Report struct {
	Server   string `json:"server"`
	Driver   string `json:"driver"`
	Workload string `json:"workload"`
	InFlight int    `json:"in_flight"`
	Count    int    `json:"count"`
	Errors   int    `json:"errors"`

	Seconds    float64 `json:"seconds"`
	Throughput float64 `json:"workflows_per_second"`
	// Latencies run from before the start call to the result's arrival.
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`

	// From when a timer was due to its event's time, for workloads with timers.
	TimerLatenessP50 float64 `json:"timer_lateness_p50_ms,omitempty"`
	TimerLatenessP99 float64 `json:"timer_lateness_p99_ms,omitempty"`
	TimerLatenessMax float64 `json:"timer_lateness_max_ms,omitempty"`

	// Zero without --server-pid.
	ServerCPU   float64 `json:"server_cpu_ms_per_workflow,omitempty"`
	ServerRSS   float64 `json:"server_rss_mib,omitempty"`
	ServerPeak  float64 `json:"server_peak_mib,omitempty"`
	DriverCPU   float64 `json:"driver_cpu_ms_per_workflow"`
	FirstError  string  `json:"first_error,omitempty"`
	ServerCores float64 `json:"server_cores,omitempty"`
}

// ReadReports reads reports as drivers print them, one a line.
func ReadReports(input io.Reader) ([]Report, error) {
	var reports []Report
	lines := bufio.NewScanner(input)
	for lines.Scan() {
		var report Report
		if err := json.Unmarshal(lines.Bytes(), &report); err != nil {
			return nil, fmt.Errorf("%q is no report: %w", lines.Text(), err)
		}
		reports = append(reports, report)
	}
	return reports, lines.Err()
}

// Run measures a load: it notes what server and driver have used so far, lets
// the load run and works out the report's figures from the rest.
func Run(pids []int, load func() (latencies []time.Duration, failures []error)) (Report, error) {
	before, err := Processes(pids)
	if err != nil {
		return Report{}, err
	}
	own := []int{os.Getpid()}
	ownBefore, err := Processes(own)
	if err != nil {
		return Report{}, err
	}
	began := time.Now()
	latencies, failures := load()
	took := time.Since(began)
	after, err := Processes(pids)
	if err != nil {
		return Report{}, err
	}
	ownAfter, err := Processes(own)
	if err != nil {
		return Report{}, err
	}

	done := len(latencies)
	report := Report{Count: done, Errors: len(failures), Seconds: round(took.Seconds())}
	if len(failures) > 0 {
		report.FirstError = failures[0].Error()
	}
	if done == 0 {
		return report, nil
	}
	slices.Sort(latencies)
	perWorkflow := func(d time.Duration) float64 { return round(milliseconds(d) / float64(done)) }
	report.Throughput = round(float64(done) / took.Seconds())
	report.P50 = round(milliseconds(Percentile(latencies, 50)))
	report.P99 = round(milliseconds(Percentile(latencies, 99)))
	report.Max = round(milliseconds(latencies[done-1]))
	report.DriverCPU = perWorkflow(ownAfter.CPU - ownBefore.CPU)
	if len(pids) > 0 {
		report.ServerCPU = perWorkflow(after.CPU - before.CPU)
		report.ServerCores = round((after.CPU - before.CPU).Seconds() / took.Seconds())
		report.ServerRSS = round(float64(after.ResidentKiB) / 1024)
		report.ServerPeak = round(float64(after.PeakKiB) / 1024)
	}
	return report, nil
}

// Percentile is the smallest of the sorted values that at least p percent do not exceed.
func Percentile(sorted []time.Duration, p int) time.Duration {
	rank := (len(sorted)*p + 99) / 100
	return sorted[max(rank, 1)-1]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func round(x float64) float64 { return float64(int64(x*1000+0.5)) / 1000 }
