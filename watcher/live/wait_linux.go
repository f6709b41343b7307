package live

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"

	"fsrec/watcher/event"
)

// waker makes a poll(2) return. Waiting stays out of the runtime's own poller:
// that is edge-triggered and would wake a thread for every event that is
// queued while nobody wants to read yet.
type waker struct {
	mu sync.Mutex // so that nothing is written to a descriptor that was closed
	fd int        // of an eventfd, -1 once it is closed
}

func (w *waker) open() (err error) {
	if w.fd, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return descriptorError("an eventfd", err)
	}
	return nil
}

func (w *waker) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fd >= 0 {
		_, _ = unix.Write(w.fd, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // EAGAIN says that a wake-up is waiting already
	}
}

func (w *waker) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	fd := w.fd
	w.fd = -1
	return unix.Close(fd)
}

// await waits for the descriptor until ready, which is called with the lock
// held, reports true. It may return nil early, so that the caller looks again
// at what wake was called for.
func (n *Inotify) await(ctx context.Context, ready func() bool) error {
	select {
	case n.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-n.done:
		return event.ErrClosed
	}
	defer func() { <-n.turn }()
	if ctx.Done() != nil {
		stop := context.AfterFunc(ctx, n.wake)
		defer stop()
	}
	for {
		n.mu.Lock()
		closed := n.closed
		is := !closed && ready()
		fds := [...]unix.PollFd{{Fd: int32(n.fd), Events: unix.POLLIN}, {Fd: int32(n.waker.fd), Events: unix.POLLIN}}
		n.mu.Unlock()
		switch {
		case closed:
			return event.ErrClosed
		case is:
			return nil
		}
		// Close waits for the turn before it closes them.
		if _, err := unix.Poll(fds[:], -1); err != nil && err != unix.EINTR {
			return fmt.Errorf("cannot wait for inotify: %w", err)
		}
		if fds[1].Revents != 0 {
			var count [8]byte
			_, _ = unix.Read(int(fds[1].Fd), count[:]) // what wake was called for was true before it was called
			return nil
		}
	}
}

// takable reports whether Read has something to take or to do before it asks the kernel.
func (n *Inotify) takable() bool {
	return len(n.out) > 0 || len(n.stream.pending) > 0 || n.unsettled || n.failed != nil
}

// unlock ends a call that is not Read. What it took from the queue or left to do
// no event will tell a call that waits, and no event will pass a barrier that was met.
func (n *Inotify) unlock() {
	if !n.closed && len(n.barriers.set) > 0 && len(n.stream.pending) == 0 && !n.unsettled {
		n.now = max(n.now, n.clock())
		n.passBarriers()
	}
	if n.takable() {
		n.wake()
	}
	n.mu.Unlock()
}

// wake makes a call that waits look again at what it waits for.
func (n *Inotify) wake() { n.waker.wake() }
