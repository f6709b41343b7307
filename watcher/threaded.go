package watcher

import (
	"context"
	"sync"
)

// ThreadedNotifier is a Notifier that runs in a goroutine of its own.
type ThreadedNotifier struct {
	*Notifier

	mu      sync.Mutex
	started bool
	done    chan struct{}
}

// NewThreadedNotifier gives a Notifier that does nothing until Start. See
// [NewNotifier]. The functions that do the reading, such as Run and
// ReadEvents, are not for its user.
func NewThreadedNotifier(wm *WatchManager, h Handler, opts ...NotifierOption) *ThreadedNotifier {
	return &ThreadedNotifier{Notifier: NewNotifier(wm, h, opts...), done: make(chan struct{})}
}

// Start begins to read and process events. The error is ErrStarted the second
// time and ErrClosed after Stop.
func (t *ThreadedNotifier) Start() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped.Err() != nil {
		return ErrClosed
	}
	if t.started {
		return ErrStarted
	}
	t.started = true
	go func() {
		defer close(t.done)
		_ = t.run(context.Background(), nil) // kept for Err
	}()
	return nil
}

// Done is closed when the goroutine has ended: after Stop, the last event of a
// recording or a failure. Err says which.
func (t *ThreadedNotifier) Done() <-chan struct{} { return t.done }

// Wait waits until the goroutine has ended and gives its error. It does not end
// as long as neither Start nor Stop was called.
func (t *ThreadedNotifier) Wait() error {
	<-t.done
	return t.Err()
}

// Stop is [Notifier.Stop] and waits until the goroutine has ended. In a handler
// it does not wait.
func (t *ThreadedNotifier) Stop() {
	t.mu.Lock()
	t.stop() // no Start from here on
	if !t.started {
		t.started = true // it never will: who waits need not
		close(t.done)
	}
	t.mu.Unlock()
	t.Notifier.Stop()
	if !inHandler() {
		<-t.done
	}
}
