package web

import "strconv"

// Recovering is what there is to see while the server reads its store.
type Recovering struct {
	Page
	// Percent is how much has been read.
	Percent int
	// Known says that Percent is known: not before the store has been opened.
	Known bool
}

func percent(n int) string { return strconv.Itoa(n) }
