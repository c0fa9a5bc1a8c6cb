package main

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the process die with this one, whatever this one dies of. It gets a group of its own: Ctrl-C reaches
// this program alone, which then ends the others in order.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
