package e2e

import (
	"os"
	"testing"

	"linger/test/process"
)

func TestMain(m *testing.M) { os.Exit(process.Run(m, closeBrowser)) }

// soak says that there is time for larger numbers.
var soak = os.Getenv("LINGER_SOAK") != ""
