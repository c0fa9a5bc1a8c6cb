// Package logtest is what every [broker.Log] has to pass, and a log that is as awkward as a log may be. It is for tests
// only.
package logtest
