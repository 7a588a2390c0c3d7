// Parity tells every scenario to the server at an address and compares its
// answers with the golden files, or, with --record, writes those.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"klamm.dev/integration-tests/parity/harness"
	"klamm.dev/integration-tests/parity/scenarios"
)

func main() {
	address := flag.String("address", "127.0.0.1:7233", "the server's gRPC address")
	directory := flag.String("golden", "golden", "directory of the golden files")
	chosen := flag.String("differences", "differences.txt", "file of chosen differences")
	only := flag.String("only", "", "regular expression: run these scenarios alone")
	parallel := flag.Int("parallel", 16, "scenarios side by side")
	record := flag.Bool("record", false, "write the golden files instead of comparing")
	verbose := flag.Bool("verbose", false, "name every scenario and how long it took")
	flag.Parse()

	all, err := selected(*only)
	if err == nil && *record {
		err = recordAll(*address, *directory, all, *parallel)
	} else if err == nil {
		err = compareAll(*address, *directory, *chosen, all, *parallel, *only == "", *verbose)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "parity:", err)
		os.Exit(1)
	}
}

func selected(only string) ([]harness.Scenario, error) {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return nil, fmt.Errorf("--only: %w", err)
	}
	var list []harness.Scenario
	seen := map[string]bool{}
	for _, scenario := range scenarios.All() {
		if seen[scenario.Name] {
			return nil, fmt.Errorf("two scenarios are named %s", scenario.Name)
		}
		seen[scenario.Name] = true
		if pattern.MatchString(scenario.Name) {
			list = append(list, scenario)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no scenario matches %q", only)
	}
	return list, nil
}

// recordTries is how often a scenario is run in the hope that two runs agree.
const recordTries = 5

// recordAll runs every scenario until two of its runs agree, and writes nothing
// if one never does: a golden file that its own server does not repeat would
// fail anybody at random.
func recordAll(address, directory string, all []harness.Scenario, parallel int) error {
	connection, err := harness.Connect(address)
	if err != nil {
		return err
	}
	stable := map[string]harness.Recording{}
	earlier := map[string][]harness.Recording{}
	for try := 1; try <= recordTries && len(stable) < len(all); try++ {
		var open []harness.Scenario
		for _, scenario := range all {
			if _, done := stable[scenario.Name]; !done {
				open = append(open, scenario)
			}
		}
		if try > 2 {
			for _, scenario := range open {
				explain(scenario.Name, earlier[scenario.Name])
			}
		}
		for i, result := range harness.RunAll(connection, open, parallel) {
			name := open[i].Name
			if result.Recording.Aborted == "" && repeats(earlier[name], result.Recording) {
				stable[name] = result.Recording
			}
			earlier[name] = append(earlier[name], result.Recording)
		}
	}
	if len(stable) < len(all) {
		for _, scenario := range all {
			if _, done := stable[scenario.Name]; !done {
				explain(scenario.Name, earlier[scenario.Name])
			}
		}
		return fmt.Errorf("nothing recorded: of %d scenarios, %d never went twice the same way", len(all), len(all)-len(stable))
	}
	if len(all) == len(scenarios.All()) {
		if err := removeStale(directory, all); err != nil {
			return err
		}
	}
	for _, recording := range stable {
		if err := recording.Write(directory); err != nil {
			return err
		}
	}
	fmt.Printf("%d scenarios recorded in %s\n", len(all), directory)
	return nil
}

func repeats(earlier []harness.Recording, now harness.Recording) bool {
	for _, before := range earlier {
		if len(harness.Compare(before, now)) == 0 {
			return true
		}
	}
	return false
}

// explain says why a scenario's last two runs do not count.
func explain(name string, runs []harness.Recording) {
	last := runs[len(runs)-1]
	if last.Aborted != "" {
		fmt.Printf("%s could not be carried to its end: %s\n", name, last.Aborted)
		return
	}
	for _, diff := range harness.Compare(runs[len(runs)-2], last) {
		fmt.Println(diff)
	}
}

// removeStale deletes golden files whose scenario is gone.
func removeStale(directory string, all []harness.Scenario) error {
	known := map[string]bool{}
	for _, scenario := range all {
		known[scenario.Name+".json"] = true
	}
	files, err := filepath.Glob(filepath.Join(directory, "*.json"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if !known[filepath.Base(file)] {
			if err := os.Remove(file); err != nil {
				return err
			}
		}
	}
	return nil
}

func compareAll(address, directory, chosen string, all []harness.Scenario, parallel int, complete, verbose bool) error {
	differences, err := harness.ReadDifferences(chosen)
	if err != nil {
		return err
	}
	connection, err := harness.Connect(address)
	if err != nil {
		return err
	}
	began := time.Now()
	results := harness.RunAll(connection, all, parallel)
	failed, places := 0, 0
	for i, result := range results {
		golden, err := harness.ReadRecording(directory, all[i].Name)
		if err != nil {
			return fmt.Errorf("no golden file: %w", err)
		}
		rest := harness.Unexplained(harness.Compare(golden, result.Recording), differences)
		for _, diff := range rest {
			fmt.Println(diff)
		}
		if len(rest) > 0 {
			failed++
			places += len(rest)
		}
		if verbose {
			fmt.Printf("%-50s %4d differences %8s\n", all[i].Name, len(rest), result.Took.Round(time.Millisecond))
		}
	}
	unused := 0
	if complete {
		for _, line := range harness.Unused(differences) {
			fmt.Printf("%s:%d explains nothing any more: %s\n", chosen, line.Line, line.Text)
			unused++
		}
	}
	fmt.Printf("%d scenarios in %s, %d places differ, %d lines of %s unused\n", len(all), time.Since(began).Round(time.Millisecond), places, unused, filepath.Base(chosen))
	fmt.Printf("%d passed, %d failed\n", len(all)-failed, failed+unused)
	if failed+unused > 0 {
		return fmt.Errorf("%d scenarios differ from the reference", failed)
	}
	return nil
}
