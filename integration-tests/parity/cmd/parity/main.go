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

// recordAll runs everything twice and writes nothing if the two runs differ: a
// golden file that its own server does not repeat would fail anybody at random.
func recordAll(address, directory string, all []harness.Scenario, parallel int) error {
	connection, err := harness.Connect(address)
	if err != nil {
		return err
	}
	first := harness.RunAll(connection, all, parallel)
	second := harness.RunAll(connection, all, parallel)
	unstable := 0
	for i := range all {
		if reason := first[i].Recording.Aborted; reason != "" {
			fmt.Printf("%s could not be carried to its end: %s\n", all[i].Name, reason)
			unstable++
		}
		for _, diff := range harness.Compare(first[i].Recording, second[i].Recording) {
			fmt.Println(diff)
			unstable++
		}
	}
	if unstable > 0 {
		return fmt.Errorf("nothing recorded: %d places differ between two runs against the same server", unstable)
	}
	if len(all) == len(scenarios.All()) {
		if err := removeStale(directory, all); err != nil {
			return err
		}
	}
	for _, result := range first {
		if err := result.Recording.Write(directory); err != nil {
			return err
		}
	}
	fmt.Printf("%d scenarios recorded in %s\n", len(all), directory)
	return nil
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
