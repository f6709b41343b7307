//go:build !linux

package live

import (
	"context"
	"fmt"
	"runtime"

	"fsrec/watcher/event"
)

// Inotify is the inotify of Linux. On this platform there is none: New fails.
type Inotify struct{}

var _ event.Backend = (*Inotify)(nil)

func unsupported() error { return fmt.Errorf("inotify on %s: %w", runtime.GOOS, event.ErrUnsupported) }

// New fails with an error that wraps event.ErrUnsupported.
func New(Options) (*Inotify, error) { return nil, unsupported() }

// Read fails.
func (*Inotify) Read(context.Context, []event.Record) ([]event.Record, error) {
	return nil, unsupported()
}

// Ready fails.
func (*Inotify) Ready(context.Context) (int, error) { return 0, unsupported() }

// Add fails.
func (*Inotify) Add(event.WatchRequest) ([]event.WatchResult, error) { return nil, unsupported() }

// Update fails.
func (*Inotify) Update(int32, event.Mask) error { return unsupported() }

// Remove fails.
func (*Inotify) Remove(int32) error { return unsupported() }

// Barrier fails.
func (*Inotify) Barrier() (int64, error) { return 0, unsupported() }

// Header is empty.
func (*Inotify) Header() event.Header { return event.Header{} }

// Close does nothing.
func (*Inotify) Close() error { return nil }
