package history

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Change is a workload of a run beside the last time that it was recorded.
type Change struct {
	Before, Now Row
	// Line is the run of before.
	Line *Line
}

// Changes finds for each row of a run its newest counterpart in earlier runs under the same conditions.
func Changes(now Line, earlier []Line) []Change {
	type key struct {
		workload, server, driver string
		inFlight                 int
	}
	keyOf := func(r Row) key { return key{r.Workload, r.Server, r.Driver, r.InFlight} }
	var changes []Change
	for _, row := range now.Rows {
		if before, line := newest(earlier, now.Conditions, func(r Row) bool { return keyOf(r) == keyOf(row) }); line != nil {
			changes = append(changes, Change{before, row, line})
		}
	}
	return changes
}

func newest(earlier []Line, conditions Conditions, is func(Row) bool) (Row, *Line) {
	for i := len(earlier) - 1; i >= 0; i-- {
		if earlier[i].Conditions != conditions {
			continue
		}
		for _, row := range earlier[i].Rows {
			if is(row) {
				return row, &earlier[i]
			}
		}
	}
	return Row{}, nil
}

// Print shows changes as a table: figures of before, of now, and by how much they differ.
func Print(output io.Writer, changes []Change) {
	if len(changes) == 0 {
		_, _ = fmt.Fprintln(output, "\nNothing is recorded of these workloads under the same conditions (machine, where the data is, --quick).")
		return
	}
	_, _ = fmt.Fprintln(output, "\nBeside the last time that it was recorded (before → now):")
	table := tabwriter.NewWriter(output, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "server\tdriver\tworkload\tin flight\tper second\t\tp50 ms\t\tp99 ms\t\tserver CPU ms\t\tbefore\t")
	for _, c := range changes {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s %s\t\n", c.Now.Server, c.Now.Driver, c.Now.Workload, c.Now.InFlight,
			change(c.Before.PerSecond, c.Now.PerSecond), change(c.Before.P50, c.Now.P50), change(c.Before.P99, c.Now.P99),
			change(c.Before.CPU, c.Now.CPU), c.Line.Date, c.Line.Commit)
	}
	_ = table.Flush()
}

// change is two cells: both figures, and the difference in percent.
func change(before, now float64) string {
	figures := fmt.Sprintf("%.2f → %.2f", before, now)
	if before == 0 {
		return figures + "\t"
	}
	return fmt.Sprintf("%s\t%+.0f %%", figures, (now/before-1)*100)
}
