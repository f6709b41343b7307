package diff_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fsrec/replayer/diff"
)

// tale writes what is told, "MOVE a b; CREATE dir c | MODIFY a", as a recording; | ends a look of polling.
func tale(backend, text string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "header platform \"linux\"\nheader backend %q\nheader roots [\"/w\"]\nheader recursive true\n", backend)
	n, time, cookie := 0, 0, 100
	add := func(format string, args ...any) {
		n++
		fmt.Fprintf(&b, "%d 0.%09d %s\n", n, time, fmt.Sprintf(format, args...))
	}
	for i, dir := range []string{"", "/d", "/e"} {
		add("watch dir recursive auto_add wd=%d mask=IN_ALL_EVENTS path=\"/w%s\"", i+1, dir)
	}
	event := func(mask, path string, cookie any) {
		wd := 1
		if dir, name, ok := strings.Cut(path, "/"); ok {
			wd, path = strings.Index("_de", dir)+1, name
		}
		add("event wd=%d mask=IN_%s cookie=%v name=%q", wd, mask, cookie, path)
	}
	for look := range strings.SplitSeq(text, "|") {
		time++
		for one := range strings.SplitSeq(look, ";") {
			words, dir := strings.Fields(one), ""
			if words[1] == "dir" {
				dir, words = "|IN_ISDIR", slices.Delete(words, 1, 2)
			}
			switch {
			case words[0] == "SELF":
				add("event wd=%d mask=IN_%s", strings.Index("wde", words[2])+1, words[1])
			case words[0] == "MOVE":
				cookie++
				event("MOVED_FROM"+dir, words[1], cookie)
				event("MOVED_TO"+dir, words[2], cookie)
				if dir != "" {
					add("move src=\"/w/%s\" path=\"/w/%s\"", words[1], words[2])
				}
			case len(words) == 3: // a half
				event(words[0]+dir, words[1], words[2])
			default:
				event(words[0]+dir, words[1], 0)
			}
		}
	}
	return b.String()
}

