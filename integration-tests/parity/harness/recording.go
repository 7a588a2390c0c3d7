package harness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Step is one thing that a scenario marked for comparison.
type Step struct {
	// Name says what was done; unique within its scenario.
	Name string `json:"step"`
	// Answer is {"response": …}, {"error": …} or {"events": […]} as plain JSON.
	Answer any `json:"answer"`
}

// Recording is everything one run of one scenario left behind.
type Recording struct {
	Scenario string `json:"scenario"`
	Steps    []Step `json:"steps"`
	// Aborted says why the scenario could not be carried to its end; empty if it was.
	Aborted string `json:"aborted,omitempty"`
}

// Write stores the recording as DIR/<scenario>.json.
func (r Recording) Write(dir string) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // placeholders stand in angle brackets
	encoder.SetIndent("", " ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("while encoding scenario %s: %w", r.Scenario, err)
	}
	return os.WriteFile(goldenPath(dir, r.Scenario), text.Bytes(), 0o644)
}

// ReadRecording reads DIR/<scenario>.json.
func ReadRecording(dir, scenario string) (Recording, error) {
	text, err := os.ReadFile(goldenPath(dir, scenario))
	if err != nil {
		return Recording{}, err
	}
	var r Recording
	if err := json.Unmarshal(text, &r); err != nil {
		return Recording{}, fmt.Errorf("while reading %s: %w", goldenPath(dir, scenario), err)
	}
	return r, nil
}

func goldenPath(dir, scenario string) string {
	return filepath.Join(dir, scenario+".json")
}

// canonical passes a value through JSON, so that what was just recorded and what
// was read from a file are made of the same Go types.
func canonical(value any) any {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("not JSON: %v", err)
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		return fmt.Sprintf("not JSON: %v", err)
	}
	return plain
}
