package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"linger/client"
)

// Exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// Env is the world that a command runs in.
type Env struct {
	// Version is the program's.
	Version string
	// Stdin, Stdout and Stderr are what the command reads and writes. Only an *os.File can be a terminal.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Getenv looks up a variable.
	Getenv func(string) string
	// Machine is what a server stands on.
	Machine Machine
}

// command is one of the commands. run gets the arguments that are not flags.
type command struct {
	name string
	help string
	make func(*pflag.FlagSet) func(context.Context, *app, []string) error
}

func commands() []command {
	return []command{
		{"serve", serveHelp, newServe},
		{"pub", pubHelp, newPub},
		{"sub", subHelp, newSub},
		{"topics", topicsHelp, newTopics},
		{"topic", topicHelp, newTopic},
		{"messages", messagesHelp, newMessages},
		{"extend", extendHelp, newExtend},
		{"expire", expireHelp, newExpire},
		{"console", consoleHelp, newConsole},
		{"bench", benchHelp, newBench},
		{"export", exportHelp, newExport},
		{"import", importHelp, newImport},
		{"backup", backupHelp, newBackup},
		{"verify", verifyHelp, newVerify},
		{"health", healthHelp, newHealth},
		{"version", versionHelp, newVersion},
	}
}

// onThisMachine are the commands that talk to no server.
var onThisMachine = []string{"serve", "verify", "version"}

// app is a command under way.
type app struct {
	Env
	server string         // address, for commands that talk to one
	client *client.Client // from dial; closed when the command has ended
	wrong  wrongFlags     // what is wrong with the flags' values
}

// Run runs the command that args name and returns the exit status. It ends early, in order, when ctx does.
func Run(ctx context.Context, args []string, env Env) int {
	a := &app{Env: env}
	if d := newDisplay(env.Stderr); d != nil {
		a.Stderr = d
	}
	err := a.run(ctx, args)
	if a.client != nil {
		_ = a.client.Close() // only ever refuses a second closing
	}
	switch {
	case err == nil, errors.Is(err, syscall.EPIPE): // nobody reads on: that is how `| head` ends
		return exitDone
	case errors.Is(err, errReported):
		return exitFailed
	}
	a.complain(err)
	var wrong *usageError
	if errors.As(err, &wrong) {
		return exitUsage
	}
	return exitFailed
}

func (a *app) run(ctx context.Context, args []string) error {
	name := "serve"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	} else if len(args) > 0 {
		switch args[0] {
		case "-h", "--help":
			name = "help"
		case "--version":
			name, args = "version", args[1:]
		}
	}
	if name == "help" {
		return a.help(args)
	}
	cmd, err := findCommand(name)
	if err != nil {
		return err
	}
	flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
	flags.Usage = func() {}
	flags.SetOutput(io.Discard)
	if !slices.Contains(onThisMachine, name) {
		flags.StringVar(&a.server, "server", client.DefaultAddress, "")
	}
	run := cmd.make(flags)
	a.wrong.collect(flags)
	if err := flags.Parse(args); errors.Is(err, pflag.ErrHelp) {
		_, err = io.WriteString(a.Stdout, cmd.help)
		return err
	} else if err != nil {
		return flagError(name, err)
	}
	readVariables(flags, a.Getenv)
	if name != "serve" { // which tells them with what else is wrong with its configuration
		if err := a.wrong.err(); err != nil {
			return err
		}
	}
	return run(ctx, a, flags.Args())
}

func findCommand(name string) (command, error) {
	var names []string
	for _, c := range commands() {
		if c.name == name {
			return c, nil
		}
		names = append(names, c.name)
	}
	return command{}, usage("there is no command %q; there are %s", name, strings.Join(names, ", "))
}

// help shows the help of the program, or of the command named.
func (a *app) help(args []string) error {
	text := generalHelp
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		cmd, err := findCommand(args[0])
		if err != nil {
			return err
		}
		text = cmd.help
	}
	_, err := io.WriteString(a.Stdout, text)
	return err
}

// dial prepares the command's connection to the server.
func (a *app) dial() (*client.Client, error) {
	c, err := client.Dial(a.server, client.Options{UserAgent: "linger/" + a.Version})
	if err != nil {
		return nil, &usageError{err}
	}
	a.client = c
	return c, nil
}

// complain writes an error to standard error: a line, or one for each problem that was found.
func (a *app) complain(err error) {
	for line := range strings.Lines(err.Error()) {
		a.note("%s", strings.TrimSuffix(line, "\n"))
	}
}

// note writes one line to standard error. What it repeats of arguments and answers is made readable.
func (a *app) note(format string, args ...any) {
	fmt.Fprintf(a.Stderr, "linger: %s\n", readable(fmt.Appendf(nil, format, args...)))
}

// usageError is a command used wrongly.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// errReported ends a command that failed and has said why.
var errReported = errors.New("failed, reported")

// Default returns the world of the process itself.
func Default(version string) Env {
	return Env{Version: version, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv}
}
