package live

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fsrec/watcher/event"
)

// session is an instance under test with everything that it has delivered.
type session struct {
	*Inotify
	t       testing.TB
	records []event.Record // all, barriers left out
	table   *event.Table
	buf     []event.Record
}

func open(t testing.TB, opts Options) *session {
	t.Helper()
	n, err := NewInotify(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return &session{Inotify: n, t: t, table: event.NewTable(event.Linux)}
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

// settled syncs, and once more for what our own reaction to it caused. It
// returns what came of both.
func (s *session) settled() []event.Record {
	s.t.Helper()
	first := len(s.records)
	for range 3 {
		s.sync()
	}
	return s.records[first:]
}

func (s *session) readTo(id int64) []event.Record {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	first := len(s.records)
	for {
		var err error
		s.buf, err = s.Read(ctx, s.buf)
		if err != nil {
			s.t.Fatalf("barrier %d did not come: %v\n%s", id, err, text(s.records[first:]))
		}
		done := false
		for i := range s.buf {
			r := s.buf[i]
			s.table.Apply(&r)
			if r.Kind == event.KindBarrier && r.N == id {
				done = true
			}
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

// realTree lists everything below root, directories with a slash at the end.
func realTree(t testing.TB, root string) map[string]bool {
	t.Helper()
	tree := make(map[string]bool)
	ok(t, filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		if d.IsDir() {
			path += "/"
		}
		tree[path] = true
		return nil
	}))
	return tree
}
