//go:build !race

package server_test

const fewer = 1
