package live

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

// TestOverflowIsToldAndWatchingGoesOn keeps the port's goroutine, which asks for
// more, from its work while 10,000 files are made.
func TestOverflowIsToldAndWatchingGoesOn(t *testing.T) {
	dir := tempdir.New(t)
	s := open(t, Options{Buffer: minBuffer})
	s.add(event.WatchRequest{Path: dir, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true})
	s.sync()
	mkdirs(t, dir+`\sub`)
	s.mu.Lock()
	for i := range 10_000 {
		f, err := os.OpenFile(fmt.Sprintf(`%s\f%05d`, dir, i), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644) // no call more than that, for Wine takes its time
		ok(t, err, f.Close())
	}
	s.mu.Unlock()
	told := s.sync()
	losses := of(event.KindLoss, told)
	if len(losses) == 0 {
		t.Fatalf("no loss is told of %d records", len(told))
	}
	for _, r := range losses {
		if r.Name != "buffer" || r.N != -1 || r.WD != 1 || r.M > r.Time {
			t.Errorf("%s", text([]event.Record{r}))
		}
	}
	again := false
	for _, r := range told {
		again = again || r.Kind == event.KindEntry && r.Name == ""
	}
	if modes := entries(told); !again || modes["sub"] != modeDir {
		t.Errorf("the directories are not listed anew: %v", modes)
	}
	ok(t, write(dir+`\after`), os.Remove(dir+`\after`))
	expect(t, s.sync(), "+after -after")
}

func TestFullQueueIsCounted(t *testing.T) {
	dir := tempdir.New(t)
	s := open(t, Options{Queue: 100})
	s.add(event.WatchRequest{Path: dir, Mask: event.IN_CREATE})
	s.sync()
	const files = 500
	for i := range files {
		ok(t, write(fmt.Sprintf(`%s\f%05d`, dir, i)))
	}
	told := s.sync()
	losses := of(event.KindLoss, told)
	if len(losses) == 0 {
		t.Fatalf("no loss is told of %d records", len(told))
	}
	count := int64(len(of(event.KindChange, told)))
	for _, r := range losses {
		if r.Name != "queue" || r.N <= 0 || r.M > r.Time {
			t.Errorf("%s", text([]event.Record{r}))
		}
		count += r.N
	}
	if count < files {
		t.Errorf("%d changes were told or counted of %d", count, files)
	}
	// Then the directories are listed anew, and what comes is told.
	last := slices.IndexFunc(told, func(r event.Record) bool { return r == losses[len(losses)-1] })
	relisted := func(r *event.Record) bool { return r.Kind == event.KindEntry && r.Name == "" }
	if !slices.ContainsFunc(told[last:], func(r event.Record) bool { return relisted(&r) }) {
		s.until(relisted)
	}
	ok(t, write(dir+`\after`))
	expect(t, s.sync(), "+after")
}

// TestStormIsToldInFull has nothing lost where there is room.
func TestStormIsToldInFull(t *testing.T) {
	dir := tempdir.New(t)
	s := open(t, Options{Buffer: 1 << 20})
	s.add(event.WatchRequest{Path: dir, Mask: event.IN_CREATE})
	s.sync()
	const files = 3000
	for i := range files {
		ok(t, write(fmt.Sprintf(`%s\f%05d`, dir, i)))
	}
	told := s.sync()
	next, last := 0, int64(0)
	for _, r := range told {
		if r.Time < last {
			t.Fatalf("time goes back to %d from %d", r.Time, last)
		}
		last = r.Time
		if r.Kind == event.KindChange && r.Action() == event.FILE_ACTION_ADDED && r.Flags&event.FlagOwn == 0 {
			if want := fmt.Sprintf("f%05d", next); r.Name != want {
				t.Fatalf("%s is told where %s was made", r.Name, want)
			}
			next++
		}
	}
	if losses := of(event.KindLoss, told); next != files && len(losses) == 0 {
		t.Errorf("%d of %d files are told, and no loss", next, files)
	} else if len(losses) > 0 {
		t.Logf("%s", text(losses))
	}
}

// TestUpdateUnderLoad has the system asked anew again and again. A file is made
// and removed once, so each name is told once of each.
func TestUpdateUnderLoad(t *testing.T) {
	dir := tempdir.New(t)
	s := open(t, Options{Buffer: 1 << 20, Queue: 10 << 20})
	s.add(event.WatchRequest{Path: dir, Mask: event.IN_CREATE})
	stop := storm(t, dir)
	masks := []event.Mask{event.IN_CREATE | event.IN_MODIFY, event.IN_CREATE | event.IN_MODIFY | event.IN_ATTRIB}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for range 50 {
		for _, m := range masks {
			ok(t, s.Update(1, m))
			_, err := s.Ready(ctx)
			ok(t, err)
		}
		s.forget()
	}
	ok(t, s.Update(1, event.IN_CREATE))
	rounds := stop()
	told := s.sync()
	if losses := of(event.KindLoss, told); len(losses) > 0 {
		t.Errorf("%s", text(losses))
	}
	next := 0
	for _, r := range told {
		if r.Kind == event.KindChange && r.Action() == event.FILE_ACTION_ADDED && r.Flags&event.FlagOwn == 0 {
			if want := fmt.Sprintf("s%06d", next); r.Name != want {
				t.Fatalf("%s is told where %s was made", r.Name, want)
			}
			next++
		}
	}
	if next != rounds {
		t.Errorf("%d of %d files are told", next, rounds)
	}
	if w := s.table.Watch(1); w == nil || w.Mask != event.IN_CREATE {
		t.Errorf("%+v", w)
	}
}

// forget makes watch 1 seem to be asked for names alone, so that more is asked for anew.
func (s *session) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watches[1].cur.call.filter = event.FILE_NOTIFY_CHANGE_FILE_NAME | event.FILE_NOTIFY_CHANGE_DIR_NAME
}

// unwritable is a directory in which no file can be made, one of the system below Wine.
func unwritable(t *testing.T) string {
	const dir = `Z:\proc\sys`
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("there is no system below this one that has a directory in which nothing can be made: %v", err)
	}
	return dir
}

func TestUpdateWithoutASentinelTellsWhatMayBeLost(t *testing.T) {
	s := open(t, Options{})
	s.add(event.WatchRequest{Path: unwritable(t), Mask: event.IN_CREATE})
	s.sync()
	ok(t, s.Update(1, event.IN_CREATE|event.IN_MODIFY))
	told := s.sync()
	losses := of(event.KindLoss, told)
	if len(losses) != 1 || losses[0].Name != "update" || losses[0].WD != 1 {
		t.Errorf("%s", text(told))
	}
	if w := s.table.Watch(1); w == nil || w.Filter&event.FILE_NOTIFY_CHANGE_LAST_WRITE == 0 {
		t.Errorf("%+v", w)
	}
}

func TestBarrierWithoutASentinelWaitsForQuiet(t *testing.T) {
	s := open(t, Options{})
	s.add(event.WatchRequest{Path: unwritable(t), Mask: event.IN_CREATE})
	start := time.Now()
	s.sync()
	if took := time.Since(start); took < quietAfter || took > sentinelPatience {
		t.Errorf("it took %v", took)
	}
}
