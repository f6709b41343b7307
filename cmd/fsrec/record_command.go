package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"fsrec/cmd/fsrec/internal/term"
	"fsrec/watcher/event"
)

// When a console of Windows is closed, or its user logs off, Windows ends each
// program in it after 5 s: SetConsoleCtrlHandler and HandlerRoutine. CMD may use
// closingCommand of that and the barrier at the end of the recording closingGrace.
const (
	closingCommand = 500 * time.Millisecond
	closingGrace   = 3 * time.Second
)

// runCommand runs CMD in the foreground and gives its exit status as a shell
// would: 128+N if signal N ended it. The reason is what ends the recording.
func (r *record) runCommand() (reason string, code int, err error) {
	cmd := exec.Command(r.command[0], r.command[1:]...)
	cmd.Path = r.program
	cmd.Err = nil // found, though perhaps in the current directory
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return "", 126, fmt.Errorf("cannot run %s: %w", event.Quote(r.command[0]), plain(err))
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	pass := passOn
	var closing <-chan time.Time
	if here == event.Windows {
		pass = func(_ *os.Process, s os.Signal) {
			if s != os.Interrupt && closing == nil {
				closing = time.After(closingCommand)
			}
		}
	}
	for {
		select {
		case s := <-r.signals:
			pass(cmd.Process, s)
		case <-closing:
			return "signal", exitTrouble, nil
		case err := <-exited:
			if cmd.ProcessState == nil {
				return "", 0, fmt.Errorf("cannot wait for %s: %w", event.Quote(r.command[0]), err)
			}
			return "child", exitCode(cmd.ProcessState), nil
		}
	}
}

func exitCode(state *os.ProcessState) int {
	if s, ok := state.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return 128 + int(s.Signal())
	}
	return state.ExitCode()
}

// passOn gives CMD a signal. What is typed at a terminal has reached CMD
// already, as a member of the same process group; on Windows every program of a
// console is told by the system.
func passOn(p *os.Process, s os.Signal) {
	if s != os.Interrupt || !term.Is(os.Stdin) {
		_ = p.Signal(s)
	}
}