// What polling tells is held to what the other recording tells of the same time: the outcome has to be that one.
func TestTheOutcomeOfStepsIsHeldToTheSteps(t *testing.T) {
	const explained, unexplained = diff.Explained, diff.Unexplained
	for _, tt := range []struct {
		name, told, polled string
		want               diff.Verdict
	}{
		{"made and gone", "CREATE a; MODIFY a; DELETE a; CREATE b; MODIFY b", "CREATE b", explained},
		{"made and gone under another name", "CREATE a; MOVE a c; DELETE c; CREATE b", "CREATE b", diff.Explained},
		{"made, and polling misses it", "CREATE a; MODIFY a; CREATE b", "CREATE b", unexplained},
		{"gone, and polling misses it", "MODIFY a; DELETE a; CREATE b", "CREATE b", unexplained},
		{"gone, and polling sees it only changed", "MODIFY a; DELETE a", "MODIFY a", unexplained},
		{"written twice", "MODIFY a; ATTRIB a; MODIFY a", "MODIFY a; ATTRIB a", explained},
		{"written, and polling sees other permissions", "MODIFY a; ATTRIB a", "ATTRIB a", unexplained},
		{"permissions, and polling misses them", "ATTRIB a; CREATE b", "CREATE b", unexplained},
		{"the time set", "ATTRIB a", "MODIFY a", explained},
		{"other permissions, made up", "MODIFY a; MODIFY b", "MODIFY a; ATTRIB a", unexplained},
		{"renamed twice", "MOVE a b; MOVE b c", "MOVE a c", explained},
		{"renamed twice, and polling follows one", "MOVE a b; MOVE b c", "MOVE a b", unexplained},
		{"renamed twice, and polling sees the end elsewhere", "MOVE a b; MOVE b c", "MOVE a d/c", unexplained},
		{"renamed there and back", "MOVE a b; MOVE b a; CREATE c", "ATTRIB a; CREATE c", explained},
		{"renamed there and back, and polling sees a write", "MOVE a b; MOVE b a; CREATE c", "MODIFY a; CREATE c", unexplained},
		{"written and renamed", "MODIFY a; MOVE a b", "MOVE a b; MODIFY b", explained},
		{"written and renamed, and polling misses the write", "MODIFY a; MOVE a b", "MOVE a b", unexplained},
		{"renamed, and polling makes up a write", "MOVE a b; MOVE b c", "MOVE a c; MODIFY c", unexplained},
		{"saved", "CREATE t; MODIFY t; MOVE t a", "DELETE a; CREATE a", explained},
		{"saved, and polling sees the temporary file", "CREATE t; MODIFY t; MOVE t a", "CREATE t", unexplained},
		{"saved, and polling sees both", "CREATE t; MODIFY t; MOVE t a", "CREATE a; CREATE t", unexplained},
		{"saved with a backup", "MOVE a b; CREATE a; MODIFY a; DELETE b", "DELETE a; CREATE a", explained},
		{"saved with a backup that stays", "MOVE a b; CREATE a; MODIFY a; DELETE b", "MOVE a b; CREATE a", unexplained},
		{"replaced by a directory", "DELETE a; CREATE b; DELETE b; CREATE dir a", "DELETE a; CREATE dir a", explained},
		{"replaced by a file, and polling sees a directory", "DELETE a; CREATE a", "DELETE a; CREATE dir a", unexplained},
		{"something comes in and is renamed", "MOVED_TO a; MOVE a b", "CREATE b", explained},
		{"something leaves after a rename", "MOVE a b; MOVED_FROM b", "DELETE a", explained},
		{"something leaves, and polling sees another go", "MOVE a b; MOVED_FROM b", "DELETE c", unexplained},
		{"written below a directory that is renamed", "MODIFY d/a; MOVE dir d c", "MOVE dir d c; MODIFY d/a", explained},
		{"written below a directory that is not", "MODIFY d/a; MOVE dir d c", "MOVE dir d c; MODIFY e/a", unexplained},
		{"renamed below a directory that is renamed", "MOVE d/a d/b; MOVE dir d c", "MOVE dir d c; MOVE d/a d/b", explained},
		{"three in a ring", "MOVE a t; MOVE b a; MOVE c b; MOVE t c", "MOVED_FROM a 1; MOVED_FROM b 2; MOVED_FROM c 3; MOVED_TO c 1; MOVED_TO a 2; MOVED_TO b 3", explained},
		{"three in a ring, and polling turns it", "MOVE a t; MOVE b a; MOVE c b; MOVE t c", "MOVED_FROM a 1; MOVED_FROM b 2; MOVED_FROM c 3; MOVED_TO b 1; MOVED_TO c 2; MOVED_TO a 3", unexplained},
		{"written after it was deleted", "DELETE a; MODIFY a; CREATE b", "DELETE a; CREATE b", explained},
		{"through memory", "CREATE b", "MODIFY a; CREATE b", explained},
		{"permissions and the time set at once", "ATTRIB a; CREATE b", "MODIFY a; ATTRIB a; CREATE b", explained},
		{"a rename told, and polling sees a write through memory", "MOVE a b; MOVE b c", "MOVE a c; MODIFY c", unexplained},
		{"a directory is said to be written", "CREATE b", "MODIFY dir d; CREATE b", unexplained},
		{"a directory goes, and polling does not say so of its own watch", "SELF DELETE_SELF d; DELETE dir d", "DELETE dir d", unexplained},
		{"a directory is renamed, and polling does not say so of its own watch", "MOVE dir d c; SELF MOVE_SELF d", "MOVE dir d c", unexplained},
		{"written after it was deleted, and before", "MODIFY a; CREATE b; DELETE a", "CREATE b | CREATE c", unexplained},
		{"a root that both lose", "SELF DELETE_SELF w", "SELF DELETE_SELF w", diff.Same},
		{"told before polling lost the root", "CREATE a; CREATE b; CREATE c", "CREATE b | CREATE c; SELF DELETE_SELF w", unexplained},
		{"told after polling lost the root", "CREATE b; CREATE c; CREATE d; MOVE c f", "CREATE b | SELF DELETE_SELF w", explained},
		{"in a later look", "MODIFY a; CREATE b; MODIFY c", "MODIFY a; CREATE b | MODIFY c", diff.Same},
		{"missed in one look, seen in the next", "MODIFY a; MODIFY b; ATTRIB a; MODIFY b", "MODIFY a; MODIFY b | ATTRIB a; MODIFY b", diff.Same},
		{"missed in the first look", "CREATE a; CREATE b; CREATE c; DELETE a", "CREATE b | CREATE c; DELETE a", unexplained},
	} {
		t.Run(tt.name, func(t *testing.T) {
			left, right := tale("inotify", tt.told), tale("poll", tt.polled)
			for range 2 {
				if r := compare(t, left, right, diff.Options{}); r.Verdict != tt.want {
					t.Errorf("%s, want %s:\n%s", r.Verdict, tt.want, told(r))
				}
				left, right = right, left
			}
		})
	}
}
