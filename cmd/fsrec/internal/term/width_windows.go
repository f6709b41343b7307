package term

import (
	"os"
	"unsafe"
)

var getConsoleScreenBufferInfo = kernel32.NewProc("GetConsoleScreenBufferInfo")

// width is the number of columns of the console's window, 0 if f is none.
func width(f *os.File) int {
	// CONSOLE_SCREEN_BUFFER_INFO: size, cursor, attributes, window (left, top, right, bottom), largest window.
	var info struct {
		size, cursor [2]int16
		attributes   uint16
		window       [4]int16
		largest      [2]int16
	}
	if ok, _, _ := getConsoleScreenBufferInfo.Call(f.Fd(), uintptr(unsafe.Pointer(&info))); ok == 0 {
		return 0
	}
	return int(info.window[2]-info.window[0]) + 1
}
