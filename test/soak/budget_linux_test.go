package soak

import (
	"strconv"
	"testing"
)

// BenchmarkLeastBudget finds the least --memory, in steps of 8 MiB from SOAK_BUDGET on, with which nothing is refused of
// 2 GiB of 128-byte messages that are published one by one.
//
//	go test -run '^$' -bench LeastBudget -benchtime 1x -timeout 1h ./test/soak
func BenchmarkLeastBudget(b *testing.B) {
	const step = 8
	for b.Loop() {
		w := work{retain: setting("SOAK_RETAIN", 2048) * mib, size: setting("SOAK_SIZE", 128), batch: int(setting("SOAK_BATCH", 1))}
		for w.budget = setting("SOAK_BUDGET", 48) * mib; ; w.budget += step * mib {
			s := newServer(b, "--store", "file:"+b.TempDir(), "--memory", strconv.FormatInt(w.budget, 10), "--disk", "40GiB")
			refused, why := w.publish(b, s.start())
			s.Stop()
			b.Logf("--memory %d MiB: %d of %d messages refused; the first: %q", w.budget/mib, refused*w.batch, w.messages(), why.GetMessage())
			if refused == 0 {
				break
			}
		}
		b.ReportMetric(float64(w.budget)/mib, "MiB")
	}
}
