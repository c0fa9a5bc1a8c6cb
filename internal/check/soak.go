package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// soakMinutes is how long the long forms may take together: an hour, with what is built before each. SOAK_MINUTES says
// otherwise; each part has its share of that.
const soakMinutes = 50

// part is one of the long forms.
type part struct {
	name  string
	share int    // of soakMinutes
	pkg   string // of its tests
	run   string // which of these, as go test takes it
	whole bool   // counts no rounds: it takes as long as it takes, up to wholePart where its share is less
}

// wholePart is what a part that cannot end early has in any case.
const wholePart = 3 * time.Minute

// parts come one after the other: most of them use all of the machine.
var parts = []part{
	{"broker against its model", 2, "./broker", "^TestAgainstTheModel$", false},
	{"broker in lanes", 1, "./broker", "^TestAgainstTheModelInLanes$", false},
	{"broker without memory", 1, "./broker", "^TestAgainstTheModelWhenNothingFitsIntoMemory$", false},
	{"broker sealed", 1, "./broker", "^TestAgainstTheModelWhenSealed$", false},
	{"what every log promises", 3, "./broker/pebblelog", "^TestLog$", true},
	{"power lost", 7, "./broker/pebblelog", "^TestContract11PowerLoss$", false},
	{"log killed", 2, "./broker/pebblelog", "^TestContract11Kill$", false},
	{"log damaged, closed", 2, "./broker/pebblelog", "^TestContract11Damage$/^clean$", false},
	{"log damaged, crashed", 2, "./broker/pebblelog", "^TestContract11Damage$/^crashed$", false},
	{"server killed", 13, "./test/crash", "^TestContract11ServerKilled$", false},
	{"store damaged under a server", 3, "./test/crash", "^TestContract11ServerOnDamagedStore$", false},
	{"memory", 6, "./test/soak", ".", true},
	{"hostile payloads", 2, "./test/e2e", "^TestHostilePayloadsAreText$", false},
	{"pipes and pages under load", 3, "./test/e2e", "ThroughAPipe|PageUnderLoad|ExerciseClientsGetEveryLine", true},
}

// fuzzShare is that of the fuzz targets, each of which has an equal part of it.
const fuzzShare = 2

// soak runs the long forms, each within its share, whatever the others found. Tests that count rounds end with their share
// and tell how many they made; what does not end in time is a failure. only names parts by words of their names; none: all.
func soak(ctx context.Context, r *runner, only []string, getenv func(string) string) error {
	whole := time.Duration(soakMinutes) * time.Minute
	if minutes := getenv("SOAK_MINUTES"); minutes != "" {
		n, err := strconv.ParseFloat(minutes, 64)
		if err != nil || n <= 0 {
			return fmt.Errorf("SOAK_MINUTES=%s is not a number of minutes; write it like 50", minutes)
		}
		whole = time.Duration(n * float64(time.Minute))
	}
	of := func(share int) time.Duration { return whole * time.Duration(share) / soakMinutes }
	if err := setSoak(whole); err != nil {
		return err
	}
	wanted := func(name string) bool {
		return len(only) == 0 || slices.ContainsFunc(only, func(word string) bool { return strings.Contains(name, word) })
	}
	for _, p := range parts {
		if !wanted(p.name) || ctx.Err() != nil {
			continue
		}
		most := of(p.share)
		if p.whole {
			most = max(most, wholePart)
		}
		fmt.Fprintf(r.out, "      %s: at most %v\n", p.name, most.Round(time.Second))
		r.live(ctx, goTests(testRun{
			name: p.name, dir: ".", packages: []string{p.pkg}, told: []string{"to repeat: ", "soak: "},
			flags: []string{"-count=1", "-v", "-run=" + p.run, "-timeout=" + (most + soakGrace).String()},
		}))
	}
	if !wanted("fuzz") {
		return ctx.Err()
	}
	targets, err := fuzzTargets(ctx)
	if err != nil {
		return err
	}
	each := of(fuzzShare) / time.Duration(max(len(targets), 1))
	for _, t := range targets {
		if ctx.Err() != nil {
			break
		}
		r.live(ctx, fuzz(t, each))
	}
	return ctx.Err()
}

// soakGrace is what a part has for its last checks; see test/soak.
const soakGrace = time.Minute

// setSoak has the tests take their larger numbers, where that is a number: in a shorter time, smaller ones.
func setSoak(whole time.Duration) error {
	if err := os.Setenv("LINGER_SOAK", "1"); err != nil {
		return err
	}
	if whole >= soakMinutes*time.Minute || os.Getenv("SOAK_RETAIN") != "" {
		return nil
	}
	const leastRetained = 128 // MiB, twice the budget
	retained := max(leastRetained, int(2048*whole/(soakMinutes*time.Minute)))
	return os.Setenv("SOAK_RETAIN", strconv.Itoa(retained))
}

// target is a fuzz target and its package.
type target struct{ pkg, name string }

// fuzzTargets are those of the module.
func fuzzTargets(ctx context.Context) (all []target, err error) {
	var why bytes.Buffer
	list := exec.CommandContext(ctx, "go", "test", "-list=^Fuzz", "./...")
	list.Stderr = &why
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go test -list: %w\n%s", err, &why)
	}
	var names []string
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "Fuzz"):
			names = append(names, fields[0])
		case len(fields) > 1 && fields[0] == "ok": // comes behind what the package has
			for _, name := range names {
				all = append(all, target{fields[1], name})
			}
			names = nil
		}
	}
	return all, nil
}

// fuzz looks for inputs that a target does not bear. What it finds lands in testdata/fuzz beside the target.
func fuzz(t target, d time.Duration) stage {
	return stage{t.name, func(ctx context.Context, out io.Writer) (tally, error) {
		var said bytes.Buffer
		err := execute(ctx, &said, "go", "test", "-run=^$", "-fuzz=^"+t.name+"$", "-fuzztime="+d.Round(time.Second).String(), t.pkg)
		if err != nil {
			_, _ = said.WriteTo(out)
			return tally{failed: 1}, err
		}
		lines := slices.Collect(strings.Lines(said.String()))
		for _, line := range slices.Backward(lines) {
			if strings.HasPrefix(line, "fuzz: ") {
				fmt.Fprintf(out, "      %s", line)
				break
			}
		}
		return tally{passed: 1}, nil
	}}
}
