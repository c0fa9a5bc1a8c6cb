// Package e2e tests the program as people use it: a server of its own process, a browser that finds what it presses by
// the names a screen reader would say, the command line with real input.
//
//	server_test.go    a server (test/process), and commands that talk to it
//	browser_test.go   the browser, and a tab that complains of whatever goes wrong in it
//	control_test.go   controls by role and accessible name, mouse and keys
//	page_test.go      what stands on the page with the form and the lists
//
// Tests that measure time run alone; those that mostly wait run beside each other.
//
// LINGER_SOAK=1 takes larger numbers, LINGER_SCREENSHOTS=DIR makes the pictures, LINGER_BINARY=PATH tests a program that
// is built already.
package e2e
