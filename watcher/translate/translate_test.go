package translate

import (
	"testing"

	"fsrec/watcher/event"
)

func TestTheHalvesOfARenamePairAcrossReads(t *testing.T) {
	expect(t, `read <a read >b`, "MOVED_FROM a#3, MOVED_TO b#3")
	expect(t, `read -a read <a read >A`, "MOVED_FROM a#5, MOVED_TO A#5")
	expect(t, `<a 2:<x 2:>y >b`, "MOVED_FROM a#2, MOVED_FROM x#3 of 2, MOVED_TO y#3 of 2, MOVED_TO b#2")
	expect(t, `<a +c *c own+.fsrec-barrier-1-1 >b`, "MOVED_FROM a#2, CREATE c, MODIFY c, MOVED_TO b#2")
}

func TestASecondHalfWithoutAFirstHasACookieOfItsOwn(t *testing.T) {
	expect(t, `>b`, "MOVED_TO b#2")
	expect(t, `<a >b >c`, "MOVED_FROM a#2, MOVED_TO b#2, MOVED_TO c#4")
	expect(t, `<a loss >b`, "MOVED_FROM a#2, MOVED_TO b#4")
	expect(t, `<a idle >b`, "MOVED_FROM a#2, MOVED_TO b#4")
	expect(t, `<a wait:61s >b`, "MOVED_FROM a#2, MOVED_TO b#3")
	expect(t, `<a wait:59s >b`, "MOVED_FROM a#2, MOVED_TO b#2")
	expect(t, `<a <b >c`, "MOVED_FROM a#2, MOVED_FROM b#3, MOVED_TO c#3")
	expect(t, `<a@1 >b@2`, "MOVED_FROM a#2, MOVED_TO b#3")
	expect(t, `<a@1 >b@1`, "MOVED_FROM a#2, MOVED_TO b#2")
	expect(t, `<a@1 >b`, "MOVED_FROM a#2, MOVED_TO b#2")
}

func TestAFirstHalfWithoutASecondStandsAlone(t *testing.T) {
	expect(t, `<a`, "MOVED_FROM a#2")
	expect(t, `<a +b`, "MOVED_FROM a#2, CREATE b")
}

func TestCookiesAreNumbersWithoutRecordNumbers(t *testing.T) {
	all := records(t, `<a >b >c <d >e`)
	for i := range all {
		all[i].Seq = 0
	}
	if got, want := told(translated(all)), "MOVED_FROM a#1, MOVED_TO b#1, MOVED_TO c#2, MOVED_FROM d#3, MOVED_TO e#3"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	all = records(t, `<a >b`)
	all[1].Seq, all[2].Seq = 1<<32, 1<<32+1
	if got, want := told(translated(all)), "MOVED_FROM a#1, MOVED_TO b#1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestARemovalIsHeldUntilItIsClearWhatItWas(t *testing.T) {
	for story, want := range map[string]string{
		`-a +b`:                       "DELETE a, CREATE b",
		`-a <b >c`:                    "DELETE a, MOVED_FROM b#3, MOVED_TO c#3",
		`-a wait:101ms <a >A`:         "DELETE a, MOVED_FROM a#3, MOVED_TO A#3",
		`-a wait:90ms <a >A`:          "MOVED_FROM a#3, MOVED_TO A#3",
		`-a idle <a >A`:               "DELETE a, MOVED_FROM a#4, MOVED_TO A#4",
		`-a barrier <a >A`:            "DELETE a, MOVED_FROM a#4, MOVED_TO A#4",
		`-a loss <a >A`:               "DELETE a, MOVED_FROM a#4, MOVED_TO A#4",
		`-a own+.fsrec-barrier <a >A`: "MOVED_FROM a#4, MOVED_TO A#4",
		`-a 9a <a >A`:                 "MOVED_FROM a#4, MOVED_TO A#4",
		`-GRÜN <grün >Grün`:           "MOVED_FROM grün#3, MOVED_TO Grün#3",
		`-a@1 <a@2 >A@2`:              "DELETE a, MOVED_FROM a#3, MOVED_TO A#3",
		`-a@1 +a@1`:                   "DELETE a, CREATE a",
		`-a@1 +b@2`:                   "DELETE a, CREATE b",
		`-a@1 2:+b@1`:                 "CREATE b of 2, DELETE a",
		`-a -b -c`:                    "DELETE a, DELETE b, DELETE c",
		`-a end`:                      "DELETE a",
		`-a mark *b`:                  "DELETE a, MODIFY b",
		`-a unwatch:removed`:          "DELETE a, IGNORED",
	} {
		expect(t, story, want)
	}
}

