package diff_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"fsrec/replayer/diff"
	"fsrec/watcher/event"
	"fsrec/watcher/live"
)

// session records the operations that a test carries out in a directory of its own.
type session struct {
	t   *testing.T
	n   *live.Inotify
	dir string
	all []event.Record
}

func newSession(t *testing.T) *session {
	t.Helper()
	s := &session{t: t, dir: filepath.Join(t.TempDir(), "w")}
	if err := os.Mkdir(s.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.n, err = live.NewInotify(live.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.n.Close() })
	if _, err := s.n.Add(event.WatchRequest{Path: s.dir, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *session) add(r event.Record) {
	r.Seq = uint64(len(s.all) + 1)
	if n := len(s.all); n > 0 {
		r.Time = max(r.Time, s.all[n-1].Time)
	}
	s.all = append(s.all, r)
}

// op carries out an operation and reads what it caused.
func (s *session) op(text string, do func() error) {
	s.t.Helper()
	s.add(event.Record{Kind: event.KindMark, Name: "op: " + text})
	if err := do(); err != nil {
		s.t.Fatal(err)
	}
	id, err := s.n.Barrier()
	if err != nil {
		s.t.Fatal(err)
	}
	var batch []event.Record
	for {
		if batch, err = s.n.Read(s.t.Context(), batch); err != nil {
			s.t.Fatal(err)
		}
		for _, r := range batch {
			if r.Kind == event.KindBarrier && r.N == id {
				return
			}
			if r.Kind != event.KindBarrier {
				s.add(r)
			}
		}
	}
}

// scene is what is recorded again and again: with threads that interleave, and
// directories whose contents are there before their watch is.
func scene(t *testing.T) diff.Input {
	s := newSession(t)
	p := func(name string) string { return filepath.Join(s.dir, name) }
	write := func(name string) error { return os.WriteFile(p(name), []byte("x"), 0o644) }
	s.op("mkdir -p", func() error { return os.MkdirAll(p("a/b/c"), 0o755) })
	s.op("a directory and files at once", func() error {
		return errors.Join(os.Mkdir(p("new"), 0o755), write("new/1"), write("new/2"), os.Mkdir(p("new/d"), 0o755), write("new/d/3"))
	})
	s.op("write", func() error { return write("a/b/c/f") })
	s.op("threads", func() error {
		var wait sync.WaitGroup
		for n := range 4 {
			wait.Go(func() {
				for i := range 20 {
					name := fmt.Sprintf("a/b/%d-%d", n, i)
					if err := errors.Join(write(name), os.Rename(p(name), p(name+"r")), os.Remove(p(name+"r"))); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		return nil
	})
	s.op("rename a directory", func() error { return os.Rename(p("a/b"), p("e")) })
	s.op("write below it", func() error { return write("e/c/g") })
	s.op("rm -r", func() error { return os.RemoveAll(p("e")) })
	h := event.Header{Platform: event.Linux, Backend: "inotify", Roots: event.Strings{s.dir}, Mask: event.IN_ALL_EVENTS}
	return diff.Input{Name: s.dir, Header: h, Reader: event.NewMemoryLog(h, s.all)}
}

// The same operations give the same recording, however busy the machine is.
func TestRecordedAgainUnderLoadItIsTheSame(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	for range 4 {
		load.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				_ = fmt.Sprint(n)
			}
		})
	}
	defer load.Wait()
	defer stop()
	first := scene(t)
	for range 10 {
		again := scene(t)
		if err := first.Reader.(*event.MemoryLog).Seek(1); err != nil {
			t.Fatal(err)
		}
		r, err := diff.Compare(t.Context(), first, again, diff.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Verdict != diff.Same {
			t.Errorf("%s:\n%s", r.Verdict, told(r))
		}
	}
}
