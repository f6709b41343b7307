package live

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"fsrec/watcher/event"
)

// unsettled is a session with a new directory of so many names that one call of
// Read does not get to the directory below it.
func unsettled(t *testing.T) *session {
	t.Helper()
	root, outside := t.TempDir(), t.TempDir()
	mkdirs(t, outside+"/d/sub")
	ok(t, write(outside+"/d/file"))
	for i := range settleRecords {
		ok(t, os.Link(outside+"/d/file", fmt.Sprintf("%s/d/%d", outside, i)))
	}
	s := open(t, Options{})
	s.add(event.WatchRequest{Path: root, Mask: event.IN_CREATE, AutoAdd: true})
	s.sync()
	ok(t, os.Rename(outside+"/d", root+"/d"))
	_, err := s.Read(t.Context(), nil)
	ok(t, err)
	if !s.unsettled || s.queued() > 0 {
		t.Fatalf("unsettled %v, %d bytes queued", s.unsettled, s.queued())
	}
	return s
}

func TestReadyKnowsOfPlacementsThatAreLeftToDo(t *testing.T) {
	s := unsettled(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if n, err := s.Ready(ctx); n < 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func TestABarrierPassesWhenAddDoesThePlacementsThatItWaitsFor(t *testing.T) {
	s := unsettled(t)
	id, err := s.Barrier()
	ok(t, err)
	s.add(event.WatchRequest{Path: t.TempDir(), Mask: event.IN_CREATE})
	s.readTo(id)
}

func TestABlockedReadGetsWhatAnotherCallTookFromTheQueue(t *testing.T) {
	for name, call := range map[string]func(*session){
		"Update": func(s *session) {
			if err := s.Update(1<<30, event.IN_CREATE); !errors.Is(err, event.ErrUnknownWatch) {
				s.t.Error(err)
			}
		},
		"Ready": func(s *session) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			defer cancel()
			_, _ = s.Ready(ctx)
		},
		"Add": func(s *session) {
			_, _ = s.Add(event.WatchRequest{Path: "/", Mask: event.IN_CREATE, Exclude: func(string) bool { return true }})
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			s := open(t, Options{Drop: func(string) bool { return false }, Pause: -1})
			s.add(event.WatchRequest{Path: root, Mask: event.IN_CREATE})
			s.sync()
			for i := range 200 {
				got := make(chan error)
				go func() {
					ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
					defer cancel()
					_, err := s.Read(ctx, nil)
					got <- err
				}()
				for i%2 == 0 && len(s.turn) == 0 {
					runtime.Gosched() // until Read waits
				}
				ok(t, os.Mkdir(fmt.Sprintf("%s/%d", root, i), 0o755))
				call(s)
				if err := <-got; err != nil {
					t.Fatalf("round %d: %v", i, err)
				}
			}
		})
	}
}

func TestARenameThatIsHalfToldDoesNotEndTheWatchesBelowIt(t *testing.T) {
	root := t.TempDir()
	mkdirs(t, root+"/a/b")
	s := open(t, Options{Pause: -1})
	s.add(event.WatchRequest{Path: root, Mask: event.IN_MOVE})
	s.add(event.WatchRequest{Path: root + "/a/b", Mask: event.IN_CREATE})
	s.sync()
	done := make(chan error, 1)
	go func() {
		for range 4000 { // fewer events than the kernel's queue holds
			if err := errors.Join(os.Rename(root+"/a", root+"/c"), os.Rename(root+"/c", root+"/a")); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		records, err := s.Read(ctx, nil)
		cancel()
		for i := range records {
			if records[i].Kind == event.KindUnwatch || records[i].Kind == event.KindMove && records[i].Path == "" {
				t.Fatal(text(records[max(0, i-6):min(i+6, len(records))]))
			}
		}
		if err != nil {
			select {
			case err := <-done:
				ok(t, err)
				return
			default:
			}
		}
	}
}

func TestACheckAfterALossDoesNotEndWhatTheQueueTellsOf(t *testing.T) {
	root := t.TempDir()
	mkdirs(t, root+"/a")
	limit, err := QueuedEvents.Get()
	ok(t, err)
	told := int64(0)
	s := open(t, Options{Pause: -1, Buffer: 64 * int(limit), Drop: func(path string) bool {
		// The queue is empty again when its last event is processed: this rename is told.
		if told++; told == limit {
			ok(t, os.Rename(root+"/a", root+"/b"))
		}
		return path == root+"/f"
	}})
	s.add(event.WatchRequest{Path: root, Mask: event.IN_CREATE | event.IN_DELETE | event.IN_MOVE, Recursive: true})
	s.sync()
	for range limit/2 + 1 {
		ok(t, write(root+"/f"), os.Remove(root+"/f"))
	}
	records := s.settled()
	for i := range records {
		if r := &records[i]; r.Kind == event.KindUnwatch || r.Kind == event.KindMove && r.Path == "" {
			t.Error(text(records[i : i+1]))
		}
	}
	if told < limit || s.table.At(root+"/b") == nil {
		t.Errorf("after %d of %d events:\n%s", told, limit, text(records))
	}
}

// placedWhile places the watch of root/d as settle does, while something happens before the directory is listed.
func (s *session) placedWhile(root string, meanwhile func()) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	l, known := s.aim(&item{parent: s.underTest.table.At(root).WD, name: "d"})
	if !known {
		s.t.Fatal("the directory has no watch")
	}
	s.watch(&l)
	meanwhile()
	l.list(&s.listers[0])
	added, _ := s.drain()
	scan(added, map[int32]*landing{l.wd: &l}, make(map[todoKey]bool))
	s.landed(&l)
}

func TestWhatWasThereBeforeTheWatchIsNotTakenForWhatHasItsNameNow(t *testing.T) {
	for name, c := range map[string]struct{ was, is func(path string) error }{
		"a file, then a directory": {write, func(path string) error { return os.Mkdir(path, 0o755) }},
		"a directory, then a file": {func(path string) error { return os.Mkdir(path, 0o755) }, write},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			s := open(t, Options{})
			s.add(event.WatchRequest{Path: root, Mask: event.IN_CREATE | event.IN_DELETE})
			ok(t, os.Mkdir(root+"/d", 0o755), c.was(root+"/d/f"))
			s.sync()
			s.placedWhile(root, func() { ok(t, os.Remove(root+"/d/f"), c.is(root+"/d/f")) })
			there := false
			var kind event.Mask
			for _, r := range s.sync() {
				if r.Name != "f" {
					continue
				}
				came := r.Mask&event.IN_CREATE != 0
				if came == there || !came && r.Mask&event.IN_ISDIR != kind {
					t.Fatalf("%s cannot be:\n%s", r.Mask, text(s.records))
				}
				there, kind = came, r.Mask&event.IN_ISDIR
			}
			if !there {
				t.Errorf("it is not there:\n%s", text(s.records))
			}
		})
	}
}
