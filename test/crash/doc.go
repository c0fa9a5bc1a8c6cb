// Package crash tests what Linger promises when something breaks: the process is killed, the disk is full, fails or is
// slow, clocks are set, files are damaged. Everything here is done to a server of its own process, over its own API.
//
//	main_test.go        seeds
//	server_test.go      a server that can be killed (test/process)
//	kill_test.go        kills it again and again over one directory, while the following go on:
//	  publisher_test.go   publishers that number their requests and reconnect
//	  changer_test.go     changes of deadlines and policies, deletions of messages and topics
//	  subscriber_test.go  subscriptions that resume
//	oracle_test.go      what all of these were told, and what follows from it
//	judge_test.go       compares that with what the server has
//	faulty_test.go      a server on a machine that fails when it is told:
//	  broken_test.go      its disk fails, or is slow
//	  clock_test.go       its clocks are set, and it sleeps
//	full_test.go        a disk that is full
//	damage_test.go      a directory of which a file is damaged
//
// LINGER_SOAK=1 takes larger numbers. Each test that draws lots prints its seed; -seed=N draws the same again.
// LINGER_BINARY=PATH tests a program that is built already.
package crash
