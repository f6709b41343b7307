package diff_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"fsrec/replayer/diff"
	"fsrec/watcher/event"
	"fsrec/watcher/live"
)

// churn is what programs do to new directories faster than they can be watched.
type churn struct {
	name string
	do   func(w *work)
}

// work carries out steps below a directory until one fails.
type work struct {
	dir string
	err error
}

func (w *work) step(do func() error) {
	if w.err == nil {
		w.err = do()
	}
}

func (w *work) path(p string) string { return filepath.Join(w.dir, p) }

func (w *work) mkdir(p string)     { w.step(func() error { return os.MkdirAll(w.path(p), 0o755) }) }
func (w *work) remove(p string)    { w.step(func() error { return os.Remove(w.path(p)) }) }
func (w *work) removeAll(p string) { w.step(func() error { return os.RemoveAll(w.path(p)) }) }
func (w *work) rename(p, q string) { w.step(func() error { return os.Rename(w.path(p), w.path(q)) }) }
func (w *work) link(p, q string)   { w.step(func() error { return os.Link(w.path(p), w.path(q)) }) }
func (w *work) write(p, text string) {
	w.step(func() error { return os.WriteFile(w.path(p), []byte(text), 0o644) })
}

func (w *work) run(command ...string) {
	w.step(func() error {
		c := exec.Command(command[0], command[1:]...)
		c.Dir = w.dir
		out, err := c.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w: %s", command, err, out)
		}
		return nil
	})
}

var churns = []churn{
	{"lives", func(w *work) {
		for range 50 {
			w.mkdir("d")
			w.remove("d")
		}
	}},
	{"lives with a file", func(w *work) {
		for range 50 {
			w.mkdir("d")
			w.write("d/f", "x")
			w.removeAll("d")
		}
	}},
	{"lives of a tree", func(w *work) {
		for range 20 {
			w.mkdir("d/e")
			w.write("d/e/f", "x")
			w.write("d/g", "x")
			w.removeAll("d")
		}
	}},
	{"lives under two names", func(w *work) {
		for range 20 {
			w.mkdir("d")
			w.write("d/f", "x")
			w.rename("d", "e")
			w.removeAll("e")
		}
	}},
	{"a tree renamed", func(w *work) {
		w.mkdir("a/b/c")
		w.rename("a", "z")
		w.write("z/b/c/f", "x")
	}},
	{"a tree renamed and taken apart", func(w *work) {
		w.mkdir("a/b/c")
		w.write("a/b/c/f", "x")
		w.rename("a", "y")
		w.rename("y", "z")
		w.write("z/b/c/g", "x")
		w.rename("z/b", "b")
		w.rename("b/c", "z/c")
		w.remove("z/c/f")
	}},
	{"trees that take turns", func(w *work) {
		w.mkdir("cur/x")
		for i := range 10 {
			w.mkdir("new/x")
			w.write("new/x/f", fmt.Sprint(i))
			w.write("new/g", fmt.Sprint(i))
			w.rename("cur", "old")
			w.rename("new", "cur")
			w.removeAll("old")
		}
	}},
	{"from one new directory to another", func(w *work) {
		for range 10 {
			w.mkdir("a")
			w.mkdir("b")
			w.write("a/f", "x")
			w.rename("a/f", "b/g")
			w.rename("b", "a/b")
			w.removeAll("a")
		}
	}},
	{"saves", func(w *work) {
		for i := range 5 {
			dir := fmt.Sprintf("%d/p/", i)
			w.mkdir(dir)
			w.write(dir+"f.tmp", "1")
			w.rename(dir+"f.tmp", dir+"f")
			w.rename(dir+"f", dir+"f~")
			w.write(dir+"f", "2")
			w.remove(dir + "f~")
		}
	}},
	{"links", func(w *work) {
		for range 10 {
			w.mkdir("a")
			w.write("a/f", "x")
			w.link("a/f", "a/g")
			w.link("a/f", "h")
			w.remove("h")
			w.removeAll("a")
		}
	}},
	{"copied and removed", func(w *work) {
		w.mkdir("s/0/1")
		w.mkdir("s/2")
		w.write("s/0/1/f", "x")
		w.write("s/2/f", "x")
		w.run("cp", "-r", "s", "t")
		w.run("rm", "-r", "t")
		w.run("cp", "-r", "s", "t")
		w.rename("t", "u")
		w.run("rm", "-r", "u")
	}},
	{"unpacked", func(w *work) {
		w.mkdir("s/0/1")
		w.write("s/0/1/f", "x")
		w.run("tar", "cf", "t", "s")
		w.rename("s", "r")
		w.run("tar", "xf", "t")
		w.removeAll("r")
	}},
	{"anything", func(w *work) { // what cannot be done is not
		random := rand.New(rand.NewPCG(3, 9))
		names := []string{"a", "b", "a/b", "a/c", "b/c", "a/b/c", "b/a", "b/a/f", "a/f", "a/b/f", "f"}
		for range 100 {
			one := work{dir: w.dir}
			p, q := names[random.IntN(len(names))], names[random.IntN(len(names))]
			switch random.IntN(6) {
			case 0, 1:
				one.mkdir(p)
			case 2:
				one.rename(p, q)
			case 3:
				one.removeAll(p)
			default:
				one.write(p, "x")
			}
		}
	}},
}

