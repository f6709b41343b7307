//go:build linux || windows

package live

import (
	"fmt"
	"syscall"
)

// minBuffer holds the longest event of either kernel with room to spare, in bytes.
const minBuffer = 4096

// setBuffer makes usual the size of one read if none is asked for.
func (o *Options) setBuffer(usual int) error {
	if o.Buffer == 0 {
		o.Buffer = usual
	}
	if o.Buffer < minBuffer {
		return fmt.Errorf("cannot read events with a buffer of %d bytes: want at least %d: %w", o.Buffer, minBuffer, syscall.EINVAL)
	}
	return nil
}
