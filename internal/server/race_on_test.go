//go:build race

package server_test

// fewer divides the numbers of load tests where the race detector makes everything ten times slower. test/e2e has the
// full numbers, against the program.
const fewer = 5
