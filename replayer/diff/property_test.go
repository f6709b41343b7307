package diff_test

import (
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"

	"fsrec/replayer/diff"
	"fsrec/watcher/event"
)

// step is records that stay together, and the paths that they are about.
type step struct {
	records []event.Record
	paths   []string
	dir     bool // a directory among them came, went or was renamed
}

// world makes up what happens in a tree of directories, as inotify tells it.
type world struct {
	random *rand.Rand
	wds    map[string]int32
	files  []string
	steps  []step
	nextWD int32
	cookie uint32
	names  int
}

func newWorld(seed uint64) *world {
	w := &world{random: rand.New(rand.NewPCG(seed, 5)), wds: make(map[string]int32)}
	for _, dir := range []string{"/w", "/w/a", "/w/b", "/w/a/c"} {
		w.watch(dir)
	}
	return w
}

func (w *world) watch(dir string) event.Record {
	w.nextWD++
	w.wds[dir] = w.nextWD
	r := event.Record{Kind: event.KindWatch, Flags: event.FlagDir, WD: w.nextWD, Mask: event.IN_ALL_EVENTS, Path: dir}
	if dir != "/w" {
		r.M = 1
	}
	if w.nextWD <= 4 {
		w.steps = append(w.steps, step{records: []event.Record{r}, paths: []string{dir}, dir: true})
	}
	return r
}

func (w *world) event(p string, mask event.Mask) event.Record {
	return event.Record{Kind: event.KindEvent, WD: w.wds[path.Dir(p)], Mask: mask, Name: path.Base(p)}
}

func (w *world) tell(p string, masks ...event.Mask) {
	for _, m := range masks {
		w.steps = append(w.steps, step{records: []event.Record{w.event(p, m)}, paths: []string{p}, dir: m&event.IN_ISDIR != 0})
	}
}

func (w *world) dirs() []string {
	var all []string
	for dir := range w.wds {
		all = append(all, dir)
	}
	slices.Sort(all)
	return all
}

func (w *world) pickDir() string { all := w.dirs(); return all[w.random.IntN(len(all))] }

func (w *world) name() string {
	w.names++
	return fmt.Sprintf("n%d", w.random.IntN(8+w.names))
}

func (w *world) taken(p string) bool { return slices.Contains(w.files, p) || w.wds[p] != 0 }

func (w *world) pickFile() (string, bool) {
	if len(w.files) == 0 {
		return "", false
	}
	return w.files[w.random.IntN(len(w.files))], true
}

func (w *world) remove(file string) {
	w.files = slices.DeleteFunc(w.files, func(f string) bool { return f == file })
}

// act lets something happen.
func (w *world) act() {
	switch w.random.IntN(9) {
	case 0, 1, 2:
		p := path.Join(w.pickDir(), w.name())
		if !w.taken(p) {
			w.files = append(w.files, p)
			w.tell(p, event.IN_CREATE, event.IN_OPEN, event.IN_MODIFY, event.IN_CLOSE_WRITE)
		}
	case 3, 4:
		if p, ok := w.pickFile(); ok {
			w.tell(p, event.IN_OPEN, event.IN_MODIFY, event.IN_ATTRIB, event.IN_MODIFY, event.IN_CLOSE_WRITE)
		}
	case 5:
		if p, ok := w.pickFile(); ok {
			w.remove(p)
			w.tell(p, event.IN_DELETE)
		}
	case 6:
		if p, ok := w.pickFile(); ok {
			to := path.Join(w.pickDir(), w.name())
			if w.wds[to] == 0 && to != p {
				w.remove(p)
				w.remove(to)
				w.files = append(w.files, to)
				w.rename(p, to, 0)
			}
		}
	case 7:
		p := path.Join(w.pickDir(), w.name())
		if !w.taken(p) {
			r := w.event(p, event.IN_CREATE|event.IN_ISDIR)
			w.steps = append(w.steps, step{records: []event.Record{r, w.watch(p)}, paths: []string{p}, dir: true})
		}
	case 8:
		w.renameDir()
	}
}

