package main

import (
	"strings"
	"testing"
)

// What go test -json wrote, shortened.
const (
	subtests = `
{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestA/one"}
{"Action":"output","Package":"p","Test":"TestA/one","Output":"=== RUN   TestA/one\n"}
{"Action":"output","Package":"p","Test":"TestA/one","Output":"    a_test.go:7: it is broken\n"}
{"Action":"run","Package":"p","Test":"TestA/two"}
{"Action":"fail","Package":"p","Test":"TestA/one","Elapsed":0}
{"Action":"pass","Package":"p","Test":"TestA/two","Elapsed":0}
{"Action":"fail","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"skip","Package":"p","Test":"TestB","Elapsed":0}
{"Action":"fail","Package":"p","Elapsed":0.1}`

	buildFailure = `
{"ImportPath":"p [p.test]","Action":"build-output","Output":"./a.go:3:1: undefined: x\n"}
{"ImportPath":"p [p.test]","Action":"build-fail"}
{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}
{"Action":"fail","Package":"p","Elapsed":0,"FailedBuild":"p [p.test]"}`

	allWell = `
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestA/one"}
{"Action":"output","Package":"p","Test":"TestA/one","Output":"    noise\n"}
{"Action":"pass","Package":"p","Test":"TestA/one","Elapsed":0}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"pass","Package":"p","Elapsed":0.1}
{"Action":"skip","Package":"without/tests","Elapsed":0}`
)

func TestLeavesAreCountedAndFailuresShown(t *testing.T) {
	for name, c := range map[string]struct {
		events string
		want   tally
		shows  string
	}{
		"subtests":      {subtests, tally{passed: 1, failed: 1, skipped: 1}, "it is broken"},
		"build failure": {buildFailure, tally{failed: 1}, "undefined: x"},
		"all well":      {allWell, tally{passed: 1}, "p 0.1s"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			counts, err := readEvents(strings.NewReader(c.events), &out, nil)
			if err != nil || counts != c.want {
				t.Errorf("counts = %+v, %v, want %+v", counts, err, c.want)
			}
			if !strings.Contains(out.String(), c.shows) {
				t.Errorf("%q is missing in\n%s", c.shows, out.String())
			}
			if strings.Contains(out.String(), "noise") {
				t.Errorf("output of a passed test is shown:\n%s", out.String())
			}
		})
	}
}

func TestLinesOfPassedTestsAreToldWhereAskedFor(t *testing.T) {
	var out strings.Builder
	if _, err := readEvents(strings.NewReader(`{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:7: soak: 7 of 9 rounds\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:8: noise\n"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"pass","Package":"p","Elapsed":0.1}`), &out, []string{"to repeat: ", "soak: "}); err != nil {
		t.Fatal(err)
	}
	if want := "      TestA: soak: 7 of 9 rounds\n      p 0.1s\n"; out.String() != want {
		t.Errorf("told %q, want %q", out.String(), want)
	}
}
