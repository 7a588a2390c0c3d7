// Package history keeps what runs of the bench have measured, one line of JSON
// a run, and compares a run with the one before.
package history

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"klamm.dev/bench/internal/compare"
	"klamm.dev/bench/internal/measure"
)

// Line is one run.
type Line struct {
	Date   string `json:"date"`
	Commit string `json:"commit"`
	Conditions
	Rows []Row `json:"rows"`
}

// Conditions are what has to be the same for two runs to be compared.
type Conditions struct {
	Machine Machine `json:"machine"`
	// Data is where klamm kept its data: memory, files, or fsync (files that are
	// written to the disk before a call is answered).
	Data string `json:"data"`
	// Quick runs are short, so their figures are rough.
	Quick bool `json:"quick,omitempty"`
}

// Machine is a class of machines.
type Machine struct {
	Cores int    `json:"cores"`
	CPU   string `json:"cpu"`
}

// Row is one workload on one server.
type Row struct {
	Workload  string  `json:"workload"`
	Server    string  `json:"server"`
	Driver    string  `json:"driver"`
	InFlight  int     `json:"in_flight"`
	Count     int     `json:"count"`
	Errors    int     `json:"errors,omitempty"`
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	Max       float64 `json:"max_ms"`
	CPU       float64 `json:"cpu_ms"`
	// Ratios to the peers of the same run, by their names.
	Ratios map[string]compare.Ratios `json:"ratios,omitempty"`
}

// Rows are the reports of one run.
func Rows(reports []measure.Report) []Row {
	rows := make([]Row, 0, len(reports))
	for _, r := range reports {
		rows = append(rows, Row{
			Workload: r.Workload, Server: r.Server, Driver: r.Driver, InFlight: r.InFlight, Count: r.Count, Errors: r.Errors,
			PerSecond: r.Throughput, P50: r.P50, P99: r.P99, Max: r.Max, CPU: r.ServerCPU, Ratios: ratios(r, reports),
		})
	}
	return rows
}

func ratios(own measure.Report, reports []measure.Report) map[string]compare.Ratios {
	var found map[string]compare.Ratios
	for _, peer := range compare.Peers {
		for _, pair := range peer.Pairs(reports) {
			if pair.Own == own {
				if found == nil {
					found = map[string]compare.Ratios{}
				}
				found[peer.Server] = pair.Ratios()
			}
		}
	}
	return found
}

// Read reads all lines of a file; a file that is not there has none.
func Read(path string) ([]Line, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return read(file)
}

func read(input io.Reader) ([]Line, error) {
	var lines []Line
	texts := bufio.NewScanner(input)
	texts.Buffer(nil, 1<<20)
	for texts.Scan() {
		var line Line
		if err := json.Unmarshal(texts.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("line %d of the history: %w", len(lines)+1, err)
		}
		lines = append(lines, line)
	}
	return lines, texts.Err()
}

// Append adds a line to a file.
func Append(path string, line Line) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := file.Write(append(text, '\n')); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}