func (w *world) renameDir() {
	p, to := w.pickDir(), path.Join(w.pickDir(), w.name())
	if w.wds[p] <= 4 || w.taken(to) || strings.HasPrefix(to+"/", p+"/") {
		return
	}
	w.rename(p, to, event.IN_ISDIR)
	for _, dir := range w.dirs() {
		if strings.HasPrefix(dir+"/", p+"/") {
			w.wds[to+dir[len(p):]] = w.wds[dir]
			delete(w.wds, dir)
		}
	}
	for i, f := range w.files {
		if strings.HasPrefix(f, p+"/") {
			w.files[i] = to + f[len(p):]
		}
	}
}

func (w *world) rename(p, to string, dir event.Mask) {
	w.cookie++
	from, into := w.event(p, event.IN_MOVED_FROM|dir), w.event(to, event.IN_MOVED_TO|dir)
	from.Cookie, into.Cookie = w.cookie, w.cookie
	s := step{records: []event.Record{from, into}, paths: []string{p, to}, dir: dir != 0}
	if dir != 0 {
		s.records = append(s.records, event.Record{Kind: event.KindMove, Src: p, Path: to})
	}
	w.steps = append(w.steps, s)
}

// dependent reports whether two steps may not change places.
func dependent(a, b *step) bool {
	for _, p := range a.paths {
		for _, q := range b.paths {
			if p == q || a.dir && strings.HasPrefix(q, p+"/") || b.dir && strings.HasPrefix(p, q+"/") {
				return true
			}
		}
	}
	return false
}

// reorder gives another legal order: a random one in which dependent steps keep theirs.
func reorder(steps []step, random *rand.Rand) []step {
	before := make([]int, len(steps))
	after := make([][]int, len(steps))
	for i := range steps {
		for j := range i {
			if dependent(&steps[j], &steps[i]) {
				before[i]++
				after[j] = append(after[j], i)
			}
		}
	}
	var ready []int
	for i, n := range before {
		if n == 0 {
			ready = append(ready, i)
		}
	}
	out := make([]step, 0, len(steps))
	for len(ready) > 0 {
		n := random.IntN(len(ready))
		i := ready[n]
		ready = slices.Delete(ready, n, n+1)
		out = append(out, steps[i])
		for _, j := range after[i] {
			if before[j]--; before[j] == 0 {
				ready = append(ready, j)
			}
		}
	}
	return out
}

// flat gives the records of steps, with numbers, which the steps are given too.
func flat(steps []step) []event.Record {
	n := uint64(0)
	for _, s := range steps {
		for i := range s.records {
			n++
			s.records[i].Seq = n
		}
	}
	return number(joined(steps))
}

// joined gives the records of steps with the numbers that they have.
func joined(steps []step) []event.Record {
	var out []event.Record
	for _, s := range steps {
		out = append(out, s.records...)
	}
	return out
}

func number(records []event.Record) []event.Record {
	for i := range records {
		records[i].Seq, records[i].Time = uint64(i+1), int64(i)*1e6
	}
	return records
}

func compareRecords(t testing.TB, left, right []event.Record, o diff.Options) *diff.Result {
	t.Helper()
	h := event.Header{Platform: event.Linux, Backend: "inotify", Roots: event.Strings{"/w"}}
	in := func(all []event.Record) diff.Input {
		return diff.Input{Header: h, Reader: event.NewMemoryLog(h, all)}
	}
	r, err := diff.Compare(t.Context(), in(left), in(right), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A recording is the same as itself in any order that the world could have told it in.
func TestAnyLegalInterleavingIsTheSame(t *testing.T) {
	for seed := range uint64(200) {
		w := newWorld(seed)
		for range 20 + w.random.IntN(100) {
			w.act()
		}
		left, right := flat(w.steps), flat(reorder(w.steps, w.random))
		for _, m := range []diff.Match{diff.Partial, diff.Set, diff.Subset} {
			if r := compareRecords(t, left, right, diff.Options{Match: m}); r.Verdict != diff.Same {
				t.Fatalf("seed %d, %s:\n%s", seed, m, told(r))
			}
		}
		if r := compareRecords(t, left, slices.Clone(left), diff.Options{Match: diff.Exact}); r.Verdict != diff.Same {
			t.Fatalf("seed %d, exact:\n%s", seed, told(r))
		}
	}
}
