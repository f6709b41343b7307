package live

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/decode"
	"fsrec/watcher/event"
)

// The tests of this file hand on what Windows says in situations into which Wine cannot be brought.

func changed(action event.Action, name string) event.Record {
	return event.Record{Kind: event.KindChange, Mask: event.Mask(action), Name: name}
}

// deliver has a read of the first watch end with changes.
func (s *session) deliver(changes ...event.Record) {
	s.mu.Lock()
	s.raw.put(&batch{from: s.watches[1].cur, time: s.clock(), data: decode.EncodeChanges(nil, changes, 4)})
	s.mu.Unlock()
	s.wakeWorker()
}

// TestAReadThatFailsWhileMuchWaits has the volume go after more was delivered than is kept.
func TestAReadThatFailsWhileMuchWaits(t *testing.T) {
	s := watched(t, tempdir.New(t))
	s.sync()
	s.mu.Lock()
	s.raw.bytes += rawLimit
	cur := s.watches[1].cur
	s.mu.Unlock()
	cur.completed(0, windows.ERROR_NETNAME_DELETED)
	told := s.until(func(r *event.Record) bool { return r.Kind == event.KindUnwatch })
	if fails := of(event.KindFail, told); len(fails) != 1 || fails[0].N != int64(windows.ERROR_NETNAME_DELETED) || len(of(event.KindLoss, told)) != 0 {
		t.Errorf("%s", text(told))
	}
}

// TestAnUpdateThatFailsLeavesItsWatch has the new read of an update fail when the
// old one has been cancelled already.
func TestAnUpdateThatFailsLeavesItsWatch(t *testing.T) {
	dir := tempdir.New(t)
	s := watched(t, dir)
	s.sync()
	w := s.watches[1]
	second, err := s.second(w)
	ok(t, err)
	next, err := s.newStream(w, second, true, w.cur.call.filter)
	ok(t, err)
	u := &update{next: next, terms: w.asked, done: make(chan error, 1)}
	s.mu.Lock()
	w.update = u
	s.raw.put(&batch{from: next, time: s.clock(), err: windows.ERROR_NETNAME_DELETED, last: true})
	w.cur.end()
	s.mu.Unlock()
	s.wakeWorker()
	if err := <-u.done; !errors.Is(err, windows.ERROR_NETNAME_DELETED) {
		t.Errorf("the update ends with %v", err)
	}
	ok(t, write(dir+`\f`))
	expect(t, s.sync(), "+f")
	ok(t, s.Update(1, event.IN_CREATE), s.Remove(1))
}

func TestAWatchThatIsOverGetsNoOtherTerms(t *testing.T) {
	s := watched(t, tempdir.New(t))
	w := s.watches[1]
	ok(t, s.Remove(1))
	s.sync()
	if err := s.renew(w, w.asked); !errors.Is(err, event.ErrUnknownWatch) {
		t.Errorf("%v", err)
	}
	if told := s.sync(); len(told) != 0 || s.table.Len() != 0 {
		t.Errorf("%s", text(told))
	}
}

// TestASentinelThatNeverComes has the new read of an update not tell where it is to begin.
func TestASentinelThatNeverComes(t *testing.T) {
	dir := tempdir.New(t)
	s := watched(t, dir)
	s.sync()
	s.mu.Lock()
	s.watches[1].skip = skip{to: nextSentinel(), deadline: s.clock()}
	s.mu.Unlock()
	s.wakeWorker()
	told := s.until(func(r *event.Record) bool { return r.Kind == event.KindLoss })
	if losses := of(event.KindLoss, told); losses[0].Name != "update" || losses[0].WD != 1 {
		t.Errorf("%s", text(told))
	}
	ok(t, write(dir+`\f`))
	expect(t, s.sync(), "+f")
}