// However soon after a directory was made it is watched, recordings of the same operations differ in nothing that is unexplained,
// though what happened in it before is told by nobody. Now and then (one pair of 1,000 on a busy machine) a listing is taken for
// the recorder's or for somebody else's: inotify does not say whose an event is, and makes one of two that follow one another unread.
func TestNewDirectoriesRecordedAgainUnderLoad(t *testing.T) {
	again := 10
	if testing.Short() {
		again = 3
	}
	for range 2 {
		occupy(t)
	}
	pairs, differ, guessed := 0, 0, 0
	for _, c := range churns {
		var logs []event.Log
		for range again {
			logs = append(logs, recordLive(t, c.do))
		}
		for i, left := range logs {
			for _, right := range logs[i+1:] {
				r := compareBoth(t, left, right, true)
				pairs++
				if r.Verdict != diff.Same {
					differ++
				}
				switch {
				case !r.Failed(false):
				case onlyListings(r):
					guessed++
				default:
					t.Errorf("%s: %s", c.name, told(r))
				}
			}
		}
	}
	if t.Logf("%d of %d pairs differ, %d of them in whose a listing is", differ, pairs, guessed); guessed >= 2*again {
		t.Errorf("%d of %d pairs differ in whose a listing is", guessed, pairs)
	}
}

// onlyListings reports whether all that is unexplained is that directories were opened, read and closed.
func onlyListings(r *diff.Result) bool {
	for _, d := range r.Differences {
		for _, e := range slices.Concat(d.Left, d.Right) {
			if d.Verdict == diff.Unexplained && (e.Mask&event.IN_ISDIR == 0 || e.Mask&event.IN_ALL_EVENTS&^(event.IN_OPEN|event.IN_ACCESS|event.IN_CLOSE_NOWRITE) != 0) {
				return false
			}
		}
	}
	return true
}

// occupy keeps a processor busy until the end of the test.
func occupy(t *testing.T) {
	load := exec.CommandContext(t.Context(), "sh", "-c", "while :; do :; done")
	if err := load.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = load.Process.Kill()
		_ = load.Wait()
	})
}

// recordLive records a new directory while something happens in it.
func recordLive(t *testing.T, do func(w *work)) event.Log {
	t.Helper()
	w := work{dir: filepath.Join(t.TempDir(), "w")}
	n, err := live.NewInotify(live.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	w.mkdir("")
	_, err = n.Add(event.WatchRequest{Path: w.dir, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true})
	if err = errors.Join(w.err, err); err != nil {
		t.Fatal(err)
	}
	o, end := &observer{t: t, n: n}, make(chan error, 1)
	go func() { end <- o.untilBarrier() }()
	do(&w)
	_, err = n.Barrier()
	if err = errors.Join(w.err, err, <-end); err != nil {
		t.Fatal(err)
	}
	return o.log()
}

// untilBarrier takes in what is told before the first barrier.
func (o *observer) untilBarrier() error {
	var batch []event.Record
	for {
		var err error
		if batch, err = o.n.Read(o.t.Context(), batch); err != nil {
			return err
		}
		for _, r := range batch {
			if r.Kind == event.KindBarrier {
				return nil
			}
			o.add(r)
		}
	}
}
