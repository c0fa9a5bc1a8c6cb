// Package e2e tests the program as people use it: a server of its own process, a browser that finds what it presses by
// the names a screen reader would say, the command line with real input.
//
//	server_test.go    a server (test/process), and commands that talk to it
//	browser_test.go   the browser, and a tab that complains of whatever goes wrong in it
//	control_test.go   controls by role and accessible name, mouse and keys
//	page_test.go      what stands on the page with the form and the lists
//
// Tests that load the machine run alone; all others run beside each other, and judge by nothing that a busy machine can
// break: by order and counts, by the page's own clock, or by what is left of a delay when the machine's is taken off.
//
// LINGER_SOAK=1 takes larger numbers, LINGER_SCREENSHOTS=DIR makes the pictures, LINGER_BINARY=PATH tests a program that
// is built already.
package e2e
