// Package soak has what the long forms of tests have in common, those that `make soak` runs. Its own tests have a server of
// its own process keep more than fits into its memory, and look at what it takes of the machine's.
//
//	rounds.go              how many rounds a test has in either form, and time for
//	server_linux_test.go   a server (test/process), and what Linux says of its memory
//	memory_linux_test.go   publish, restart, replay, list: never more than the budget and a fixed amount
//
// LINGER_SOAK=1 takes 2 GiB at a budget of 64 MiB. SOAK_BUDGET and SOAK_RETAIN in MiB, SOAK_SIZE in bytes and SOAK_BATCH
// in messages set anything else, to find figures:
//
//	LINGER_SOAK=1 SOAK_SIZE=128 SOAK_BATCH=1 go test -run Memory -v -timeout 1h ./test/soak
package soak
