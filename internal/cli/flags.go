package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// wrongFlags gathers what is wrong with the values of flags, so that all of it is told at once and not each on another try.
type wrongFlags struct {
	problems []error
	names    []string
}

// collect makes values that cannot be parsed go to w instead of ending the parsing.
func (w *wrongFlags) collect(flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		f.Value = &collected{Value: f.Value, name: f.Name, source: "--" + f.Name, wrong: w}
	})
}

// has says whether one of the flags has a value that could not be parsed; then it stands at none that was asked for.
func (w *wrongFlags) has(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(w.names, name) })
}

// err is everything that is wrong, a line each. nil: nothing.
func (w *wrongFlags) err() error {
	if len(w.problems) == 0 {
		return nil
	}
	return &usageError{errors.Join(w.problems...)}
}

// collected is the value of a flag whose setting never fails.
type collected struct {
	pflag.Value
	name   string
	source string // where the value comes from: the flag, or a variable
	wrong  *wrongFlags
}

// Set sets the value or notes why it cannot.
func (c *collected) Set(s string) error {
	if err := c.Value.Set(s); err != nil {
		c.wrong.names = append(c.wrong.names, c.name)
		c.wrong.problems = append(c.wrong.problems, fmt.Errorf("%s: %w", c.source, cause(err)))
	}
	return nil
}

// readVariables sets the flags that were not given from LINGER_*. A list is comma-separated there.
func readVariables(flags *pflag.FlagSet, getenv func(string) string) {
	flags.VisitAll(func(f *pflag.Flag) {
		name := "LINGER_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		text := getenv(name)
		if f.Changed || text == "" {
			return
		}
		values, value := []string{text}, f.Value.(*collected)
		if _, ok := value.Value.(pflag.SliceValue); ok {
			values = strings.Split(text, ",")
		}
		value.source = "the variable " + name
		for _, v := range values {
			_ = flags.Set(f.Name, v) // a collected value takes everything
		}
	})
}

// flagError says what is wrong with the flags themselves and where to read about them.
func flagError(command string, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		return usage("%w (an argument that begins with - comes after --); see linger %s --help", err, command)
	}
	return usage("%w; see linger %s --help", err, command)
}

// cause is what a flag's own parser said, in words for people.
func cause(err error) error {
	var number *strconv.NumError
	switch {
	case !errors.As(err, &number):
		return err
	case number.Func == "ParseBool":
		return wrongValue("%q is neither true nor false", number.Num)
	}
	return wrongValue("%q is not a count; write it like 100", number.Num)
}

// valueError is what the parsers of this package return: a sentence for people.
type valueError struct{ text string }

func (e *valueError) Error() string { return e.text }

func wrongValue(format string, args ...any) error {
	return &valueError{fmt.Sprintf(format, args...)}
}
