//go:build linux || windows

package live

import (
	"context"
	"os"
	"testing"
	"time"

	"fsrec/watcher/event"
)

// session is a set of watches under test with everything that it has delivered.
type session struct {
	*underTest
	t       testing.TB
	records []event.Record // all, barriers left out
	table   *event.Table
	buf     []event.Record
}

func open(t testing.TB, opts Options) *session {
	t.Helper()
	n, err := newUnderTest(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return &session{underTest: n, t: t, table: event.NewTable(n.Header().Platform)}
}

// watched is a session that watches dir as fsrec record does.
func watched(t testing.TB, dir string) *session {
	t.Helper()
	s := open(t, Options{})
	s.add(event.WatchRequest{Path: dir, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true})
	return s
}

// add fails the test if any path cannot be watched.
func (s *session) add(r event.WatchRequest) []event.WatchResult {
	s.t.Helper()
	results, err := s.Add(r)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			s.t.Fatal(r.Err)
		}
	}
	return results
}

// sync reads until everything that has happened was delivered, and returns
// what came since the last sync, without KindRead.
func (s *session) sync() []event.Record {
	s.t.Helper()
	id, err := s.Barrier()
	if err != nil {
		s.t.Fatal(err)
	}
	return s.readTo(id)
}

// readTo reads until a barrier was passed.
func (s *session) readTo(barrier int64) []event.Record {
	s.t.Helper()
	return s.until(func(r *event.Record) bool { return r.Kind == event.KindBarrier && r.N == barrier })
}

// until reads up to the batch that holds a record for which is reports true.
func (s *session) until(is func(r *event.Record) bool) []event.Record {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	first := len(s.records)
	for {
		var err error
		s.buf, err = s.Read(ctx, s.buf)
		if err != nil {
			s.t.Fatalf("what was waited for did not come: %v\n%s", err, text(s.records[first:]))
		}
		done := false
		for i := range s.buf {
			r := s.buf[i]
			s.table.Apply(&r)
			done = done || is(&r)
			if r.Kind != event.KindRead && r.Kind != event.KindBarrier {
				s.records = append(s.records, r)
			}
		}
		if done {
			return s.records[first:]
		}
	}
}

// text prints records without their times.
func text(records []event.Record) string {
	var b []byte
	for i := range records {
		r := records[i]
		r.Time, r.Seq = 0, 0
		b = append(event.AppendText(b, &r), '\n')
	}
	return string(b)
}

// ok ends the test if a step of it failed.
func ok(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func write(path string) error { return os.WriteFile(path, []byte("x"), 0o644) }

func mkdirs(t testing.TB, paths ...string) {
	t.Helper()
	for _, p := range paths {
		ok(t, os.MkdirAll(p, 0o755))
	}
}
