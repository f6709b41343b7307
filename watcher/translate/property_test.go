package translate

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"fsrec/watcher/event"
)

// noise makes records of everything that can come, in any order, from what draw
// gives: a number below its argument.
func noise(count int, draw func(int) int) []event.Record {
	names := []string{`a`, `A`, `b`, `d`, `D`, `d\e`, `d\a`, `D\E\f`, `é`, `É`, "\xed\xa0\xbd", ``, `.fsrec-barrier-1-1`}
	other := root
	other.WD, other.Path = 2, `C:\t\d`
	aFile := root
	aFile.WD, aFile.Flags, aFile.Path = 3, 0, `C:\t\a`
	all := []event.Record{root, other, aFile}
	now := int64(0)
	for range count {
		now += int64(draw(3)*draw(60)) * int64(time.Millisecond)
		r := event.Record{Kind: event.KindChange, WD: int32(draw(4)) + 1, Time: now}
		switch kind := draw(30); kind {
		case 0:
			r.Kind = event.KindRead
		case 1:
			r.Kind = event.KindEntry
			r.Name, r.Cookie = names[draw(len(names))], uint32(0o40000<<draw(2))
		case 2:
			r.Kind, r.WD = event.KindIdle, 0
		case 3:
			r.Kind, r.WD, r.N = event.KindLoss, int32(draw(3)), -1
		case 4:
			r = []event.Record{root, other, aFile}[draw(3)]
			r.Time = now
		case 5:
			r.Kind, r.Name = event.KindUnwatch, event.CauseDeleted
		case 6:
			r.Kind, r.WD = event.KindBarrier, 0
		default:
			r.Mask, r.Name = event.Mask(1+draw(6)), names[draw(len(names))]
			r.M = int64(draw(3))
			r.Cookie = []uint32{0, 0x10, 0x80}[draw(3)]
			r.Flags = []event.Flags{0, 0, 0, 0, event.FlagOwn, event.FlagInferred}[draw(6)]
		}
		all = append(all, r)
	}
	for i := range all {
		all[i].Seq = uint64(i) + 1
	}
	return all
}

// checkTold holds for whatever is translated: nothing is invented, nothing is
// lost but what the package documentation says, everything else passes in its order.
func checkTold(t *testing.T, records []event.Record) {
	t.Helper()
	out := translated(records)
	told := make(map[uint64]event.Record)
	var passed []event.Record
	for _, r := range out {
		if r.Kind != event.KindEvent {
			if r.Kind != event.KindMove && r.Kind != event.KindRead {
				passed = append(passed, r)
			}
			continue
		}
		if _, twice := told[r.Seq]; twice && records[r.Seq-1].Kind == event.KindChange {
			t.Fatalf("record %d is told twice", r.Seq)
		}
		told[r.Seq] = r
	}
	var through []event.Record
	files := make(map[int32]bool)
	for i, r := range records {
		switch r.Kind {
		case event.KindWatch:
			files[r.WD] = r.Flags&event.FlagDir == 0
		case event.KindUnwatch:
			delete(files, r.WD)
		case event.KindChange:
			ev, ok := told[r.Seq]
			if want := tells(records, i, files[r.WD]); ok != want {
				t.Fatalf("record %d, %v %q: told is %t, want %t", r.Seq, r.Action(), r.Name, ok, want)
			}
			if ok && (ev.WD != r.WD || ev.Time != r.Time || ev.Name != r.Name && !files[r.WD]) {
				t.Fatalf("%+v is told as %+v", r, ev)
			}
		}
		if r.Kind != event.KindChange && r.Kind != event.KindRead {
			through = append(through, r)
		}
	}
	if !reflect.DeepEqual(passed, through) {
		t.Fatalf("passed\n%v\nwant\n%v", passed, through)
	}
}

// tells says whether there is an event for records[i], a change.
func tells(records []event.Record, i int, isFile bool) bool {
	r := &records[i]
	self := isFile || r.Name == ""
	switch {
	case r.Flags&event.FlagOwn != 0 || r.Action() > event.FILE_ACTION_RENAMED_NEW_NAME:
		return false
	case self:
		return r.Action() == event.FILE_ACTION_MODIFIED || r.Action() == event.FILE_ACTION_RENAMED_OLD_NAME
	case r.Action() != event.FILE_ACTION_REMOVED:
		return true
	}
	reads := 0
	for j := i + 1; j < len(records); j++ {
		next := &records[j]
		switch {
		case next.Time-r.Time > int64(100*time.Millisecond):
			return true
		case next.Kind == event.KindRead && next.WD == r.WD:
			if reads++; reads > 1 {
				return true
			}
			continue
		case next.Kind == event.KindLoss && (next.WD == r.WD || !known(records[:j], next.WD)),
			next.Kind == event.KindBarrier || next.Kind == event.KindIdle:
			return true
		case next.WD != r.WD, next.Kind == event.KindChange && (next.Flags&event.FlagOwn != 0 || next.Action() > event.FILE_ACTION_RENAMED_NEW_NAME):
			continue
		case next.Kind != event.KindChange || next.Action() != event.FILE_ACTION_RENAMED_OLD_NAME || next.Name == "":
			return true
		}
		ids := r.M != 0 && next.M != 0 && r.M != next.M
		return ids || event.Windows.Fold(r.Name) != event.Windows.Fold(next.Name)
	}
	return true
}