func TestWhatIsHeldKeepsItsPlaceBeforeTheNextRead(t *testing.T) {
	out := translated(records(t, `read -a read +b read -c read read`))
	var kinds []event.Kind
	for _, r := range out {
		kinds = append(kinds, r.Kind)
	}
	want := []event.Kind{
		event.KindWatch, event.KindRead, event.KindEvent, event.KindRead, event.KindEvent,
		event.KindRead, event.KindEvent, event.KindRead, event.KindRead,
	}
	if len(kinds) != len(want) {
		t.Fatalf("%v, want %v", kinds, want)
	}
	for i := range want {
		if kinds[i] != want[i] {
			t.Fatalf("%v, want %v", kinds, want)
		}
	}
}

func TestEverythingElsePassesUnchanged(t *testing.T) {
	all := records(t, `read listed entry:d/ entry:f idle loss mark barrier end`)
	all = append(all, event.Record{Kind: event.KindEvent, Time: 1e9, WD: 1, Mask: event.IN_CREATE, Name: "linux"}, event.Record{Kind: 99, Time: 1e9})
	out := translated(all)
	if len(out) != len(all) {
		t.Fatalf("%d of %d records", len(out), len(all))
	}
	for i := range all {
		if out[i] != all[i] {
			t.Errorf("%+v became %+v", all[i], out[i])
		}
	}
}

func TestEventsKeepNumberAndTimeOfTheirRecords(t *testing.T) {
	all := records(t, `+a@7 *a@7 -a@7`)
	for i, r := range translated(all)[1:] {
		if from := all[i+1]; r.Seq != from.Seq || r.Time != from.Time || r.N != 0 || r.M != 0 || r.P != 0 {
			t.Errorf("%+v became %+v", from, r)
		}
	}
}

func TestActionsThatMeanNothingToInotifyAreCounted(t *testing.T) {
	all := records(t, `6f 7f 8f 8f 9f 0f`)
	for _, action := range []event.Mask{10, 11, 12, 1 << 31} {
		all = append(all, event.Record{Kind: event.KindChange, Time: 1e9, WD: 1, Mask: action, Name: "f"})
	}
	tr := New()
	if got := told(tr.Flush(tr.Append(nil, all))); got != "" {
		t.Errorf("gives %s", got)
	}
	want := map[event.Action]int64{6: 1, 7: 1, 8: 2, 9: 1, 10: 1, 11: 1, 0: 3}
	got := tr.Unknown()
	if len(got) != len(want) {
		t.Errorf("counted %v, want %v", got, want)
	}
	for a, n := range want {
		if got[a] != n {
			t.Errorf("counted %d of action %d, want %d", got[a], a, n)
		}
	}
}

func TestOurOwnChangesAreNotTold(t *testing.T) {
	expect(t, `own+.fsrec-barrier-1-1 +f own-.fsrec-barrier-1-1`, "CREATE f")
}

func TestAnEventCarriesTheLongNameOfAShortOne(t *testing.T) {
	all := records(t, `*long-name.text`)
	all[1].Src = "LONG-N~1.TEX"
	if got := translated(all)[1]; got.Name != "long-name.text" || got.Src != "" {
		t.Errorf("%+v", got)
	}
}

func TestAChangeWithoutANameIsAboutTheWatchedDirectory(t *testing.T) {
	expect(t, `*`, "ATTRIB /")
	expect(t, `<`, "MOVE_SELF")
	expect(t, `-f + - >`, "DELETE f")
}

func TestTheEndOfAWatchIsToldAsInotifyDoes(t *testing.T) {
	for cause, want := range map[string]string{
		event.CauseDeleted:   "DELETE_SELF, IGNORED",
		event.CauseUnmounted: "UNMOUNT, IGNORED",
		event.CauseRemoved:   "IGNORED",
		event.CauseFailed:    "IGNORED",
	} {
		all := records(t, "unwatch:"+cause)
		out := translated(all)
		if got := told(out); got != want {
			t.Errorf("%s gives %s, want %s", cause, got, want)
		}
		if last := out[len(out)-1]; last != all[1] {
			t.Errorf("%s ends with %+v", cause, last)
		}
	}
	other := root
	other.P = 0
	end := event.Record{Kind: event.KindUnwatch, WD: 1, Name: event.CauseDeleted}
	if got := told(translated([]event.Record{other, end})); got != "" {
		t.Errorf("a watch without a filter, whose events are recorded, gives %s", got)
	}
}

