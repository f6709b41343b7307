package tree

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

func TestATreeFollowsEvents(t *testing.T) {
	const dir = event.IN_ISDIR
	type step struct {
		mask      event.Mask
		path, src string
	}
	for _, c := range []struct {
		name  string
		steps []step
		want  string
		wrong int
	}{
		{"made and removed", []step{{event.IN_CREATE, "/a", ""}, {event.IN_CREATE, "/b", ""}, {event.IN_DELETE, "/a", ""}}, "/b", 0},
		{"other events change nothing", []step{{event.IN_CREATE, "/a", ""}, {event.IN_MODIFY, "/a", ""}, {event.IN_CLOSE_WRITE, "/c", ""}}, "/a", 0},
		{"a directory moves with its contents", []step{
			{event.IN_CREATE | dir, "/d", ""}, {event.IN_CREATE, "/d/f", ""}, {event.IN_CREATE, "/d2", ""},
			{event.IN_MOVED_FROM | dir, "/d", ""}, {event.IN_MOVED_TO | dir, "/e", "/d"},
		}, "/d2 /e/ /e/f", 0},
		{"moved out", []step{{event.IN_CREATE | dir, "/d", ""}, {event.IN_CREATE, "/d/f", ""}, {event.IN_MOVED_FROM | dir, "/d", ""}}, "", 0},
		{"moved in", []step{{event.IN_MOVED_TO, "/f", ""}}, "/f", 0},
		{"renamed over another", []step{{event.IN_CREATE, "/f", ""}, {event.IN_CREATE, "/t", ""}, {event.IN_MOVED_FROM, "/t", ""}, {event.IN_MOVED_TO, "/f", "/t"}}, "/f", 0},
		{"made twice", []step{{event.IN_CREATE, "/f", ""}, {event.IN_CREATE, "/f", ""}}, "/f", 1},
		{"removed without being there", []step{{event.IN_DELETE, "/f", ""}, {event.IN_MOVED_FROM, "/g", ""}}, "", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := New(event.Linux)
			for _, s := range c.steps {
				tree.Follow(s.mask, s.path, s.src)
			}
			if got := strings.Join(tree.Paths(), " "); got != c.want {
				t.Errorf("ends as %q, want %q", got, c.want)
			}
			if len(tree.Contradictions) != c.wrong {
				t.Errorf("contradictions %q, want %d", tree.Contradictions, c.wrong)
			}
		})
	}
}

func TestALogEndsInItsSnapshotAndItsEvents(t *testing.T) {
	log, err := event.ReadText(context.Background(), strings.NewReader(`fsrec-text 1
header platform "linux"
header snapshot true
1 0.000000000 watch dir recursive wd=1 mask=IN_ALL_EVENTS path="/r"
2 0.000000000 entry wd=1 mode=0100644 name="old"
3 0.000000000 entry wd=1 mode=040755 name="sub"
4 0.000000000 watch dir recursive wd=2 mask=IN_ALL_EVENTS parent=1 path="/r/sub"
5 0.000000000 entry wd=2 mode=0100644 name="deep"
6 0.100000000 event wd=1 mask=IN_CREATE name="new"
7 0.200000000 event wd=1 mask=IN_DELETE name="old"
`))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := At(context.Background(), log)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tree.Paths(), []string{"/r/new", "/r/sub/", "/r/sub/deep"}; !slices.Equal(got, want) {
		t.Errorf("ends as %q, want %q", got, want)
	}
}

func TestRealListsWhatIsThere(t *testing.T) {
	root := tempdir.New(t)
	if err := os.Mkdir(filepath.Join(root, "d"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "d", "f"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Real(root)
	if want := []string{filepath.Join(root, "d") + string(filepath.Separator), filepath.Join(root, "d", "f")}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

func TestALogOfWindowsEndsInItsSnapshotAndItsChanges(t *testing.T) {
	log, err := event.ReadText(context.Background(), strings.NewReader(`fsrec-text 1
header platform "windows"
1 0.0 watch dir recursive auto_add wd=1 mask=IN_ALL_EVENTS filter=FILE_NAME|DIR_NAME path="C:\\r"
2 0.0 entry wd=1
3 0.0 entry wd=1 mode=040755 name="sub"
4 0.0 entry wd=1 mode=0100644 name="sub\\old"
5 1.0 change wd=1 action=RENAMED_OLD_NAME name="sub"
6 1.0 change wd=1 action=RENAMED_NEW_NAME name="new"
7 2.0 change inferred wd=1 action=ADDED attributes=0x10 name="later"
8 2.0 entry wd=1 mode=040755 name="later\\deep"
`))
	if err != nil {
		t.Fatal(err)
	}
	at, err := At(context.Background(), log)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`C:\r\later\`, `C:\r\new\`, `C:\r\new\old`}
	if got := at.Paths(); !slices.Equal(got, want) || len(at.Contradictions) > 0 {
		t.Errorf("ends as %q, want %q; contradictions %q", got, want, at.Contradictions)
	}
}