// known reports whether wd was watched, or told of something, before.
func known(records []event.Record, wd int32) (is bool) {
	for _, r := range records {
		switch {
		case r.WD != wd:
		case r.Kind == event.KindWatch:
			is = true
		case r.Kind == event.KindChange && r.Flags&event.FlagOwn == 0 && r.Action() <= event.FILE_ACTION_RENAMED_NEW_NAME:
			is = true
		case r.Kind == event.KindUnwatch:
			is = false
		}
	}
	return is
}

// checkSplits holds that the division into batches does not matter.
func checkSplits(t *testing.T, records []event.Record, draw func(int) int) {
	t.Helper()
	want := translated(records)
	for range 4 {
		tr := New()
		var got []event.Record
		for rest := records; len(rest) > 0; {
			n := 1 + draw(min(len(rest), 7))
			got = tr.Append(got, rest[:n])
			rest = rest[n:]
		}
		if got = tr.Flush(got); !reflect.DeepEqual(got, want) {
			t.Fatalf("in other batches\n%s\nwant\n%s", told(got), told(want))
		}
	}
}

func TestNothingIsInventedAndNothingIsLost(t *testing.T) {
	for seed := range uint64(500) {
		draw := rand.New(rand.NewPCG(seed, 1)).IntN
		records := noise(300, draw)
		checkTold(t, records)
		checkSplits(t, records, draw)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzTranslate(f *testing.F) {
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{7, 1, 2, 200, 3, 0}, 40))
	f.Fuzz(func(t *testing.T, data []byte) {
		rest := data
		draw := func(n int) int {
			if len(rest) == 0 {
				return 0
			}
			b := rest[0]
			rest = rest[1:]
			return int(b) % n
		}
		records := noise(min(len(data)/6, 200), draw)
		rest = data
		checkTold(t, records)
		checkSplits(t, records, draw)
	})
}

// tree is a directory tree to which things happen, and which says what Windows
// would say, without ReadDirectoryChangesExW.
type tree struct {
	dirs    map[string]bool // by name; false for a file
	records []event.Record
	want    []string
}

func (x *tree) say(action event.Action, name string, is subject, looked bool) {
	r := event.Record{Kind: event.KindChange, WD: 1, Seq: uint64(len(x.records)) + 1, Mask: event.Mask(action), Name: name}
	if looked {
		r.Flags, r.Cookie = event.FlagInferred, uint32(event.FILE_ATTRIBUTE_NORMAL)
		if is == directory {
			r.Cookie = uint32(event.FILE_ATTRIBUTE_DIRECTORY)
		}
	}
	x.records = append(x.records, r)
	mark := ""
	if is == directory {
		mark = "/"
	}
	x.want = append(x.want, name+mark)
}

func (x *tree) is(name string) subject {
	if x.dirs[name] {
		return directory
	}
	return file
}

// rename moves name, and what is below, to dst.
func (x *tree) rename(name, dst string) {
	for _, at := range slices.Sorted(maps.Keys(x.dirs)) {
		if rest, ok := event.Windows.Below(name, at); ok {
			x.dirs[event.Windows.Join(dst, rest)] = x.dirs[at]
			delete(x.dirs, at)
		}
	}
}

// pick draws one of the names for which only holds, "" if there is none.
func (x *tree) pick(draw func(int) int, only func(string) bool) string {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(x.dirs)), func(name string) bool { return !only(name) })
	if len(names) == 0 {
		return ""
	}
	return names[draw(len(names))]
}

