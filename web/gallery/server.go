package gallery

import (
	"strings"
	"time"

	"linger/web"
)

const mib = 1 << 20

// server is one that has been busy for a while, and had its troubles.
func server(p web.Page) web.Server {
	s := web.Server{
		Page: p, Version: "0.1.0", Commit: "e9da24101b7c, modified", Go: "go1.26.0", Started: p.Now.Add(-53*time.Hour - 12*time.Minute),
		Ahead: 3 * time.Millisecond, StoreURL: "file:/var/lib/linger", Disk: &web.Disk{Used: 9420 * mib, Limit: 10240 * mib, Free: 41_200 * mib},
		Memory: web.Memory{Messages: 171 * mib, Readers: 3 * mib, Limit: 512 * mib, History: 12 * mib},
		Topics: 1000, Subscriptions: 37, Watchers: 4, WorstLag: 12_480,
		Totals:    web.Totals{Retained: 100_000, Bytes: 128 * mib, Gone: 12_345_678, Undelivered: 1_204},
		Published: web.Flow{Total: 12_445_678}, Delivered: web.Flow{Total: 48_112_090},
		Streams: []web.Streams{{Kind: web.StreamsPublish, Open: 12}, {Kind: web.StreamsSubscribe, Open: 37}, {Kind: web.StreamsWatch, Open: 4}},
		Ports: []web.Port{
			{Service: "gRPC", Addr: "localhost:50074", Open: 51, Most: 4096}, {Service: "HTTP", Addr: "localhost:8080", Open: 9, Most: 4096},
		},
		Browser: 2,
	}
	for second := range 60 {
		s.Published.Recent = append(s.Published.Recent, uint32(90+second*7%31))
		s.Delivered.Recent = append(s.Delivered.Recent, uint32(300+second*13%170))
	}
	told := func(ago time.Duration, severity web.Severity, times int, text string) {
		s.Events = append(s.Events, web.Event{At: p.Now.Add(-ago), Severity: severity, Times: times, Text: text})
	}
	told(40*time.Second, web.SeverityWarning, 3, "the disk is slow file=/var/lib/linger/000123.log took=5.2s")
	told(12*time.Minute, web.SeverityWarning, 1, "connections are refused: there are as many as may be (--max-connections) service=gRPC open=4096")
	told(3*time.Hour, web.SeverityError, 1, "internal error id=k3f9-0042 error="+Hostile[0]+" "+Hostile[8]+strings.Repeat("longword", 30))
	told(53*time.Hour, web.SeverityNote, 1, "recovered dir=/var/lib/linger clean=true messages=1204 took=1.2s")
	return s
}

// serverInMemory has told its log nothing; a proxy stands before it.
func serverInMemory(p web.Page) web.Server {
	s := server(p)
	s.Started, s.StoreURL, s.Disk, s.Events, s.Browser, s.Streams = p.Now, "memory:", nil, nil, 0, nil
	s.Memory, s.Published, s.Delivered, s.Commit = web.Memory{Limit: 512 * mib}, web.Flow{}, web.Flow{}, ""
	s.Topics, s.Subscriptions, s.WorstLag, s.Totals = 0, 0, 0, web.Totals{}
	return s
}