// TestAnotherChangeBetweenTheHalvesOfARename: only the names of a directory change one after the other.
func TestAnotherChangeBetweenTheHalvesOfARename(t *testing.T) {
	dir := tempdir.New(t)
	s := watchedFile(t, dir)
	s.deliver(changed(event.FILE_ACTION_RENAMED_OLD_NAME, "f"), changed(event.FILE_ACTION_MODIFIED, "other"), changed(event.FILE_ACTION_RENAMED_NEW_NAME, "g"))
	told := s.until(func(r *event.Record) bool { return r.Kind == event.KindMove })
	expect(t, told, "<f >g")
}

// TestARemovalIsDecidedWhatOthersAreAt has another process set a barrier after a removal.
func TestARemovalIsDecidedWhatOthersAreAt(t *testing.T) {
	s := watched(t, tempdir.New(t))
	s.sync()
	s.deliver(changed(event.FILE_ACTION_REMOVED, "f"), changed(event.FILE_ACTION_REMOVED, sentinelPrefix+"0-1"))
	told := s.until(func(r *event.Record) bool { return r.Kind == event.KindIdle })
	expect(t, told, "-f")
}

// TestTheLastReadIsToldOnce has a read complete while it is being cancelled.
func TestTheLastReadIsToldOnce(t *testing.T) {
	s := watched(t, tempdir.New(t))
	s.sync()
	s.mu.Lock()
	w := s.watches[1]
	s.raw.put(&batch{from: w.cur, time: s.clock(), data: decode.EncodeChanges(nil, []event.Record{changed(event.FILE_ACTION_ADDED, "f")}, 4), last: true})
	s.endWatch(w, event.CauseRemoved)
	s.mu.Unlock()
	s.wakeWorker()
	expect(t, s.until(func(r *event.Record) bool { return r.Kind == event.KindUnwatch }), "+f")
}

// TestALossIsToldWhereNoSentinelCanBeMade has changes be lost while the new read of an
// update waits for the place where it is to begin.
func TestALossIsToldWhereNoSentinelCanBeMade(t *testing.T) {
	s := open(t, Options{})
	s.add(event.WatchRequest{Path: unwritable(t), Mask: event.IN_CREATE})
	s.sync()
	s.mu.Lock()
	w := s.watches[1]
	w.skip = skip{to: nextSentinel(), deadline: s.clock() + int64(time.Hour)}
	s.raw.put(&batch{from: w.cur, time: s.clock()})
	s.mu.Unlock()
	s.wakeWorker()
	s.until(func(r *event.Record) bool { return r.Kind == event.KindLoss })
}

// TestAServerSaysThatADirectoryIsDeleted as SMB does, of which no more can be learnt then.
func TestAServerSaysThatADirectoryIsDeleted(t *testing.T) {
	s := watched(t, tempdir.New(t))
	s.sync()
	s.mu.Lock()
	s.raw.put(&batch{from: s.watches[1].cur, time: s.clock(), err: errnoOf(windows.STATUS_DELETE_PENDING), last: true})
	s.mu.Unlock()
	s.wakeWorker()
	told := s.until(func(r *event.Record) bool { return r.Kind == event.KindUnwatch })
	if len(told) != 1 || told[0].Name != event.CauseDeleted {
		t.Errorf("%s", text(told))
	}
}

func TestIdentitiesThatAreNone(t *testing.T) {
	for index, known := range map[uint64]bool{0: false, 1<<64 - 1: false, 1: true, 1<<64 - 2: true} {
		if id := identityOf(7, index); (id != identity{}) != known {
			t.Errorf("%#x gives %v", index, id)
		}
		var e pollEntry
		if e.identify(7, index); e.id.known() != known {
			t.Errorf("polling: %#x gives %v", index, e.id)
		}
	}
}

// TestWhatIsBeingDeletedIsGone: Windows' own error for it is that of a missing permission.
func TestWhatIsBeingDeletedIsGone(t *testing.T) {
	if err := errnoOf(windows.STATUS_DELETE_PENDING); !saysGone(err) {
		t.Errorf("%v", err)
	}
	if err := errnoOf(windows.STATUS_ACCESS_DENIED); saysGone(err) || err != windows.ERROR_ACCESS_DENIED {
		t.Errorf("%v", err)
	}
}
