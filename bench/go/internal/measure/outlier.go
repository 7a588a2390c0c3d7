package measure

// OutlierFactor is how many times p50 a maximum may be before somebody has to
// explain it or mend the server: a p99 hides one call in a hundred, and one call
// that stands still for a minute is what a user remembers.
const OutlierFactor = 20

// IsOutlier says whether the maximum of some latencies needs an explanation.
func IsOutlier(p50, maximum float64) bool { return maximum > OutlierFactor*p50 }
