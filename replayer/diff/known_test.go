package diff_test

import (
	"fmt"
	"testing"

	"fsrec/replayer/diff"
	"fsrec/watcher/event"
)

func about(wd int32, mask event.Mask, name string) event.Record {
	return event.Record{Kind: event.KindEvent, WD: wd, Mask: mask, Name: name}
}

func autoAdded(wd, parent int32, path string) event.Record {
	return event.Record{Kind: event.KindWatch, WD: wd, M: int64(parent), Flags: event.FlagDir | event.FlagRecursive | event.FlagAutoAdd, Mask: event.IN_ALL_EVENTS, Path: path}
}

func TestNewDirectoriesThatAreRemovedWhileTheyAreOpen(t *testing.T) {
	const n = 5000
	tree := func(open bool) (all []event.Record) {
		all = []event.Record{autoAdded(1, 0, "/w"), about(1, event.IN_CREATE, "f")}
		for i := range n {
			name, wd := fmt.Sprint(i), int32(i+2)
			removed := about(1, event.IN_DELETE|event.IN_ISDIR, name)
			all = append(all, about(1, event.IN_CREATE|event.IN_ISDIR, name), autoAdded(wd, 1, "/w/"+name))
			if open {
				all = append(all, removed)
			}
			all = append(all, about(wd, event.IN_DELETE_SELF, ""), about(wd, event.IN_IGNORED, ""))
			if !open {
				all = append(all, removed)
			}
			all = append(all, event.Record{Kind: event.KindUnwatch, WD: wd, Path: "/w/" + name})
		}
		return number(all)
	}
	r := compareRecords(t, tree(false), tree(true), diff.Options{})
	if len(r.Differences) != n || r.Verdict != diff.Explained {
		t.Fatalf("%s, %d differences, want one of each directory:\n%.1000s", r.Verdict, len(r.Differences), told(r))
	}
	for _, d := range r.Differences {
		if d.Rule != "end-of-open-object" {
			t.Fatalf("%s by %s, want end-of-open-object", d.Path, d.Rule)
		}
	}
}

// Of two equal events one is the recorder's own. Which, the kernel does not say, so either can be in the other recording.
func TestAnOwnEventStandsForOneElsewhereOnThePath(t *testing.T) {
	const n = 5000
	dir := func(mask event.Mask) event.Record { return about(1, mask|event.IN_ISDIR, "d") }
	opened, changed, closed := dir(event.IN_OPEN), dir(event.IN_ATTRIB), dir(event.IN_CLOSE_WRITE)
	own := opened
	own.Flags |= event.FlagOwn
	side := func(lists, left bool) []event.Record {
		all := []event.Record{autoAdded(1, 0, "/w"), autoAdded(2, 0, "/w/d"), about(1, event.IN_CREATE, "f")}
		for range n {
			switch {
			case !left:
				all = append(all, opened, changed, closed, changed, closed, changed)
			case lists:
				all = append(all, own, changed, closed, changed, opened, closed, changed)
			default:
				all = append(all, changed, closed, changed, opened, closed, changed)
			}
		}
		return number(all)
	}
	if r := compareRecords(t, side(true, true), side(true, false), diff.Options{}); r.Verdict != diff.Same || asideBy(r, diff.StepUnseen) != 2*n {
		t.Errorf("%s, %d set aside, want %d:\n%.1000s", r.Verdict, asideBy(r, diff.StepUnseen), 2*n, told(r))
	}
	if r := compareRecords(t, side(false, true), side(false, false), diff.Options{}); r.Verdict != diff.Unexplained {
		t.Errorf("without a listing: %s", r.Verdict)
	}
}
