package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
)

// As much of Redis's protocol as pipelining needs, without an allocation a message: a general client would cost the
// load generator more than the server works.

// respBuffer is of each connection and direction; larger ones were no faster.
const respBuffer = 64 << 10

type respConn struct {
	net.Conn
	r *bufio.Reader
	w *bufio.Writer
}

func dialRESP(addr string) (*respConn, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &respConn{conn, bufio.NewReaderSize(conn, respBuffer), bufio.NewWriterSize(conn, respBuffer)}, nil
}

// command buffers a command. Errors of the connection show in Flush.
func (c *respConn) command(args ...[]byte) {
	c.head('*', len(args))
	for _, arg := range args {
		c.head('$', len(arg))
		_, _ = c.w.Write(arg) // sticky
		_, _ = c.w.WriteString("\r\n")
	}
}

func (c *respConn) head(kind byte, n int) {
	b := append(c.w.AvailableBuffer(), kind)
	b = strconv.AppendInt(b, int64(n), 10)
	_, _ = c.w.Write(append(b, '\r', '\n')) // sticky
}

// A respReader is told the parts of replies as they come: an integer, a string, the beginning of an array of n.
type respReader struct {
	integer func(int64)
	text    func([]byte)
	array   func(n int)
}

// reply reads one reply, with everything in it. Texts are valid until the function they are given to returns.
func (c *respConn) reply(to *respReader, scratch *[]byte) error {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return err
	}
	if len(line) < 3 {
		return fmt.Errorf("redis said %q", line)
	}
	kind, rest := line[0], line[1:len(line)-2]
	switch kind {
	case '+':
		to.text(rest)
		return nil
	case '-':
		return errors.New("redis: " + string(rest))
	}
	n, err := strconv.ParseInt(string(rest), 10, 64)
	if err != nil {
		return fmt.Errorf("redis said %q", line)
	}
	switch kind {
	case ':':
		to.integer(n)
	case '$':
		return c.text(int(n), to, scratch)
	case '*':
		to.array(max(int(n), 0))
		for range n {
			if err := c.reply(to, scratch); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("redis said %q", line)
	}
	return nil
}

// text reads a string of n bytes, in place where the buffer holds it.
func (c *respConn) text(n int, to *respReader, scratch *[]byte) error {
	if n < 0 {
		to.text(nil)
		return nil
	}
	if n+2 <= respBuffer {
		b, err := c.r.Peek(n + 2)
		if err != nil {
			return err
		}
		to.text(b[:n])
		_, err = c.r.Discard(n + 2)
		return err
	}
	if cap(*scratch) < n+2 {
		*scratch = make([]byte, n+2)
	}
	b := (*scratch)[:n+2]
	if _, err := io.ReadFull(c.r, b); err != nil {
		return err
	}
	to.text(b[:n])
	return nil
}
