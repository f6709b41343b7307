package live

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"fsrec/watcher/event"
)

// session is a set of watches under test with everything that it has delivered.
type session struct {
	*ReadDirectoryChanges
	t       testing.TB
	records []event.Record // all, barriers left out
	table   *event.Table
	buf     []event.Record
}

func open(t testing.TB, opts Options) *session {
	t.Helper()
	n, err := NewReadDirectoryChanges(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return &session{ReadDirectoryChanges: n, t: t, table: event.NewTable(event.Windows)}
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
	return s.until(func(r *event.Record) bool { return r.Kind == event.KindBarrier && r.N == id })
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

// signs are how changes prints actions.
var signs = map[event.Action]string{
	event.FILE_ACTION_ADDED: "+", event.FILE_ACTION_REMOVED: "-", event.FILE_ACTION_MODIFIED: "*",
	event.FILE_ACTION_RENAMED_OLD_NAME: "<", event.FILE_ACTION_RENAMED_NEW_NAME: ">",
}

// changes prints the changes among records, ours left out, each as the sign of its action
// and its name, in order. Changes of content are left out if not asked for: how many
// of them there are for one operation is the system's affair.
func changes(records []event.Record, modified bool) string {
	var words []string
	for i := range records {
		r := &records[i]
		if r.Kind != event.KindChange || r.Flags&event.FlagOwn != 0 || !modified && r.Action() == event.FILE_ACTION_MODIFIED {
			continue
		}
		words = append(words, signs[r.Action()]+r.Name)
	}
	return strings.Join(words, " ")
}

// expect fails the test if the changes differ.
func expect(t testing.TB, records []event.Record, want string) {
	t.Helper()
	expectOr(t.Errorf, records, want)
}

func expectOr(fail func(format string, args ...any), records []event.Record, want string) {
	if got := changes(records, false); got != want {
		fail("told %s\nwant %s\nof\n%s", got, want, text(records))
	}
}

// of gives the records of a kind.
func of(kind event.Kind, records []event.Record) []event.Record {
	var some []event.Record
	for _, r := range records {
		if r.Kind == kind {
			some = append(some, r)
		}
	}
	return some
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

// removeBelow has the system below Wine remove dir with what is in it, as the POSIX way of
// Windows does: it is gone while handles of it are open.
func removeBelow(t testing.TB, dir string) {
	t.Helper()
	path := strings.ReplaceAll(strings.TrimPrefix(dir, "Z:"), `\`, "/")
	for range 100 { // start does not always wait
		out, err := exec.Command("cmd", "/c", "start", "/wait", "/unix", "/bin/rm", "-rf", path).CombinedOutput()
		if err != nil {
			t.Fatalf("rm %s: %v\n%s", path, err, out)
		}
		if _, err := os.Lstat(dir); err != nil {
			return
		}
	}
	t.Fatalf("%s cannot be removed", dir)
}

// underWine repeats a test of what Wine 8 does not always do right, up to ten times, and
// gives it what to report a failure to. On Windows it runs once.
func underWine(t *testing.T, test func(fail func(format string, args ...any))) {
	t.Helper()
	for left := 9; ; left-- {
		failed := ""
		test(func(format string, args ...any) { failed = fmt.Sprintf(format, args...) })
		switch {
		case failed == "":
			return
		case left == 0 || wineVersion() == "":
			t.Error(failed)
			return
		}
		t.Logf("again, since this is Wine: %s", failed)
	}
}