func TestAWatchedFileTellsOfItself(t *testing.T) {
	all := records(t, `+f *f <f >g -f unwatch:deleted`)
	all[0].Flags &^= event.FlagDir
	if got, want := told(translated(all)), "MODIFY, MOVE_SELF, DELETE_SELF, IGNORED"; got != want {
		t.Errorf("gives %s, want %s", got, want)
	}
}

func TestWhatAModificationIsDependsOnWhatWasAskedFor(t *testing.T) {
	const attributes, data = event.FILE_NOTIFY_CHANGE_ATTRIBUTES, event.FILE_NOTIFY_CHANGE_LAST_WRITE
	for _, c := range []struct {
		filter event.Filter
		mask   event.Mask
		want   string
	}{
		{event.DefaultFilter, event.IN_ALL_EVENTS, "MODIFY f, ATTRIB d/, MODIFY u?"},
		{data, event.IN_MODIFY, "MODIFY f, ATTRIB d/, MODIFY u?"},
		{attributes, event.IN_ALL_EVENTS, "ATTRIB f, ATTRIB d/, ATTRIB u?"},
		{attributes | data, event.IN_ATTRIB, "ATTRIB f, ATTRIB d/, ATTRIB u?"},
		{attributes | data, event.IN_ATTRIB | event.IN_MODIFY, "MODIFY f, ATTRIB d/, MODIFY u?"},
		{attributes | data, event.IN_CREATE, "MODIFY f, ATTRIB d/, MODIFY u?"},
	} {
		all := records(t, `*f *d/ *u?`)
		all[0].P, all[0].Mask = int64(c.filter), c.mask
		if got := told(translated(all)); got != c.want {
			t.Errorf("filter %v, mask %v: %s, want %s", c.filter, c.mask, got, c.want)
		}
	}
}

func TestChangesOfAWatchThatNothingIsKnownOf(t *testing.T) {
	if got, want := told(translated(plain(records(t, `+f *f`)[1:]))), "CREATE f?, MODIFY f?"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestWatchesBelowARenamedDirectoryGoAlong(t *testing.T) {
	below := root
	below.WD, below.Path = 2, `C:\t\A\deep`
	all := append([]event.Record{below}, records(t, `<a/ >b/ <b\deep >c -b\deep/@7 +e/@7`)...)
	var got []string
	for _, r := range translated(all) {
		if r.Kind == event.KindMove {
			got = append(got, r.Src+" "+r.Path)
		}
	}
	if want := []string{`C:\t\a C:\t\b`, `C:\t\b\deep C:\t\e`}; len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestAnIDThatIsNoneJoinsNothing: a file of ReFS whose id does not fit has -1 ([MS-FSCC] 2.1.9).
func TestAnIDThatIsNoneJoinsNothing(t *testing.T) {
	expect(t, `-d\a@-1 +e\b@-1`, `DELETE d\a, CREATE e\b`)
	expect(t, `<a@-1 >b@5`, "MOVED_FROM a#2, MOVED_TO b#2")
	expect(t, `-a@5 <a@-1 >A@-1`, "MOVED_FROM a#3, MOVED_TO A#3")
}

// TestAnIDThatIsUsedAgainIsNoMove: within a directory Windows would tell of a rename. It is
// another name of the same file, or the id is the place of the name on the disk, as on FAT.
func TestAnIDThatIsUsedAgainIsNoMove(t *testing.T) {
	all := records(t, `-d\a@7 +d\b@7`)
	for i := range all[1:] {
		all[1+i].P = 4
	}
	if got := told(translated(all)); got != `DELETE d\a, CREATE d\b` {
		t.Error(got)
	}
}

func TestAMoveBetweenTheHalvesOfARenameDoesNotPartThem(t *testing.T) {
	expect(t, `<a@1 -d\x@2 +e\x@2 >b@1`, `MOVED_FROM a#2, MOVED_FROM d\x~#3, MOVED_TO e\x~#3, MOVED_TO b#2`)
}
