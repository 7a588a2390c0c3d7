// Writes what Temporal's own scheduler makes of many schedule specs: the canonical form or the error, and the next times
// after some moments. klamm's spec tests compare themselves with it.
package main

import (
	"archive/zip"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	schedulepb "go.temporal.io/api/schedule/v1"
	"go.temporal.io/server/service/worker/scheduler"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Case is one spec and what became of it.
type Case struct {
	Name string `json:"name"`
	// For people; Spec is what is compared.
	Text json.RawMessage `json:"text,omitempty"`
	// The protobuf message, hexadecimal.
	Spec string `json:"spec"`
	// Why it was refused; the rest is absent then.
	Error     string  `json:"error,omitempty"`
	Canonical string  `json:"canonical,omitempty"`
	Seed      string  `json:"seed,omitempty"`
	Chains    []Chain `json:"chains,omitempty"`
}

// Chain is times in a row: the first after After, each other after the nominal time before it.
type Chain struct {
	After string `json:"after"`
	// Nominal time, then "+" and the milliseconds of jitter if there are any; "none" ends the chain.
	Times []string `json:"times"`
}

// Writer computes and collects cases.
type Writer struct {
	builder *scheduler.SpecBuilder
	cases   []Case
}

const timesPerChain = 6

// Add computes a case with a chain for each of `after`.
func (w *Writer) Add(name, seed string, spec *schedulepb.ScheduleSpec, after ...time.Time) {
	wire, err := proto.MarshalOptions{Deterministic: true}.Marshal(spec)
	must(err)
	made := Case{Name: name, Text: readable(spec), Spec: hex.EncodeToString(wire)}

	compiled, err := w.builder.NewCompiledSpec(spec)
	if err != nil {
		made.Error = err.Error()
		w.cases = append(w.cases, made)
		return
	}
	canonical := proto.Clone(compiled.CanonicalForm()).(*schedulepb.ScheduleSpec)
	scheduler.CleanSpec(canonical)
	wire, err = proto.MarshalOptions{Deterministic: true}.Marshal(canonical)
	must(err)
	made.Canonical, made.Seed = hex.EncodeToString(wire), seed
	for _, from := range after {
		chain := Chain{After: from.UTC().Format(milliseconds)}
		for range timesPerChain {
			next, err := compiled.GetNextTime(seed, from)
			must(err)
			if next.Nominal.IsZero() {
				chain.Times = append(chain.Times, "none")
				break
			}
			text := next.Nominal.UTC().Format(time.RFC3339)
			if jitter := next.Next.Sub(next.Nominal); jitter != 0 {
				text += fmt.Sprintf(" +%d", jitter.Milliseconds())
			}
			chain.Times = append(chain.Times, text)
			from = next.Nominal
		}
		made.Chains = append(made.Chains, chain)
	}
	w.cases = append(w.cases, made)
}

const milliseconds = "2006-01-02T15:04:05.000Z07:00"

func main() {
	changes := flag.Bool("zones", false, "write the changes of all zones instead")
	flag.Parse()

	// Go's own zone data, whatever the machine has.
	zones := filepath.Join(runtime.GOROOT(), "lib", "time", "zoneinfo.zip")
	must(os.Setenv("ZONEINFO", zones))

	if *changes {
		zoneChanges(zones)
		return
	}

	// The limits of Temporal's default configuration.
	limit := func(seconds int) func() int { return func() int { return seconds } }
	w := &Writer{builder: scheduler.NewSpecBuilder(limit(24*60*60), limit(2*7*24*60*60))}
	handPicked(w, zones)
	invalid(w)
	random(w)

	// One case a line.
	fmt.Println("[")
	for i, made := range w.cases {
		line, err := json.Marshal(made)
		must(err)
		separator := ","
		if i == len(w.cases)-1 {
			separator = ""
		}
		fmt.Printf("%s%s\n", line, separator)
	}
	fmt.Println("]")
}

// readable is the spec as JSON, or nothing where JSON has no way to say it.
func readable(spec *schedulepb.ScheduleSpec) json.RawMessage {
	spec = proto.Clone(spec).(*schedulepb.ScheduleSpec)
	if len(spec.TimezoneData) > 0 {
		spec.TimezoneData = []byte("...")
	}
	text, err := protojson.Marshal(spec)
	if err != nil {
		return nil
	}
	// protojson puts in spaces at random.
	var out bytes.Buffer
	must(json.Compact(&out, text))
	return out.Bytes()
}

// zoneData reads the TZif file of a zone from Go's archive.
func zoneData(archive, name string) []byte {
	reader, err := zip.OpenReader(archive)
	must(err)
	defer reader.Close()
	file, err := reader.Open(name)
	must(err)
	data, err := io.ReadAll(file)
	must(err)
	return data
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "specs:", err)
		os.Exit(1)
	}
}
