package main

import (
	"context"
	"errors"
	"time"
)

// ttl is the lifetime that every message asks for, where a system has such a thing.
const ttl = time.Minute

// A system is a broker, or a floor below all of them, with the settings that serve it best.
type system struct {
	name string
	// settings says what is not the default, for the report.
	settings string
	// serve starts the server and returns its address.
	serve func(*site) (string, error)
	// prepare makes the topics, where that is not done by using them. May be nil.
	prepare func(ctx context.Context, addr string, topics []string) error
	// dial opens a connection, in the process that makes the load.
	dial func(addr string) (driver, error)
	// retains says that a late subscriber finds what was published before.
	retains bool
}

// A driver is one connection of a system's client.
type driver interface {
	// publisher publishes to topic. What it is told of failures it returns from its next call.
	publisher(topic string) (publisher, error)
	// waiter publishes one message at a time and returns when it was answered.
	waiter(topic string) (waiter, error)
	// subscribe calls ready once it is in place, then each with every message, whose bytes it may use until it
	// returns, until ctx ends (nil) or something fails. What is retained comes first.
	subscribe(ctx context.Context, topic string, ready func(), each func([]byte) error) error
	close() error
}

type publisher interface {
	// publish hands a message over; data may be changed afterwards.
	publish(data []byte) error
	// flush sends what was only buffered.
	flush() error
	// unanswered is how many messages were handed over and not acknowledged. A system that acknowledges nothing
	// returns 0.
	unanswered() int
	// close waits until everything was answered.
	close() error
}

// A waiter returns when the server has answered: with an acknowledgement, or with an echo.
type waiter func(data []byte) error

// errCannot is what a driver says to what its system does not do.
var errCannot = errors.New("the system cannot do this")

// systems are all that there are; processes of one run name them to each other.
var systems = map[string]*system{}

// register makes a system known.
func register(s *system) *system {
	systems[s.name] = s
	return s
}
