package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"fsrec/cmd/fsrec/internal/term"
)

// runCommand runs CMD in the foreground and gives its exit status as a shell
// would: 128+N if signal N ended it.
func (r *record) runCommand() (code int, err error) {
	cmd := exec.Command(r.command[0], r.command[1:]...)
	cmd.Path = r.program
	cmd.Err = nil // found, though perhaps in the current directory
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 126, fmt.Errorf("cannot run %q: %w", r.command[0], plain(err))
	}
	exited := make(chan struct{})
	go forward(cmd.Process, r.signals, exited)
	err = cmd.Wait()
	close(exited)
	if cmd.ProcessState == nil {
		return 0, fmt.Errorf("cannot wait for %q: %w", r.command[0], err)
	}
	if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return 128 + int(s.Signal()), nil
	}
	return cmd.ProcessState.ExitCode(), nil
}

// forward passes signals on to CMD. What is typed at a terminal has reached CMD
// already, as a member of the same process group.
func forward(p *os.Process, signals <-chan os.Signal, exited <-chan struct{}) {
	typed := term.Is(os.Stdin)
	for {
		select {
		case s := <-signals:
			if !typed || s != os.Interrupt {
				_ = p.Signal(s)
			}
		case <-exited:
			return
		}
	}
}
