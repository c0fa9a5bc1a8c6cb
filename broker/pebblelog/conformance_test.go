package pebblelog_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"linger/broker"
	"linger/broker/logtest"
	"linger/broker/pebblelog"
	"linger/test/soak"
)

// TestLog runs what every log promises on a file system in memory; with LINGER_SOAK=1 on the disk.
func TestLog(t *testing.T) {
	logtest.Run(t, func(t *testing.T) logtest.Factory {
		o := pebblelog.Options{Dir: t.TempDir(), Logger: quiet(), MemTable: 1 << 20, DiskLimit: 1 << 40, Reserve: 1}
		if !soak.On() {
			o.FS = vfs.NewMem()
		}
		return logtest.Factory{Open: func(t testing.TB, clock *broker.Clock) broker.Log {
			o.Clock = clock
			l, err := pebblelog.Open(o)
			if err != nil {
				t.Fatal(err)
			}
			return l
		}}
	})
}
