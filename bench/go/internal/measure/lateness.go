package measure

import (
	"slices"
	"sync"
	"time"
)

// Lateness gathers how late timers fired; safe for use from many goroutines.
type Lateness struct {
	guard  sync.Mutex
	values []time.Duration
}

// Add notes one timer.
func (l *Lateness) Add(late time.Duration) {
	l.guard.Lock()
	defer l.guard.Unlock()
	l.values = append(l.values, late)
}

// Reset forgets what was noted.
func (l *Lateness) Reset() {
	l.guard.Lock()
	defer l.guard.Unlock()
	l.values = nil
}

// Into writes the percentiles and the maximum into a report, if there was any timer.
func (l *Lateness) Into(report *Report) {
	l.guard.Lock()
	defer l.guard.Unlock()
	if len(l.values) == 0 {
		return
	}
	slices.Sort(l.values)
	report.TimerLatenessP50 = round(milliseconds(Percentile(l.values, 50)))
	report.TimerLatenessP99 = round(milliseconds(Percentile(l.values, 99)))
	report.TimerLatenessMax = round(milliseconds(l.values[len(l.values)-1]))
}
