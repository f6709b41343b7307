//go:build !windows

package term

import (
	"os"
	"strconv"
)

// sequences reports whether f, a terminal, carries out ANSI sequences.
func sequences(*os.File) bool { return true }

// Path is where the file or directory f is, links resolved; "" if that cannot be
// known, as it is nowhere but on Linux.
func Path(f *os.File) string {
	path, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(f.Fd())))
	if err != nil {
		return ""
	}
	return path
}

// Gone reports whether err says that nobody reads what is written any more.
// Where it is asked for, a signal has ended the program already.
func Gone(error) bool { return false }
