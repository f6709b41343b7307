// Command fsrec records what the kernel says about a file system and gives it
// back. fsrec --help lists its verbs.
package main

import (
	"errors"
	"fmt"
	"os"

	"fsrec/cmd/fsrec/internal/term"
)

// Exit codes. A recorded command's own status takes their place: see exitStatus.
const (
	exitDone    = 0
	exitDiffers = 1 // something that was run or compared failed
	exitTrouble = 2
)

func main() { os.Exit(run(os.Args)) }

// run carries out a command line and gives the exit code. This is the only
// place where errors become codes and messages.
func run(args []string) int {
	app := newApp()
	args, err := arrange(app, args)
	if err == nil {
		err = app.Run(args)
	}
	var status exitStatus
	switch {
	case err == nil:
		return exitDone
	case term.Gone(err):
		return exitTrouble
	case errors.As(err, &status):
		if status.err != nil {
			complain(status.err)
		}
		return status.code
	}
	complain(err)
	return exitTrouble
}

func complain(err error) {
	fmt.Fprintln(os.Stderr, term.Line("fsrec: "+err.Error()))
}

// exitStatus ends fsrec with a code, and a message if there is an err.
type exitStatus struct {
	code int
	err  error
}

func (e exitStatus) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.err.Error()
}

func (e exitStatus) Unwrap() error { return e.err }
