package cli

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/pflag"
)

const versionHelp = `linger version

Prints the version, the commit it was built from, and the version of Go.
`

func newVersion(*pflag.FlagSet) func(context.Context, *app, []string) error {
	return func(_ context.Context, a *app, args []string) error {
		if len(args) > 0 {
			return usage("version takes no arguments")
		}
		_, err := fmt.Fprintf(a.Stdout, "linger %s (commit %s, %s)\n", a.Version, commit(), runtime.Version())
		return err
	}
}

// builtFrom is the commit, set by the linker (-X) where the build sees no repository, as in a container.
var builtFrom string

// commit is what the program was built from, as far as the build noted it.
func commit() string {
	if builtFrom != "" {
		return builtFrom
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, modified := "unknown", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = ", modified"
		}
	}
	return revision + modified
}
