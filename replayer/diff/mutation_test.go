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

// mutation changes event i of a recording, where it can, and tells where the changed one is then.
type mutation struct {
	name string
	do   func(all []event.Record, paths []string, i int, random *rand.Rand) (changed []event.Record, at int)
}

var mutations = []mutation{
	{"drop", func(all []event.Record, _ []string, i int, _ *rand.Rand) ([]event.Record, int) {
		return slices.Delete(all, i, i+1), -1
	}},
	{"double", func(all []event.Record, _ []string, i int, _ *rand.Rand) ([]event.Record, int) {
		return slices.Insert(all, i, all[i]), i + 1
	}},
	{"move", func(all []event.Record, paths []string, i int, random *rand.Rand) ([]event.Record, int) {
		var later []int
		for j := i + 1; j < len(all); j++ {
			if paths[j] == paths[i] && (len(later) > 0 || all[j].Mask != all[i].Mask) {
				later = append(later, j)
			}
		}
		if len(later) == 0 {
			return nil, -1
		}
		j, r := later[random.IntN(len(later))], all[i]
		return slices.Insert(slices.Delete(all, i, i+1), j, r), j
	}},
	{"rename", func(all []event.Record, _ []string, i int, _ *rand.Rand) ([]event.Record, int) {
		all[i].Name = "wrong"
		return all, i
	}},
	{"swap", func(all []event.Record, paths []string, i int, random *rand.Rand) ([]event.Record, int) {
		var names []string
		for j := range all {
			if paths[j] != "" && all[j].Name != all[i].Name {
				names = append(names, all[j].Name)
			}
		}
		if len(names) == 0 {
			return nil, -1
		}
		all[i].Name = names[random.IntN(len(names))]
		return all, i
	}},
}

// pathsOf gives the path of each event, of other records none. Nor do those have one that are set aside, since the watch was
// not asked for them or its directory is where nothing is watched, or whose name does not count, since a file is watched on Windows.
func pathsOf(all []event.Record) []string {
	table := event.NewTable(event.Linux)
	out := make([]string, len(all))
	for i := range all {
		r := &all[i]
		w := table.Watch(r.WD)
		if w != nil && !w.Lost() && r.Flags&event.FlagOwn == 0 && maskOf(r)&(w.Mask|event.AlwaysDelivered) != 0 && (r.Kind == event.KindEvent || w.Flags&event.FlagDir != 0) {
			out[i] = slashed(w.Path(), r.Name)
		}
		table.Apply(r)
	}
	return out
}

// slashed is a path and a name below it, with slashes.
func slashed(dir, name string) string { return path.Clean(strings.ReplaceAll(dir+"/"+name, "\\", "/")) }

var actions = map[event.Action]event.Mask{
	event.FILE_ACTION_ADDED: event.IN_CREATE, event.FILE_ACTION_REMOVED: event.IN_DELETE, event.FILE_ACTION_MODIFIED: event.IN_MODIFY | event.IN_ATTRIB,
	event.FILE_ACTION_RENAMED_OLD_NAME: event.IN_MOVED_FROM, event.FILE_ACTION_RENAMED_NEW_NAME: event.IN_MOVED_TO,
}

// maskOf is the kinds of event that a record can tell of.
func maskOf(r *event.Record) event.Mask {
	switch r.Kind {
	case event.KindEvent:
		return r.Mask &^ event.IN_ISDIR
	case event.KindChange:
		return actions[event.Action(r.Mask)]
	}
	return 0
}

// mutant is an event that was changed in the right one of two recordings.
type mutant struct {
	mutation string
	mask     event.Mask
	like     event.Mask // what may be shown instead: of two neighbours that change places either is the one that was moved
	paths    []string   // that it was and is on, below the root
	seq      [2]uint64  // of its record on each side, 0 where it has none
}

// mutate changes event i of all, whose records have the numbers of those of the other recording, and numbers them anew.
func mutate(all []event.Record, i int, by mutation, random *rand.Rand) ([]event.Record, *mutant) {
	paths := pathsOf(all)
	m := &mutant{mutation: by.name, mask: maskOf(&all[i]), seq: [2]uint64{all[i].Seq}, paths: []string{paths[i]}}
	if paths[i] == "" {
		return nil, nil
	}
	before := slices.Clone(all)
	changed, at := by.do(all, paths, i, random)
	if changed == nil {
		return nil, nil
	}
	if by.name == "move" {
		var passed []event.Mask
		for j := i + 1; j <= at; j++ {
			if paths[j] == paths[i] {
				passed = append(passed, maskOf(&before[j]))
			}
		}
		if len(passed) == 1 {
			m.like = passed[0]
		}
	}
	if at >= 0 {
		m.seq[1] = uint64(at + 1)
		m.paths = append(m.paths, slashed(strings.TrimSuffix(paths[i], slashed("", before[i].Name)), changed[at].Name))
	}
	for n := range changed {
		changed[n].Seq, changed[n].Time = uint64(n+1), max(changed[n].Time, changed[max(0, n-1)].Time)
	}
	return changed, m
}

func (m *mutant) String() string { return fmt.Sprintf("%s %s %s", m.mutation, m.mask, m.paths) }

