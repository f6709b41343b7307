package live

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"fsrec/watcher/event"
)

func TestOverflowIsToldAndDoesNotBlind(t *testing.T) {
	root := t.TempDir()
	mkdirs(t, root+"/moved", root+"/gone", root+"/kept")
	s := watched(t, root)
	s.sync()
	queue, err := QueuedEvents.Get()
	ok(t, err)
	id, err := s.Barrier()
	ok(t, err)
	f, err := os.Create(root + "/kept/f")
	ok(t, err)
	g, err := os.Create(root + "/kept/g")
	ok(t, err)
	for range queue/2 + 100 {
		_, err1 := f.WriteAt([]byte("x"), 0)
		_, err2 := g.WriteAt([]byte("x"), 0)
		ok(t, err1, err2)
	}
	ok(t, f.Close(), g.Close())
	ok(t, os.Rename(root+"/moved", root+"/moved2"), os.Remove(root+"/gone"), os.MkdirAll(root+"/new/deep", 0o755), write(root+"/new/deep/f"))
	late, err := s.Barrier()
	ok(t, err)
	if late <= id {
		t.Errorf("barrier %d after %d", late, id)
	}
	records := s.readTo(late)
	s.sync()
	var loss *event.Record
	for i := range records {
		if records[i].Kind == event.KindLoss {
			loss = &records[i]
		}
	}
	if loss == nil || loss.Name != "kernel" || loss.N != -1 || loss.M > loss.Time {
		t.Fatalf("loss: %+v", loss)
	}
	ok(t, write(root+"/moved2/f"), write(root+"/new/deep/g"))
	got := s.story(root, s.sync())
	for _, want := range []string{"IN_CREATE moved2/f", "IN_CREATE new/deep/g"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q after the loss:\n%s", want, got)
		}
	}
	if w := s.table.At(root + "/gone"); w != nil {
		t.Errorf("a directory that was removed is still watched")
	}
	for path := range realTree(t, root) {
		if dir, isDir := strings.CutSuffix(path, "/"); isDir && (s.table.At(dir) == nil || s.identifyLocked(dir) != s.table.At(dir).WD) {
			t.Errorf("%s is not watched", path)
		}
	}
}

func TestTimesNeverDecreaseAndReadsKeepTheirBoundaries(t *testing.T) {
	root := t.TempDir()
	s := open(t, Options{Buffer: 4096})
	s.add(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true})
	for i := range 200 {
		ok(t, write(filepath.Join(root, strings.Repeat("f", 1+i))))
		if i%20 == 0 {
			mkdirs(t, filepath.Join(root, "d"+strings.Repeat("d", i), "e"))
		}
	}
	id, err := s.Barrier()
	ok(t, err)
	var last, bytes, room int64
	for {
		records, err := s.Read(context.Background(), nil)
		ok(t, err)
		for _, r := range records {
			if r.Time < last {
				t.Fatalf("%s after %d", event.AppendText(nil, &r), last)
			}
			last = r.Time
			switch {
			case r.Kind == event.KindBarrier && r.N == id:
				return
			case r.Kind == event.KindRead:
				bytes, room = 0, r.N
				if r.N > 4096 || r.M != 4096 {
					t.Fatalf("%s", event.AppendText(nil, &r))
				}
			case r.Kind == event.KindEvent && r.Flags&event.FlagSynthetic == 0:
				bytes += eventSize
				if r.Name != "" {
					bytes += int64(len(r.Name)/eventSize+1) * eventSize
				}
				if bytes > room {
					t.Fatalf("%d bytes of events in a read of %d", bytes, room)
				}
			}
		}
	}
}

func TestTinyBufferIsRefused(t *testing.T) {
	if _, err := NewInotify(Options{Buffer: 100}); !errors.Is(err, unix.EINVAL) {
		t.Errorf("%v", err)
	}
}

func TestLimitsCanBeReadAndSet(t *testing.T) {
	for _, l := range []Limit{QueuedEvents, UserInstances, UserWatches} {
		v, err := l.Get()
		if err != nil || v <= 0 {
			t.Errorf("%s: %d, %v", l.Path(), v, err)
			continue
		}
		err = l.Set(v)
		if os.Getuid() == 0 && err != nil && !errors.Is(err, os.ErrPermission) && !errors.Is(err, unix.EROFS) {
			t.Errorf("%s: %v", l.Path(), err)
		}
		if err != nil && !strings.Contains(err.Error(), l.Sysctl()) {
			t.Errorf("%v does not name %s", err, l.Sysctl())
		}
	}
}
