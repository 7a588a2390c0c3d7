// Package compare finds what the reports of one run say about each other.
package compare

import "klamm.dev/bench/internal/measure"

// Peer is a server that klamm is compared with.
type Peer struct {
	// Server is its name in reports.
	Server string
	// Title stands above its ratios.
	Title string
	// AnyDriver: its reports count for every driver of klamm's, because it has a
	// driver of its own.
	AnyDriver bool
	// Multiples: latencies, CPU and memory are told as multiples of the peer's,
	// instead of how many times better klamm is.
	Multiples bool
}

// Peers are all servers that klamm is compared with.
var Peers = []Peer{
	{Server: "temporal", Title: "How many times better than Temporal"},
	{Server: "restate", Title: "How many times better than Restate, whose steps count as activities", AnyDriver: true},
	{Server: "floor", Title: "Multiples of the floor, a server that answers the same calls and does nothing else", Multiples: true},
}

// Pair is a workload that both klamm and a peer were measured with.
type Pair struct {
	Own, Other measure.Report
	multiples  bool
}

// Pairs finds a peer's counterparts of all reports that are no peer's.
func (p Peer) Pairs(reports []measure.Report) []Pair {
	type key struct {
		driver, workload string
		inFlight         int
	}
	keyOf := func(r measure.Report) key {
		if p.AnyDriver {
			return key{"", r.Workload, r.InFlight}
		}
		return key{r.Driver, r.Workload, r.InFlight}
	}
	others := map[key]measure.Report{}
	for _, r := range reports {
		if r.Server == p.Server {
			others[keyOf(r)] = r
		}
	}
	var pairs []Pair
	for _, r := range reports {
		if other, ok := others[keyOf(r)]; ok && !IsPeer(r.Server) {
			pairs = append(pairs, Pair{r, other, p.Multiples})
		}
	}
	return pairs
}

// IsPeer says whether a server is one that klamm is compared with.
func IsPeer(server string) bool {
	for _, p := range Peers {
		if p.Server == server {
			return true
		}
	}
	return false
}

// Ratios compare klamm with a peer; zero where there is nothing to compare.
type Ratios struct {
	// Throughput is klamm's over the peer's.
	Throughput float64 `json:"per_second,omitempty"`
	// The others are the peer's over klamm's, so how many times better klamm is;
	// for a peer of multiples klamm's over the peer's.
	P50  float64 `json:"p50,omitempty"`
	P99  float64 `json:"p99,omitempty"`
	CPU  float64 `json:"cpu,omitempty"`
	Peak float64 `json:"peak,omitempty"`
}

// Ratios of the two reports.
func (p Pair) Ratios() Ratios {
	dividend, divisor := p.Other, p.Own
	if p.multiples {
		dividend, divisor = p.Own, p.Other
	}
	return Ratios{
		Throughput: ratio(p.Own.Throughput, p.Other.Throughput),
		P50:        ratio(dividend.P50, divisor.P50),
		P99:        ratio(dividend.P99, divisor.P99),
		CPU:        ratio(dividend.ServerCPU, divisor.ServerCPU),
		Peak:       ratio(dividend.ServerPeak, divisor.ServerPeak),
	}
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return float64(int64(a/b*1000+0.5)) / 1000
}
