package live

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"fsrec/watcher/event"
)

type underTest = ReadDirectoryChanges

var newUnderTest = NewReadDirectoryChanges

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
