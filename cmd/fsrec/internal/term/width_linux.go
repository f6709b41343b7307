package term

import (
	"os"
	"syscall"
	"unsafe"
)

// width is the number of columns of the terminal f, 0 if it does not tell.
func width(f *os.File) int {
	var size struct{ rows, columns, x, y uint16 }
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size))); errno != 0 {
		return 0
	}
	return int(size.columns)
}
