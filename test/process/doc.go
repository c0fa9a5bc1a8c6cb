// Package process runs the program as a process of its own, for tests that do to it what people and machines do.
//
//	program.go   builds it, once for all tests of a run
//	server.go    a server that can be stopped, killed and started again at the same addresses
//	output.go    what a process writes
//	wait.go      waiting for what should be there soon
//
// LINGER_BINARY=PATH tests a program that is built already.
package process
