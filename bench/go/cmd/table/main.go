// Table reads the drivers' reports, one JSON object a line, and prints them as a
// table; where a workload was measured on two servers, with the ratio of the two.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"text/tabwriter"

	"klamm.dev/bench/internal/measure"
)

const reference = "temporal"

func main() {
	port := flag.Bool("free-port", false, "print a port that nobody listens on, and nothing else")
	flag.Parse()
	if *port {
		printFreePort()
		return
	}
	reports, err := read(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench table:", err)
		os.Exit(1)
	}
	printTables(os.Stdout, reports)
}

// printFreePort serves bench/run, which starts servers on ports of its own.
func printFreePort() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench table:", err)
		os.Exit(1)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String()) // the system's own address has one
	_ = listener.Close()
	fmt.Println(port)
}

func read(input io.Reader) ([]measure.Report, error) {
	var reports []measure.Report
	lines := bufio.NewScanner(input)
	for lines.Scan() {
		var report measure.Report
		if err := json.Unmarshal(lines.Bytes(), &report); err != nil {
			return nil, fmt.Errorf("%q is no report: %w", lines.Text(), err)
		}
		reports = append(reports, report)
	}
	return reports, lines.Err()
}

type key struct {
	driver, workload string
	inFlight         int
}

func printTables(output io.Writer, reports []measure.Report) {
	references := map[key]measure.Report{}
	for _, r := range reports {
		if r.Server == reference {
			references[key{r.Driver, r.Workload, r.InFlight}] = r
		}
	}
	table := tabwriter.NewWriter(output, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "server\tdriver\tworkload\tin flight\tcount\terrors\tper second\tp50 ms\tp99 ms\tmax ms\ttimer late p50\tp99\tmax\tserver CPU ms\tdriver CPU ms\tRSS MiB\tpeak MiB\t")
	for _, r := range reports {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%d\t%.1f\t%.2f\t%.2f\t%s\t%s\t%s\t%s\t%.3f\t%.3f\t%.0f\t%.0f\t\n",
			r.Server, r.Driver, r.Workload, r.InFlight, r.Count, r.Errors, r.Throughput, r.P50, r.P99, maximum(r.P50, r.Max),
			late(r.TimerLatenessP50), late(r.TimerLatenessP99), late(r.TimerLatenessMax), r.ServerCPU, r.DriverCPU, r.ServerRSS, r.ServerPeak)
	}
	_ = table.Flush()
	printOutliers(output, reports)
	if len(references) == 0 {
		return
	}
	_, _ = fmt.Fprintln(output, "\nHow many times better than Temporal on this machine, in this run:")
	table = tabwriter.NewWriter(output, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "driver\tworkload\tin flight\tthroughput\tp50\tp99\tserver CPU\tpeak memory\t")
	for _, r := range reports {
		other, ok := references[key{r.Driver, r.Workload, r.InFlight}]
		if r.Server == reference || !ok {
			continue
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t\n", r.Driver, r.Workload, r.InFlight,
			ratio(r.Throughput, other.Throughput), ratio(other.P50, r.P50), ratio(other.P99, r.P99),
			ratio(other.ServerCPU, r.ServerCPU), ratio(other.ServerPeak, r.ServerPeak))
	}
	_ = table.Flush()
}

// maximum shows the slowest workflow, with a mark when it needs an explanation.
func maximum(p50, slowest float64) string {
	if measure.IsOutlier(p50, slowest) {
		return fmt.Sprintf("%.2f!", slowest)
	}
	return fmt.Sprintf("%.2f", slowest)
}

// printOutliers says what the marks mean, if there are any.
func printOutliers(output io.Writer, reports []measure.Report) {
	for _, r := range reports {
		if measure.IsOutlier(r.P50, r.Max) {
			_, _ = fmt.Fprintf(output, "! %s, %s, %s: the slowest took %.0f ms, %.0f × p50 (more than %d × is to be explained or mended)\n",
				r.Server, r.Driver, r.Workload, r.Max, r.Max/r.P50, measure.OutlierFactor)
		}
	}
}

func ratio(a, b float64) string {
	if b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", a/b)
}

// late shows a lateness in milliseconds; workloads without timers have none.
func late(ms float64) string {
	if ms == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", ms)
}
