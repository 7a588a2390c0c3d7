package harness

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strings"
)

// Diff is one place where two recordings of a scenario differ.
type Diff struct {
	Scenario string
	// Path is <step>/<field>/<index>/<field>…; history events are counted from 1.
	Path string
	// Want is the reference's value, Got the other server's; "(absent)" for none.
	Want, Got string
}

func (d Diff) String() string {
	return fmt.Sprintf("%s\n    at     %s\n    golden %s\n    got    %s", d.Scenario, d.Path, indent(d.Want), indent(d.Got))
}

const absent = "(absent)"

// Compare lists every difference between the reference's recording and another.
// Steps are compared in order; where their names part ways, the rest is not.
func Compare(want, got Recording) []Diff {
	c := &comparer{scenario: want.Scenario}
	for i, step := range want.Steps {
		if i >= len(got.Steps) {
			break
		}
		if got.Steps[i].Name != step.Name {
			c.add(fmt.Sprintf("step %d", i+1), step.Name, got.Steps[i].Name)
			return c.diffs
		}
		c.value(step.Name, canonical(step.Answer), canonical(got.Steps[i].Answer))
	}
	if len(want.Steps) != len(got.Steps) {
		c.add("steps", names(want.Steps, len(got.Steps)), names(got.Steps, len(want.Steps)))
	}
	if want.Aborted != got.Aborted {
		c.add("aborted", orAbsent(want.Aborted), orAbsent(got.Aborted))
	}
	return c.diffs
}

type comparer struct {
	scenario string
	diffs    []Diff
}

func (c *comparer) add(path, want, got string) {
	c.diffs = append(c.diffs, Diff{Scenario: c.scenario, Path: path, Want: want, Got: got})
}

func (c *comparer) value(path string, want, got any) {
	switch w := want.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			c.object(path, w, g)
			return
		}
	case []any:
		if g, ok := got.([]any); ok {
			c.list(path, w, g)
			return
		}
	}
	if !reflect.DeepEqual(want, got) {
		c.add(path, show(want), show(got))
	}
}

func (c *comparer) object(path string, want, got map[string]any) {
	keys := map[string]bool{}
	for key := range want {
		keys[key] = true
	}
	for key := range got {
		keys[key] = true
	}
	sorted := make([]string, 0, len(keys))
	for key := range keys {
		sorted = append(sorted, key)
	}
	sort.Strings(sorted)
	for _, key := range sorted {
		w, inWant := want[key]
		g, inGot := got[key]
		at := path + "/" + key
		switch {
		case !inWant:
			c.add(at, absent, show(g))
		case !inGot:
			c.add(at, show(w), absent)
		default:
			c.value(at, w, g)
		}
	}
}

func (c *comparer) list(path string, want, got []any) {
	if w, g := eventTypes(want), eventTypes(got); w != g {
		c.add(path, w, g)
	} else if len(want) != len(got) {
		c.add(path, show(want), show(got))
		return
	}
	for i := range min(len(want), len(got)) {
		at := fmt.Sprintf("%s/%d", path, i+1)
		if eventType(want[i]) != eventType(got[i]) {
			return // the list of types above says it all
		}
		c.value(at, want[i], got[i])
	}
}

// eventTypes shows a list of history events as one numbered line each; empty for
// any other list.
func eventTypes(list []any) string {
	var lines strings.Builder
	for i, item := range list {
		kind := eventType(item)
		if kind == "" {
			return ""
		}
		fmt.Fprintf(&lines, "%d %s\n", i+1, strings.TrimPrefix(kind, "EVENT_TYPE_"))
	}
	return strings.TrimSpace(lines.String())
}

func eventType(item any) string {
	return field(item, "event_type")
}

func names(steps []Step, from int) string {
	var rest []string
	for i := from; i < len(steps); i++ {
		rest = append(rest, steps[i].Name)
	}
	return orAbsent(strings.Join(rest, ", "))
}

func orAbsent(text string) string {
	if text == "" {
		return absent
	}
	return text
}

func show(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	// What stands in angle brackets stays readable.
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(text))
}

func indent(text string) string {
	const longest = 1500
	if len(text) > longest {
		text = text[:longest] + "…"
	}
	return strings.ReplaceAll(text, "\n", "\n           ")
}
