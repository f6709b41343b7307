//go:build !linux

package store

import "testing"

func TestFullDiskSaysWhatIsSafe(t *testing.T) {
	t.Skip("a disk that is full, and a limit of file sizes, are made by system calls of Linux")
}
