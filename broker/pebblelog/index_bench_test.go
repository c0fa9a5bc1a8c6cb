package pebblelog_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"testing"
	"time"

	"linger/broker"
	"linger/broker/pebblelog"
)

// BenchmarkIndex prints what a broker keeps in memory of each message that is only on disk, published one by one. An
// operation is all of it. INDEX_MESSAGES sets how many, INDEX_PROFILE writes a heap profile there.
//
//	go test -run '^$' -bench Index -benchtime 1x ./broker/pebblelog
func BenchmarkIndex(b *testing.B) {
	n := 1_000_000
	if set, err := strconv.Atoi(os.Getenv("INDEX_MESSAGES")); err == nil {
		n = set
	}
	for _, pace := range []string{"burst", "steady"} {
		b.Run(fmt.Sprint(pace, "/messages=", n), func(b *testing.B) { index(b, n, pace) })
	}
}

func index(b *testing.B, n int, pace string) {
	dir := b.TempDir()
	open := func() *broker.Broker {
		clock := broker.NewClock(time.Now)
		l, err := pebblelog.Open(pebblelog.Options{Dir: dir, Clock: clock, Logger: quiet(), DiskLimit: 20 << 30})
		if err != nil {
			b.Fatal(err)
		}
		br, err := broker.Open(context.Background(), broker.Config{Log: l, Clock: clock, MemoryLimit: 4 << 30})
		if err != nil {
			b.Fatal(err)
		}
		return br
	}
	br := open()
	window := make(chan struct{}, map[string]int{"burst": 20_000, "steady": 8}[pace])
	var all sync.WaitGroup
	began := time.Now()
	for range n {
		window <- struct{}{}
		all.Add(1)
		body := binary.AppendUvarint([]byte{0x42}, benchBody)
		body = append(body, make([]byte, benchBody)...)
		br.Publish(context.Background(), broker.PublishRequest{Batches: []broker.Batch{{Topic: "t", TTL: time.Hour, HasTTL: true, Count: 1, Body: body}}}, func(a broker.PublishAnswer) {
			if a.Results[0].Err != nil {
				panic(a.Results[0].Err)
			}
			<-window
			all.Done()
		})
	}
	all.Wait()
	b.ReportMetric(float64(n)/time.Since(began).Seconds(), "msg/s")
	br.Close()
	br = nil
	before := heapBytes()
	began = time.Now()
	br = open()
	b.ReportMetric(float64(n)/time.Since(began).Seconds(), "recovered/s")
	b.ReportMetric(float64(heapBytes()-before)/float64(n), "heap-B/msg")
	b.ReportMetric(float64(br.Stats().MemoryUsed)/float64(n), "accounted-B/msg")
	if path := os.Getenv("INDEX_PROFILE"); path != "" {
		f, _ := os.Create(path)
		pprof.WriteHeapProfile(f)
		f.Close()
	}
	s, err := br.Subscribe(broker.SubscribeOptions{Patterns: []string{"t"}})
	if err != nil {
		b.Fatal(err)
	}
	began = time.Now()
	read := 0
	for read < min(n, 1_000_000) {
		d, err := s.Next(context.Background(), broker.Budget{Bytes: 256 << 10})
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range d.Runs {
			read += r.Count
		}
	}
	b.ReportMetric(float64(read)/time.Since(began).Seconds(), "replayed/s")
	s.Close()
	br.Close()
}

func heapBytes() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
