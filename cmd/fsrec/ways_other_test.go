//go:build !windows

package main

import (
	"os"
	"syscall"
)

// ways are the signals that end fsrec.
var ways = []way{signaled(syscall.SIGINT), signaled(syscall.SIGTERM), signaled(syscall.SIGHUP)}

func signaled(sig syscall.Signal) way {
	return way{sig.String(), func(p *os.Process) error { return p.Signal(sig) }}
}

func underWine() bool { return false }
