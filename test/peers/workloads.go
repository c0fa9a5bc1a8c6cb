package main

import "time"

const (
	small = 128
	large = 16 << 10
	// Messages of all publishers together that may be unanswered where messages in flight are to be equal.
	inFlight = 16 << 10
	// As many connections as make Redis's append-only file fastest: it reads 16 KiB of each between two syncs.
	many = 50
)

// workloads are all tables, in the order in which they are measured.
func workloads() []workload {
	return append(durable(), core()...)
}

// durable is what a broker does that acknowledges after the disk has it.
func durable() []workload {
	one := job{Publishers: 1, Readers: 1, Topics: 1, Size: small, InFlight: inFlight}
	fifty := job{Publishers: many, Readers: 1, Topics: 1, Size: small, InFlight: inFlight / many}
	waits := job{Publishers: 1, Topics: 1, Size: small, Waiting: true}
	wait64 := job{Publishers: 64, Topics: 1, Size: small, Waiting: true}
	pipelined := func(j job) []entry {
		return []entry{
			{system: lingerFile, job: j, goals: []goal{
				times(0.6, lingerLane.name), times(3, redisAlways.name), beside(jetStreamSynced.name), beside(jetStreamFile.name),
			}},
			{system: lingerLane, job: j},
			{system: redisAlways, job: j},
			{system: jetStreamSynced, job: j},
			{system: jetStreamFile, job: j},
		}
	}
	return []workload{
		{
			name: "durable", title: "fsynced, pipelined, live subscriber; 1 connection, 16,384 messages in flight",
			unit: rate, warm: time.Second, length: 3 * time.Second, entries: pipelined(one),
		},
		{
			name: "durable-50", title: "the same over 50 connections, 327 in flight on each",
			unit: rate, warm: time.Second, length: 3 * time.Second, entries: pipelined(fifty),
		},
		{
			name: "durable-wait", title: "one publisher that waits for each acknowledgement",
			unit: median, warm: 500 * time.Millisecond, length: 2 * time.Second,
			entries: []entry{
				{system: lingerFile, job: waits, goals: []goal{times(1.5, rawSync.name, grpcEchoCall.name), beside(redisAlways.name), beside(jetStreamSynced.name)}},
				{system: lingerFileStream, job: waits, goals: []goal{times(1.5, rawSync.name, grpcEcho.name)}},
				{system: redisAlways, job: waits},
				{system: jetStreamSynced, job: waits},
				{system: rawSync, job: waits},
				{system: grpcEchoCall, job: waits},
				{system: grpcEcho, job: waits},
			},
		},
		{
			name: "durable-wait-64", title: "64 publishers that wait, each with a connection of its own, and one",
			unit: answers, warm: 500 * time.Millisecond, length: 2 * time.Second,
			entries: []entry{
				{system: lingerFile, note: "64", job: wait64, goals: []goal{times(10, lingerFile.name+", 1"), beside(redisAlways.name + ", 64"), beside(jetStreamSynced.name + ", 64"), beside(grpcEchoCall.name + ", 64")}},
				{system: lingerFile, note: "1", job: waits},
				{system: lingerFileStream, note: "64", job: wait64, goals: []goal{times(10, lingerFileStream.name+", 1"), beside(redisAlways.name + ", 64"), beside(grpcEcho.name + ", 64")}},
				{system: lingerFileStream, note: "1", job: waits},
				{system: redisAlways, note: "64", job: wait64},
				{system: jetStreamSynced, note: "64", job: wait64},
				{system: grpcEchoCall, note: "64", job: wait64},
				{system: grpcEcho, note: "64", job: wait64},
			},
		},
	}
}

