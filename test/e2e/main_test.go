package e2e

import (
	"os"
	"testing"

	"linger/test/process"
)

func TestMain(m *testing.M) { os.Exit(process.Run(m, closeBrowser)) }
