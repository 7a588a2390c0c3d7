package harness

import (
	"os"
	"path/filepath"
	"testing"
)

func chosen(t *testing.T, text string) []*Difference {
	t.Helper()
	file := filepath.Join(t.TempDir(), "differences.txt")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := ReadDifferences(file)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

var diffs = []Diff{
	{Scenario: "timer_fire", Path: "history of wf/events/5/attributes/delay", Want: `"1s"`, Got: `"2s"`},
	{Scenario: "system_info", Path: "capabilities/nexus", Want: "true", Got: absent},
}

func TestOnlyWhatALineNamesIsExplained(t *testing.T) {
	list := chosen(t, "# why\n\nsystem_info | capabilities/* | (absent) | not built yet\n")
	rest := Unexplained(diffs, list)
	if len(rest) != 1 || rest[0].Scenario != "timer_fire" {
		t.Errorf("left unexplained: %v", rest)
	}
	if unused := Unused(list); len(unused) != 0 {
		t.Errorf("a line that was needed counts as unused: %v", unused[0].Text)
	}
}

func TestALineForAnotherAnswerExplainsNothing(t *testing.T) {
	list := chosen(t, "system_info | capabilities/nexus | false | not built yet\n")
	if rest := Unexplained(diffs, list); len(rest) != 2 {
		t.Errorf("left unexplained: %v", rest)
	}
	if unused := Unused(list); len(unused) != 1 || unused[0].Line != 1 {
		t.Errorf("unused: %v", unused)
	}
}

func TestALineWithoutAReasonIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "differences.txt")
	for _, text := range []string{"a | b | c |  ", "a | b | c", "a"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadDifferences(file); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}
