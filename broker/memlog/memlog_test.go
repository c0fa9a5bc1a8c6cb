package memlog_test

import (
	"testing"

	"linger/broker/logtest"
	"linger/broker/memlog"
)

func TestLog(t *testing.T) {
	for name, o := range map[string]memlog.Options{"Forgets": {}, "Keeps": {Keep: true}} {
		t.Run(name, func(t *testing.T) {
			logtest.Run(t, func(*testing.T) logtest.Factory {
				return logtest.Factory{Open: logtest.Reopening(o), Forgets: !o.Keep}
			})
		})
	}
}
