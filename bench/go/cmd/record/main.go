// Record reads the drivers' reports of one run, adds them as a line to the
// history of the bench, and shows them beside the last ones that were recorded.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"klamm.dev/bench/internal/history"
	"klamm.dev/bench/internal/measure"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench record:", err)
		os.Exit(1)
	}
}

func run() error {
	path := flag.String("history", "", "the file that gets the line")
	commit := flag.String("commit", "", "the commit that was measured")
	data := flag.String("data", "memory", "where klamm kept its data: memory, files or fsync")
	quick := flag.Bool("quick", false, "the run was a short one")
	flag.Parse()
	reports, err := measure.ReadReports(os.Stdin)
	if err != nil {
		return err
	}
	earlier, err := history.Read(*path)
	if err != nil {
		return err
	}
	line := history.Line{
		Date: time.Now().UTC().Format(time.DateOnly), Commit: *commit,
		Conditions: history.Conditions{Machine: machine(), Data: *data, Quick: *quick},
		Rows:       history.Rows(reports),
	}
	history.Print(os.Stdout, history.Changes(line, earlier))
	return history.Append(*path, line)
}

// machine is the class of this machine.
func machine() history.Machine {
	class := history.Machine{Cores: runtime.NumCPU(), CPU: runtime.GOARCH}
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return class
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			class.CPU = strings.TrimSpace(value)
			break
		}
	}
	return class
}
