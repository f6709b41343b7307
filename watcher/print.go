package watcher

import (
	"io"
	"sync"
)

// PrintAllEvents writes every event as a line to w, in pyinotify's raw form,
// one Write a line. An overflow is logged instead, as in pyinotify. Names are not
// escaped: w should not be a terminal where they cannot be trusted.
func PrintAllEvents(w io.Writer) *ProcessEvent {
	var mu sync.Mutex
	var line []byte
	return &ProcessEvent{Default: func(ev *Event) error {
		mu.Lock()
		defer mu.Unlock()
		line = append(ev.AppendString(line[:0]), '\n')
		_, err := w.Write(line)
		return err
	}}
}
