package compare

import (
	"testing"

	"klamm.dev/bench/internal/measure"
)

func report(server, driver, workload string, cpu float64) measure.Report {
	return measure.Report{Server: server, Driver: driver, Workload: workload, InFlight: 50, ServerCPU: cpu, Throughput: 1000 * cpu, P50: cpu}
}

func peer(t *testing.T, server string) Peer {
	t.Helper()
	for _, p := range Peers {
		if p.Server == server {
			return p
		}
	}
	t.Fatalf("no peer %s", server)
	return Peer{}
}

func TestPairsAreOfOneWorkloadAndOneDriver(t *testing.T) {
	reports := []measure.Report{
		report("klamm", "direct", "1 activity", 1), report("klamm", "sdk", "1 activity", 2), report("klamm", "direct", "5 signals", 3),
		report("temporal", "direct", "1 activity", 40), report("floor", "direct", "1 activity", 0.25),
	}
	pairs := peer(t, "temporal").Pairs(reports)
	if len(pairs) != 1 || pairs[0].Own != reports[0] || pairs[0].Other != reports[3] {
		t.Fatalf("got %+v", pairs)
	}
	if got := pairs[0].Ratios(); got.CPU != 40 || got.P50 != 40 || got.Throughput != 0.025 || got.P99 != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestAPeerWithADriverOfItsOwnIsComparedWithEachOfKlamms(t *testing.T) {
	reports := []measure.Report{
		report("klamm", "direct", "1 activity", 1), report("klamm_on_kafka", "sdk", "1 activity", 2), report("restate", "ingress", "1 activity", 3),
	}
	if pairs := peer(t, "restate").Pairs(reports); len(pairs) != 2 || pairs[1].Ratios().CPU != 1.5 {
		t.Errorf("got %+v", pairs)
	}
}

func TestTheFloorIsToldInMultiples(t *testing.T) {
	pairs := peer(t, "floor").Pairs([]measure.Report{report("floor", "direct", "1 activity", 0.25), report("klamm", "direct", "1 activity", 1)})
	if len(pairs) != 1 || pairs[0].Ratios().CPU != 4 {
		t.Errorf("got %+v", pairs)
	}
}
