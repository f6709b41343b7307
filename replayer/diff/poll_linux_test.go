package diff_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fsrec/fixtures"
	"fsrec/replayer/diff"
	"fsrec/watcher/event"
	"fsrec/watcher/live"
)

// What inotify and polling are recorded to tell of the same scenarios differs in nothing that the catalogue does not explain.
func TestLinuxAndPollingDifferOnlyAsExplained(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "scenarios", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s, err := fixtures.Parse(file, text)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(s.Name(), func(t *testing.T) {
			var logs [2]event.Log
			for i, open := range backends {
				res, err := s.Run(t.Context(), fixtures.Options{Open: open, Dir: t.TempDir()})
				if err != nil {
					t.Fatal(err)
				}
				if res.Skipped != "" {
					t.Skip(res.Skipped)
				}
				logs[i] = res.Log
			}
			compared++
			for _, operations := range []bool{true, false} {
				explainedOnly(t, logs[0], logs[1], operations)
			}
		})
	}
	if compared < 100 {
		t.Errorf("%d scenarios were compared", compared)
	}
}

var backends = []func() (live.Backend, error){
	func() (live.Backend, error) { return live.NewInotify(live.Options{}) },
	func() (live.Backend, error) { return live.NewPoll(live.Options{Interval: time.Hour}) }, // only barriers make it look
}

func explainedOnly(t *testing.T, inotify, poll event.Log, operations bool) {
	t.Helper()
	if r := compareBoth(t, inotify, poll, operations); r.Failed(false) {
		t.Errorf("operations %v: %s", operations, told(r))
	}
}

func compareBoth(t *testing.T, left, right event.Log, operations bool) *diff.Result {
	t.Helper()
	var in [2]diff.Input
	for i, log := range []event.Log{left, right} {
		if err := log.Seek(1); err != nil {
			t.Fatal(err)
		}
		in[i] = diff.Input{Header: log.Header(), Reader: log}
	}
	r, err := diff.Compare(t.Context(), in[0], in[1], diff.Options{Steps: map[diff.Step]bool{diff.StepOperations: operations}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// In bursts, of which polling sees only what is left, nothing that it tells stays unexplained, and hardly anything that
// it fails to tell is explained: writes of a path are one, also if the path was of two files since a directory above it was renamed.
func TestBurstsThatPollingSeesInOneLook(t *testing.T) {
	lost, found := 0, 0
	for seed := range uint64(48) {
		random := rand.New(rand.NewPCG(seed, 1))
		dir := filepath.Join(t.TempDir(), "w")
		err := errors.Join(os.MkdirAll(filepath.Join(dir, "d"), 0o755), put(filepath.Join(dir, "a"), os.O_CREATE), put(filepath.Join(dir, "d", "b"), os.O_CREATE))
		if err != nil {
			t.Fatal(err)
		}
		inotify, poll := observe(t, dir, backends[0]), observe(t, dir, backends[1])
		for range 6 {
			text := burst(dir, random, 1+int(seed%8))
			inotify.op(text)
			poll.op(text)
		}
		r := compareBoth(t, inotify.log(), poll.log(), true)
		if r.Failed(false) {
			t.Errorf("seed %d: %s", seed, told(r))
			continue
		}
		for i := range poll.all {
			const cannotBeLost = event.IN_CREATE | event.IN_MODIFY
			if poll.all[i].Kind != event.KindEvent || poll.all[i].Mask&cannotBeLost == 0 || i%4 != int(seed%4) {
				continue
			}
			lost++
			if r := compareBoth(t, inotify.log(), poll.without(i), true); r.Verdict == diff.Unexplained {
				found++
			} else {
				t.Logf("seed %d: without %s the verdict is %s:\n%s", seed, event.AppendText(nil, &poll.all[i]), r.Verdict, told(r))
			}
		}
	}
	if found < lost*98/100 {
		t.Errorf("%d of %d losses were found", found, lost)
	}
}

// observer records a directory with one backend.
type observer struct {
	t   *testing.T
	n   live.Backend
	all []event.Record
}

func observe(t *testing.T, dir string, open func() (live.Backend, error)) *observer {
	t.Helper()
	n, err := open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	if _, err := n.Add(event.WatchRequest{Path: dir, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true}); err != nil {
		t.Fatal(err)
	}
	o := &observer{t: t, n: n}
	o.sync()
	return o
}

func (o *observer) add(r event.Record) {
	r.Seq = uint64(len(o.all) + 1)
	if n := len(o.all); n > 0 {
		r.Time = max(r.Time, o.all[n-1].Time)
	}
	o.all = append(o.all, r)
}

// op takes in what an operation caused.
func (o *observer) op(text string) {
	o.t.Helper()
	o.add(event.Record{Kind: event.KindMark, Name: "op: " + text})
	o.sync()
}

func (o *observer) sync() {
	o.t.Helper()
	id, err := o.n.Barrier()
	if err != nil {
		o.t.Fatal(err)
	}
	var batch []event.Record
	for {
		if batch, err = o.n.Read(o.t.Context(), batch); err != nil {
			o.t.Fatal(err)
		}
		for _, r := range batch {
			if r.Kind == event.KindBarrier && r.N == id {
				return
			}
			if r.Kind != event.KindBarrier {
				o.add(r)
			}
		}
	}
}

func (o *observer) log() event.Log { return event.NewMemoryLog(o.n.Header(), o.all) }

// without is the recording as it would be if one record had been lost.
func (o *observer) without(i int) event.Log {
	all := slices.Delete(slices.Clone(o.all), i, i+1)
	for n := range all {
		all[n].Seq = uint64(n + 1)
	}
	return event.NewMemoryLog(o.n.Header(), all)
}

// burst carries out some operations on a few names, and tells which.
func burst(dir string, random *rand.Rand, length int) string {
	names := []string{"a", "b", "c", "d", "e", "d/a", "d/b", "e/a", "d/x/a"}
	var done []string
	for tries := 0; len(done) < length && tries < 200; tries++ {
		p, q := names[random.IntN(len(names))], names[random.IntN(len(names))]
		if text, err := act(random.IntN(8), dir, p, q); err == nil {
			done = append(done, text)
		}
	}
	return strings.Join(done, " ; ")
}

func act(what int, dir, p, q string) (text string, err error) {
	at, to := filepath.Join(dir, p), filepath.Join(dir, q)
	switch what {
	case 0, 1:
		return "append " + p + " x", put(at, os.O_CREATE|os.O_APPEND)
	case 2:
		return "write " + p + " x", put(at, os.O_CREATE|os.O_EXCL)
	case 3, 4:
		if p == q {
			return "", os.ErrExist
		}
		return "mv " + p + " " + q, os.Rename(at, to)
	case 5:
		return "rm " + p, os.Remove(at)
	case 6:
		return "mkdir " + p, os.Mkdir(at, 0o755)
	}
	i, err := os.Stat(at)
	if err != nil {
		return "", err
	}
	mode := i.Mode().Perm() ^ 0o020
	return fmt.Sprintf("chmod %o %s", mode, p), os.Chmod(at, mode)
}

func put(path string, flags int) error {
	f, err := os.OpenFile(path, os.O_WRONLY|flags, 0o644)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, "x")
	return errors.Join(err, f.Close())
}
