package soak

import (
	"os"
	"testing"

	"linger/test/process"
)

func TestMain(m *testing.M) { os.Exit(process.Run(m)) }
