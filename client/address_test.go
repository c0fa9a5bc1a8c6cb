package client

import (
	"strings"
	"testing"
)

func TestAddresses(t *testing.T) {
	for addr, want := range map[string]string{
		"localhost:50074":      "dns:///localhost:50074",
		"[::1]:1":              "dns:///[::1]:1",
		":50074":               "dns:///:50074",
		"dns:7":                "dns:///dns:7",
		"unix:/run/linger":     "unix:/run/linger",
		"dns://1.1.1.1/a:7":    "dns://1.1.1.1/a:7",
		"passthrough:///a:443": "passthrough:///a:443",
	} {
		if got, err := target(addr); got != want || err != nil {
			t.Errorf("%q becomes %q, %v; want %q", addr, got, err, want)
		}
	}
}

func TestWhatCannotBeAnAddressIsRefused(t *testing.T) {
	for addr, want := range map[string]string{
		"localhost":             "missing port in address; give host:port, such as localhost:50074",
		"http://localhost:8080": "no scheme http:// is known; give host:port",
		"foo bar:80":            `no host can be called "foo bar"`,
		"localhost:65536":       `no port "65536"; it is 1 to 65535`,
		"localhost:0":           `no port "0"`,
		"localhost:":            `no port ""`,
		"::1":                   "too many colons in address",
	} {
		_, err := Dial(addr, Options{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "server address ") {
			t.Errorf("%q: %v, want %s", addr, err, want)
		}
	}
}

func TestUnavailableInPlainWords(t *testing.T) {
	for msg, want := range map[string]string{
		`connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused"`:                                                                        "no server answers at a:1 (connection refused)",
		`connection error: desc = "error reading server preface: http2: failed reading the frame payload: http2: frame too large, note that the frame header looked like an HTTP/1.1 header"`: "what answers at a:1 does not speak gRPC but HTTP/1.1, as the dashboard does; gRPC is at port 50074 unless told otherwise",
		`connection error: desc = "error reading server preface: EOF"`:                                                                                                                        "what answers at a:1 does not speak gRPC (EOF)",
		"name resolver error: produced zero addresses":                                                                                                                                        "no address is known for a:1",
		"error reading from server: EOF": "the connection to a:1 was lost",
		"server stopping":                "server stopping",
	} {
		if got := unavailableSentence("a:1", msg); got != want {
			t.Errorf("%s is told as %q, want %q", msg, got, want)
		}
	}
}
