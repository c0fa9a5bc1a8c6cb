package cli

import "testing"

// 256 streams that nobody reads must not fill more than the quarter of the memory that is left beside the messages.
func TestStreamWindowFollowsMemory(t *testing.T) {
	const mib = 1 << 20
	for memory, want := range map[int64]int{1 * mib: mib / 2, 64 * mib: mib / 2, 1024 * mib: mib, 2048 * mib: 2 * mib, 64 << 30: 2 * mib} {
		got := streamWindow(memory)
		if got != want {
			t.Errorf("of %d MiB %d bytes, want %d", memory/mib, got, want)
		}
		if beside := memory / 4; memory >= 512*mib && int64(256*got) > beside {
			t.Errorf("of %d MiB 256 streams hold %d MiB, more than the %d beside messages", memory/mib, 256*got/mib, beside/mib)
		}
	}
}
