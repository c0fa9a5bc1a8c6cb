package e2e

import (
	"testing"
	"time"

	"linger/client"
)

// The page Server shows what is so: numbers that follow, without script too, and what the log was told.
func TestServerPage(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.publish("orders", time.Hour, "a", "b")
	s.restart() // of which the log is told
	b := newPerson(t).open(s.URL("/"))
	b.find("link", "Server").click()
	b.at("/server")
	b.says("Published 2 ")
	b.says("Delivered 0 ")
	b.says("2 in 1 topic")
	b.says("file:")
	b.says("on disk, synced")
	b.says("HTTP/1.1: ")
	b.says(" of 6")
	b.says("Note recovered ")

	listening := s.Dial().Subscribe([]string{"orders"}, client.SubscribeOptions{})
	go func() {
		for range listening.Events(t.Context()) { // what comes does not matter
		}
	}()
	s.publish("orders", time.Hour, "c")
	b.says("Published 3 ")
	b.says("Delivered 3 ")
	b.says("1 subscribing")

	plain := newPerson(t).open(s.URL("/server"), withoutScript)
	plain.says("Published 3 ")
	plain.says("Note recovered ")
}
