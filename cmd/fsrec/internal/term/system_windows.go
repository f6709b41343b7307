package term

import (
	"errors"
	"os"
	"syscall"
	"unsafe"

	"github.com/mattn/go-isatty"
)

var (
	kernel32                 = syscall.NewLazyDLL("kernel32.dll")
	setConsoleMode           = kernel32.NewProc("SetConsoleMode")
	getFinalPathNameByHandle = kernel32.NewProc("GetFinalPathNameByHandleW")
)

// enableVirtualTerminalProcessing is a mode of a console's output since Windows
// 10: without it a console shows ANSI sequences as they are.
const enableVirtualTerminalProcessing = 0x4

// sequences reports whether f, a terminal, carries out ANSI sequences, and makes
// a console do so.
func sequences(f *os.File) bool {
	if isatty.IsCygwinTerminal(f.Fd()) {
		return true
	}
	var mode uint32
	if syscall.GetConsoleMode(syscall.Handle(f.Fd()), &mode) != nil {
		return false
	}
	if mode&enableVirtualTerminalProcessing != 0 {
		return true
	}
	ok, _, _ := setConsoleMode.Call(f.Fd(), uintptr(mode|enableVirtualTerminalProcessing))
	return ok != 0
}

// Path is where the file or directory f is, as Windows names it in the end: with
// \\?\ before it, links and mapped drives resolved; "" if that cannot be known.
func Path(f *os.File) string {
	buf := make([]uint16, 300)
	for {
		n, _, _ := getFinalPathNameByHandle.Call(f.Fd(), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0)
		if n == 0 {
			return ""
		}
		if int(n) < len(buf) {
			return syscall.UTF16ToString(buf[:n])
		}
		buf = make([]uint16, n+1)
	}
}

// Gone reports whether err says that nobody reads what is written any more.
// Elsewhere a signal ends the program then.
func Gone(err error) bool {
	const noData = syscall.Errno(232) // ERROR_NO_DATA: the pipe is being closed
	return errors.Is(err, noData) || errors.Is(err, syscall.ERROR_BROKEN_PIPE)
}