// shownBy reports whether a comparison shows the event: its record, or one like it on its path.
func (m *mutant) shownBy(r *diff.Result) bool {
	for _, d := range r.Differences {
		for i, events := range [][]diff.Event{d.Left, d.Right} {
			side := [...]*diff.SideInfo{&r.Left, &r.Right}[i]
			for _, e := range events {
				if m.seq[i] != 0 && (e.Seq == m.seq[i] || e.From == m.seq[i]) {
					return true
				}
				on := func(path diff.Text) bool { return slices.Contains(m.paths, fullPath(side, e.Root, path)) }
				if e.Mask&(m.mask|m.like)&^event.IN_ISDIR != 0 && (on(e.Path) || on(e.Src)) {
					return true
				}
			}
		}
	}
	return false
}

// fullPath is the path that an event of a comparison was recorded under, with slashes.
func fullPath(side *diff.SideInfo, root int, below diff.Text) string {
	return slashed(string(side.Roots[root]), string(below))
}

// hidden is a mutation after which the recordings differ as they may.
type hidden struct {
	mutation string
	mask     event.Mask
	rule     string
}

// whyHidden tells the reasons.
var whyHidden = map[hidden]string{
	{"double", event.IN_ACCESS, "merged-reads"}:                    merges,
	{"double", event.IN_ATTRIB, "merged-attributes"}:               merges,
	{"double", event.IN_MODIFY, "merged-writes"}:                   merges,
	{"double", event.IN_CLOSE_WRITE, "merged-opens"}:               "where IN_OPEN was not asked for; " + merges,
	{"drop", event.IN_MODIFY, "merged-writes"}:                     merges,
	{"swap", event.IN_MODIFY, "merged-writes"}:                     "of files that are written at the same time; " + merges,
	{"double", event.IN_MODIFY | event.IN_ATTRIB, "writes-differ"}: anyNumber,
	{"drop", event.IN_MODIFY | event.IN_ATTRIB, "writes-differ"}:   anyNumber,
	{"swap", event.IN_MODIFY | event.IN_ATTRIB, "writes-differ"}:   anyNumber,
}

const (
	merges    = "the kernel makes one of equal events that follow one another as long as nobody has read the first"
	anyNumber = "how often Windows tells of one write depends on the cache"
)

// judge holds the comparison of a recording with a mutant of it.
func (m *mutant) judge(t *testing.T, where string, r *diff.Result, used map[hidden]int) {
	t.Helper()
	if !m.shownBy(r) {
		t.Errorf("%s: %s is not shown:\n%s", where, m, told(r))
	}
	if r.Verdict == diff.Unexplained {
		return
	}
	for _, rule := range r.Rules {
		h := hidden{m.mutation, m.mask, rule.ID}
		used[h]++
		if whyHidden[h] == "" {
			t.Errorf("%s: %s is %s:\n%s", where, m, r.Verdict, told(r))
		}
	}
	if r.Verdict != diff.Explained {
		t.Errorf("%s: %s is %s:\n%s", where, m, r.Verdict, told(r))
	}
}

// A recording in which one event was dropped, doubled, moved within its path or given another name is found to be another
// one, whatever the order of the rest, the event is shown, and no rule explains it but as whyHidden says.
func TestAnyMutationIsFound(t *testing.T) {
	used := make(map[hidden]int)
	t.Run("seeded", func(t *testing.T) { mutateWorlds(t, used) })
	for _, system := range []string{"linux", "wine"} {
		t.Run(system, func(t *testing.T) { mutateTraces(t, system, used) })
	}
	for h := range whyHidden {
		if used[h] == 0 && !testing.Short() {
			t.Errorf("whyHidden has a row that nothing needs: %v", h)
		}
	}
}

func mutateWorlds(t *testing.T, used map[hidden]int) {
	want := 1000
	if testing.Short() {
		want = 100
	}
	found := make(map[string]int)
	for seed, n := uint64(0), 0; n < want; seed++ {
		w := newWorld(seed)
		for range 20 + w.random.IntN(60) {
			w.act()
		}
		left := flat(w.steps)
		right := joined(reorder(w.steps, w.random))
		i := w.random.IntN(len(right))
		right, m := mutate(right, i, mutations[seed%uint64(len(mutations))], w.random)
		if m == nil {
			continue
		}
		n++
		found[m.mutation]++
		r := compareRecords(t, left, number(right), diff.Options{})
		m.judge(t, fmt.Sprintf("seed %d", seed), r, used)
		if len(r.Differences) > 4 {
			t.Errorf("seed %d: %s makes %d differences:\n%s", seed, m, len(r.Differences), told(r))
		}
	}
	t.Log(found)
}

func mutateTraces(t *testing.T, system string, used map[hidden]int) {
	random, n := rand.New(rand.NewPCG(1, 2)), 0
	for _, name := range namesOf(t, system, ".txt") {
		in := recording(t, trace(t, recordingOf(system, name)))
		all := in.Reader.(*event.MemoryLog).Records()
		for i, path := range pathsOf(all) {
			for k, by := range mutations {
				if path == "" || testing.Short() && (i+k)%10 != 0 {
					continue
				}
				mutated, m := mutate(slices.Clone(all), i, by, random)
				if m == nil {
					continue
				}
				n++
				log := func(records []event.Record) diff.Input {
					return diff.Input{Header: in.Header, Reader: event.NewMemoryLog(in.Header, records)}
				}
				r, err := diff.Compare(t.Context(), log(all), log(mutated), diff.Options{})
				if err != nil {
					t.Fatal(err)
				}
				m.judge(t, fmt.Sprintf("%s:%d", name, i+1), r, used)
			}
		}
	}
	t.Log(n, "mutations")
}
