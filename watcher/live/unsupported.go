//go:build !linux

package live

import (
	"fmt"
	"runtime"

	"fsrec/watcher/event"
)

func newBackend(Options) (Backend, error) {
	return nil, fmt.Errorf("watching on %s: %w", runtime.GOOS, event.ErrUnsupported)
}
