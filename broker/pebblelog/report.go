package pebblelog

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Problem is something that is wrong with a store.
type Problem struct {
	File        string // "" where it is not in one
	Topic       string // name, or id where the name is lost; "" where it concerns none
	First, Last uint64 // sequences of the messages in question; 0: none, or not known which
	Detail      string
}

func (p Problem) String() string {
	s := p.Detail
	switch {
	case p.Topic != "" && p.First == p.Last && p.First != 0:
		s = fmt.Sprintf("topic %s #%d: %s", p.Topic, p.First, s)
	case p.Topic != "" && p.First != 0:
		s = fmt.Sprintf("topic %s #%d to #%d: %s", p.Topic, p.First, p.Last, s)
	case p.Topic != "":
		s = "topic " + p.Topic + ": " + s
	}
	if p.File != "" {
		s = p.File + ": " + s
	}
	return s
}

// Report is what a look at a store found.
type Report struct {
	Clean          bool   // it was closed
	Copied         bool   // it is a copy that was not opened yet
	Store          string // its id; "" where that is lost
	Topics         int
	Runs, Messages uint64 // that are readable, dead ones included
	Bytes          int64
	Problems       []Problem
}

func (r *Report) add(file, topic, format string, args ...any) {
	r.Problems = append(r.Problems, Problem{File: file, Topic: topic, Detail: fmt.Sprintf(format, args...)})
}

// addSequences adds a problem of messages.
func (r *Report) addSequences(topic string, first, last uint64, format string, args ...any) {
	r.Problems = append(r.Problems, Problem{Topic: topic, First: first, Last: last, Detail: fmt.Sprintf(format, args...)})
}

// addRun adds a problem of a run's messages.
func (r *Report) addRun(topic string, s *storedRun, format string, args ...any) {
	r.addSequences(topic, s.first, s.first+uint64(s.count)-1, format, args...)
}

// damage adds what an error tells. What a table's own check has told already, it does not tell again.
func (r *Report) damage(err error) {
	err = corruption(err)
	file := fileOf(err)
	if file != "" && strings.HasSuffix(file, ".sst") && slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.File == file }) {
		return
	}
	r.add(file, "", "%s", oneLine(err))
}

// oneLine is an error without what Pebble repeats of it on further lines, and without the file, which is told beside it.
func oneLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	if _, rest, ok := strings.Cut(line, "crc32c checksum mismatch "); ok && rest != "" {
		_, block, _ := strings.Cut(line, "block ")
		block, _, _ = strings.Cut(block, ":")
		offset, length, _ := strings.Cut(block, "/")
		return fmt.Sprintf("%s bytes from %s on: %v", length, offset, errSum)
	}
	return line
}

func fenceProblem(err error) string {
	var damage *CorruptionError
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "the file is missing, though there is a store"
	case errors.As(err, &damage):
		return damage.Err.Error()
	}
	return err.Error()
}

// arrange sorts the problems by file and topic and tells each once.
func (r *Report) arrange() {
	slices.SortStableFunc(r.Problems, func(x, y Problem) int {
		return cmp.Or(-cmp.Compare(x.File, y.File), cmp.Compare(x.Topic, y.Topic), cmp.Compare(x.First, y.First))
	})
	r.Problems = slices.Compact(r.Problems)
}