func (x *tree) step(n int, draw func(int) int) {
	parent := x.pick(draw, func(name string) bool { return x.dirs[name] && strings.Count(name, `\`) < 4 })
	fresh := fmt.Sprintf("n%d", n)
	if parent != "" && draw(3) > 0 {
		fresh = parent + `\` + fresh
	}
	any := x.pick(draw, func(string) bool { return true })
	switch op := draw(6); {
	case op < 2 || any == "":
		x.dirs[fresh] = draw(2) == 0
		x.say(event.FILE_ACTION_ADDED, fresh, x.is(fresh), true)
	case op == 2:
		x.say(event.FILE_ACTION_MODIFIED, any, x.is(any), false)
	case op == 3:
		leaf := x.pick(draw, func(name string) bool {
			for other := range x.dirs {
				if strings.HasPrefix(other, name+`\`) {
					return false
				}
			}
			return true
		})
		x.say(event.FILE_ACTION_REMOVED, leaf, x.is(leaf), false)
		delete(x.dirs, leaf)
	default:
		dst := fmt.Sprintf("r%d", n)
		if i := strings.LastIndexByte(any, '\\'); i >= 0 {
			dst = any[:i+1] + dst
		}
		is := x.is(any)
		x.say(event.FILE_ACTION_RENAMED_OLD_NAME, any, is, false)
		x.rename(any, dst)
		x.say(event.FILE_ACTION_RENAMED_NEW_NAME, dst, is, draw(2) == 0)
	}
}

func TestTheIndexKnowsEveryDirectoryOfAListedTree(t *testing.T) {
	for seed := range uint64(200) {
		draw := rand.New(rand.NewPCG(seed, 2)).IntN
		x := &tree{dirs: map[string]bool{"d": true, `d\e`: true, `d\f`: false}}
		for n := range 200 {
			x.step(n, draw)
		}
		listed := append([]event.Record{root}, event.Record{Kind: event.KindEntry, WD: 1})
		for _, name := range []string{"d", `d\e`} {
			listed = append(listed, event.Record{Kind: event.KindEntry, WD: 1, Name: name, Cookie: 0o40755})
		}
		var got []string
		for _, r := range translated(append(listed, x.records...)) {
			if r.Kind != event.KindEvent {
				continue
			}
			s := r.Name
			if r.Mask&event.IN_ISDIR != 0 {
				s += "/"
			}
			if r.Flags&event.FlagDirUnknown != 0 || r.Flags&event.FlagInferred == 0 {
				s += fmt.Sprint(" with flags ", r.Flags)
			}
			got = append(got, s)
		}
		for i, want := range x.want {
			if i >= len(got) || got[i] != want {
				t.Fatalf("seed %d: event %d is not of %s: %q", seed, i, want, got[min(i, len(got)):])
			}
		}
		if len(got) != len(x.want) {
			t.Fatalf("seed %d: %q too many", seed, got[len(x.want):])
		}
	}
}

// storm is what a file storm in 16 directories delivers: with attributes from
// ReadDirectoryChangesExW, or without them after a listing.
func storm(extended bool) (start, records []event.Record) {
	start = []event.Record{root, {Kind: event.KindEntry, WD: 1}}
	for d := range 16 {
		start = append(start, event.Record{Kind: event.KindEntry, WD: 1, Name: fmt.Sprintf("dir%02d", d), Cookie: 0o40755})
	}
	for n := range 256 {
		dir := fmt.Sprintf("dir%02d", n%16)
		name, moved := fmt.Sprintf(`%s\file%06d.txt`, dir, n), fmt.Sprintf(`%s\file%06d.moved`, dir, n)
		for _, c := range []struct {
			action event.Action
			name   string
		}{{1, name}, {3, dir}, {3, name}, {3, name}, {4, name}, {5, moved}, {2, moved}} {
			r := event.Record{Kind: event.KindChange, WD: 1, Mask: event.Mask(c.action), Name: c.name}
			switch {
			case c.name == dir && extended:
				r.Cookie = uint32(event.FILE_ATTRIBUTE_DIRECTORY)
			case extended:
				r.Cookie = uint32(event.FILE_ATTRIBUTE_NORMAL)
			case c.action == event.FILE_ACTION_ADDED || c.action == event.FILE_ACTION_RENAMED_NEW_NAME:
				r.Cookie, r.Flags = uint32(event.FILE_ATTRIBUTE_NORMAL), event.FlagInferred
			}
			records = append(records, r)
		}
	}
	return start, records
}

func TestTranslationDoesNotAllocate(t *testing.T) {
	for _, extended := range []bool{true, false} {
		start, records := storm(extended)
		tr := New()
		to := tr.Append(make([]event.Record, 0, 2*len(records)), start)
		if n := testing.AllocsPerRun(20, func() { to = tr.Append(to[:0], records) }); n != 0 {
			t.Errorf("extended %t: %v allocations for %d changes", extended, n, len(records))
		}
	}
}

func BenchmarkTranslate(b *testing.B) {
	for _, extended := range []bool{true, false} {
		b.Run(map[bool]string{true: "attributes", false: "index"}[extended], func(b *testing.B) {
			start, records := storm(extended)
			tr := New()
			to := tr.Append(nil, start)
			b.ReportAllocs()
			for b.Loop() {
				to = tr.Append(to[:0], records)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(records)), "ns/event")
		})
	}
}