// core is what a broker does with memory alone.
func core() []workload {
	flow := func(publishers, readers, topics, size int) job {
		return job{Publishers: publishers, Readers: readers, Topics: topics, Size: size}
	}
	paced := func(rate float64) job { return job{Publishers: 1, Readers: 1, Topics: 1, Size: small, Rate: rate} }
	echo := job{Publishers: 1, Topics: 1, Size: small, Waiting: true, Rate: idle}
	acknowledged := flow(1, 1, 1, small)
	acknowledged.InFlight = inFlight
	burst := job{Publishers: 1, Readers: 1000, Topics: 1, Size: small, Rate: 20, Last: true}
	late := job{Publishers: 1, Readers: 1, Topics: 1, Size: small, InFlight: inFlight, Count: 1_000_000}
	return []workload{
		{
			name: "1-1", title: "1 publisher → 1 subscriber", unit: rate, warm: time.Second, length: 3 * time.Second,
			entries: []entry{
				{system: lingerMemory, job: flow(1, 1, 1, small), goals: []goal{
					times(2, natsCore.name), times(20, jetStreamMemory.name), beside(redisPubSub.name), beside(redisStreams.name), beside(mosquitto.name), beside(tcpCopy.name),
				}},
				{system: lingerFile, job: flow(1, 1, 1, small), goals: []goal{times(1, natsCore.name)}},
				{system: natsCore, job: flow(1, 1, 1, small)},
				{system: jetStreamMemory, job: acknowledged},
				{system: redisPubSub, job: acknowledged},
				{system: redisStreams, job: acknowledged},
				{system: mosquitto, job: flow(1, 1, 1, small)},
				{system: tcpCopy, job: flow(1, 1, 1, small)},
			},
		},
		{
			name: "1-100", title: "1 publisher → 100 subscribers, own connections, deliveries", unit: rate, warm: 2 * time.Second, length: 10 * time.Second,
			entries: []entry{
				{system: lingerMemory, job: flow(1, 100, 1, small), goals: []goal{times(4, natsCore.name)}},
				{system: natsCore, job: flow(1, 100, 1, small)},
			},
		},
		{
			name: "1-1000", title: "1 publisher → 1,000 subscribers, own connections, deliveries", unit: rate, warm: 3 * time.Second, length: 10 * time.Second,
			entries: []entry{
				{system: lingerMemory, job: flow(1, 1000, 1, small), goals: []goal{times(2, natsCore.name)}},
				{system: natsCore, job: flow(1, 1000, 1, small)},
			},
		},
		{
			name: "last-of-1000", title: "one message to 1,000 live readers, 20 a second: until the last has it", unit: median, warm: time.Second, length: 5 * time.Second,
			entries: []entry{
				{system: lingerMemory, job: burst, goals: []goal{times(1.5, natsCore.name)}},
				{system: natsCore, job: burst},
			},
		},
		{
			name: "100-100", title: "100 publishers → 100 subscribers on 100 topics", unit: rate, warm: 2 * time.Second, length: 4 * time.Second,
			entries: []entry{
				{system: lingerMemory, job: flow(100, 100, 100, small), goals: []goal{times(1.5, natsCore.name)}},
				{system: natsCore, job: flow(100, 100, 100, small)},
			},
		},
		{
			name: "16k-1-1", title: "16 KiB, 1 publisher → 1 subscriber", unit: rate, warm: time.Second, length: 3 * time.Second,
			entries: []entry{
				{system: lingerMemory, job: flow(1, 1, 1, large), goals: []goal{times(0.9, natsCore.name), beside(tcpCopy.name)}},
				{system: lingerBorrow, job: flow(1, 1, 1, large), goals: []goal{times(0.9, natsCore.name)}},
				{system: natsCore, job: flow(1, 1, 1, large)},
				{system: tcpCopy, job: flow(1, 1, 1, large)},
			},
		},
		{
			name: "16k-1-10", title: "16 KiB, 1 publisher → 10 subscribers, deliveries", unit: rate, warm: time.Second, length: 3 * time.Second,
			entries: []entry{
				{system: lingerMemory, job: flow(1, 10, 1, large), goals: []goal{times(1.2, natsCore.name)}},
				{system: lingerBorrow, job: flow(1, 10, 1, large), goals: []goal{times(1.2, natsCore.name)}},
				{system: natsCore, job: flow(1, 10, 1, large)},
			},
		},
		{
			name: "idle", title: "publish → delivery when idle, 200 messages a second", unit: median, warm: time.Second, length: 3 * time.Second,
			entries: []entry{
				{system: lingerMemory, job: paced(idle), goals: []goal{times(1.25, grpcEcho.name), beside(natsCore.name)}},
				{system: lingerFile, job: paced(idle), goals: []goal{{factor: 1, against: []term{{grpcEcho.name, 1.25}, {rawSync.name, 1.5}}}}},
				{system: natsCore, job: paced(idle)},
				{system: grpcEcho, job: echo},
				{system: rawSync, job: echo},
			},
		},
		{
			name: "100k", title: "publish → delivery at 100,000 messages a second", unit: tail99, warm: time.Second, length: 4 * time.Second,
			entries: []entry{
				{system: lingerMemory, job: paced(100_000), goals: []goal{times(1.5, natsCore.name)}},
				{system: natsCore, job: paced(100_000)},
			},
		},
		{
			name: "300k", title: "publish → delivery at 300,000 messages a second", unit: tail99, warm: time.Second, length: 4 * time.Second,
			entries: []entry{
				{system: lingerMemory, job: paced(300_000), goals: []goal{times(2.5, natsCore.name)}},
				{system: natsCore, job: paced(300_000)},
			},
		},
		{
			name: "replay", title: "a late subscriber is given 1,000,000 retained messages, and the live rate", unit: rate, warm: time.Second, length: 3 * time.Second,
			entries: []entry{
				{system: lingerMemory, note: "replay", job: late, goals: []goal{times(2, lingerMemory.name+", live"), beside(redisStreams.name + ", replay")}},
				{system: lingerBorrow, note: "replay", job: late, goals: []goal{times(2, lingerMemory.name+", live")}},
				{system: lingerMemory, note: "live", job: flow(1, 1, 1, small)},
				{system: redisStreams, note: "replay", job: late},
			},
		},
	}
}

// idle is how many messages a second leave everything idle between two.
const idle = 200
