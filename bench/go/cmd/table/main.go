// Table reads the drivers' reports, one JSON object a line, and prints them as a
// table; where a workload was measured on one of klamm's peers too, with the ratio of the two.
package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"text/tabwriter"

	"klamm.dev/bench/internal/compare"
	"klamm.dev/bench/internal/measure"
)

func main() {
	port := flag.Bool("free-port", false, "print a port that nobody listens on, and nothing else")
	flag.Parse()
	if *port {
		printFreePort()
		return
	}
	reports, err := measure.ReadReports(os.Stdin)
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

func printTables(output io.Writer, reports []measure.Report) {
	table := tabwriter.NewWriter(output, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "server\tdriver\tworkload\tin flight\tcount\terrors\tper second\tp50 ms\tp99 ms\tmax ms\ttimer late p50\tp99\tmax\tserver CPU ms\tdriver CPU ms\tRSS MiB\tpeak MiB\t")
	for _, r := range reports {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%d\t%.1f\t%.2f\t%.2f\t%s\t%s\t%s\t%s\t%.3f\t%.3f\t%.0f\t%.0f\t\n",
			r.Server, r.Driver, r.Workload, r.InFlight, r.Count, r.Errors, r.Throughput, r.P50, r.P99, maximum(r.P50, r.Max),
			late(r.TimerLatenessP50), late(r.TimerLatenessP99), late(r.TimerLatenessMax), r.ServerCPU, r.DriverCPU, r.ServerRSS, r.ServerPeak)
	}
	_ = table.Flush()
	printOutliers(output, reports)
	for _, peer := range compare.Peers {
		printRatios(output, peer, peer.Pairs(reports))
	}
}

// printRatios shows klamm beside one peer, if they were measured with the same workloads.
func printRatios(output io.Writer, peer compare.Peer, pairs []compare.Pair) {
	if len(pairs) == 0 {
		return
	}
	_, _ = fmt.Fprintf(output, "\n%s (on this machine, in this run):\n", peer.Title)
	table := tabwriter.NewWriter(output, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "server\tdriver\tworkload\tin flight\tthroughput\tp50\tp99\tserver CPU\tpeak memory\t")
	for _, pair := range pairs {
		r, ratios := pair.Own, pair.Ratios()
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t\n", r.Server, r.Driver, r.Workload, r.InFlight,
			ratio(ratios.Throughput), ratio(ratios.P50), ratio(ratios.P99), ratio(ratios.CPU), ratio(ratios.Peak))
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

func ratio(times float64) string {
	if times == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", times)
}

// late shows a lateness in milliseconds; workloads without timers have none.
func late(ms float64) string {
	if ms == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", ms)
}
