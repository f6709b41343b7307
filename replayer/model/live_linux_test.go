package model_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"fsrec/replayer/model"
	"fsrec/watcher/event"
	"fsrec/watcher/live"
)

// record does something in a watched directory and gives what the kernel told of it.
func record(t *testing.T, dir string, do func()) []event.Record {
	t.Helper()
	n, err := live.NewInotify(live.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if _, err := n.Add(event.WatchRequest{Path: dir, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true, Snapshot: true}); err != nil {
		t.Fatal(err)
	}
	do()
	id, err := n.Barrier()
	if err != nil {
		t.Fatal(err)
	}
	var all []event.Record
	for batch, err := range event.Batches(t.Context(), n) {
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range batch {
			if r.Kind == event.KindBarrier && r.N == id {
				return all
			}
			if r.Kind != event.KindBarrier {
				r.Seq = uint64(len(all) + 1)
				all = append(all, r)
			}
		}
	}
	return nil
}

// The model of a recording is the tree that is there, whatever happened.
func TestTheModelIsTheRealTree(t *testing.T) {
	for seed := range uint64(20) {
		dir := t.TempDir()
		random := rand.New(rand.NewPCG(seed, 9))
		name := func() string {
			p := dir
			for range 1 + random.IntN(3) {
				p = filepath.Join(p, fmt.Sprintf("n%d", random.IntN(4)))
			}
			return p
		}
		all := record(t, dir, func() {
			for range 120 {
				switch random.IntN(5) { // what cannot be done is not done
				case 0:
					_ = os.MkdirAll(name(), 0o755)
				case 1, 2:
					_ = os.WriteFile(name(), []byte("x"), 0o644)
				case 3:
					_ = os.Rename(name(), name())
				case 4:
					_ = os.RemoveAll(name())
				}
			}
		})
		h := event.Header{Platform: event.Linux, Backend: "inotify", Snapshot: true}
		m, err := model.Read(t.Context(), h, event.NewMemoryLog(h, all))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range m.Findings {
			if f.Certain {
				t.Errorf("seed %d: %+v", seed, f)
			}
		}
		changes, err := m.CompareFS(dir, os.DirFS(dir))
		if err != nil {
			t.Fatal(err)
		}
		if len(changes) > 0 {
			t.Errorf("seed %d: %v", seed, changes)
		}
	}
}
